"""`trailcam verify`: that nothing is missing, or what is."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.days import day
from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import TextFormat, count, printable, progress_bar, say, to_json
from trailcam.errors import Problem, TrailcamError, code

if TYPE_CHECKING:
    from trailcam.app.bucket import Listed
    from trailcam.app.verify import Checked

_MOST_TOLD = 50


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN|PATH|s3://BUCKET/PREFIX]...",
            help="A run's id, log files, folders, or one bucket; everything if absent.",
        ),
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="Of a bucket: from this day on, as 2026-03-01.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Of a bucket: the last day, included.")] = None,
    accounts: Annotated[
        list[str] | None,
        typer.Option("--accounts", help="Of a bucket: this account only. Again for more."),
    ] = None,
    regions: Annotated[
        list[str] | None, typer.Option("--regions", help="Of a bucket: this region only. Again for more.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Of a bucket: the declared source whose credentials are used.")
    ] = "",
    read: Annotated[
        bool, typer.Option("--read", help="Read the log files once more and look for every single event.")
    ] = False,
    repair: Annotated[
        bool, typer.Option(help="Mend tables of the lake that are damaged or were rolled back.")
    ] = True,
    form: Annotated[TextFormat, typer.Option("--format", help="How to print.")] = TextFormat.text,
    log_types: LogTypesOption = None,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Prove that nothing is missing.

    Holds the files against the ledger of what was read, the ledger and what rules said against the rows in
    the lake, and alerts against matches. Every file of the lake is read to its last byte, and all is counted
    anew. What lies in a bucket is listed first, and each object looked for in the ledger. Exit code 0:
    nothing is missing. 1: something is, as told.

    \b
    Examples:
      trailcam verify
      trailcam verify s3://example-trail/AWSLogs --since 2026-03-01 --read
    """
    from trailcam.app.backfill import Asked  # noqa: PLC0415  # only when it is used
    from trailcam.app.home import open_home  # noqa: PLC0415
    from trailcam.app.load import load  # noqa: PLC0415
    from trailcam.app.verify import verify  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    urls = [name for name in names or () if name.startswith("s3://")]
    narrowed = [since, until, accounts, regions, source]
    if (urls and len(names or ()) > 1) or (not urls and any(narrowed)):
        message = "one s3://BUCKET goes with no other name, and --since to --source go with it alone"
        raise TrailcamError(Problem(code=code("bad_option"), message=message))
    bucket = None
    if urls:
        bucket = Asked(
            url=urls[0],
            accounts=accounts or (),
            regions=regions or (),
            since=day("--since", since),
            until=day("--until", until),
            source=source,
        )
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    loaded = load(log_types=log_types or ())
    opened = open_home(home or settings.home)
    with progress_bar("reading") as update:
        checked = verify(
            names or (),
            loaded,
            settings,
            opened,
            bucket=bucket,
            reread=read,
            repair=repair,
            progress=lambda done, everything, words: update(done, everything, f"{done:,} {words}"),
        )
    if form is TextFormat.json:
        row = {
            **asdict(checked.proof),
            "looked_at": checked.files,
            "reread": checked.reread,
            "reread_origins": checked.reread_origins,
            "unread": checked.unread,
            "made_anew": checked.made_anew,
            "republished": checked.republished,
            "bucket": _bucket_row(checked),
            "missing": checked.everything_missing,
            "holds": checked.holds,
        }
        print(to_json(row))
    else:
        _print(checked)
    return 0 if checked.holds else 1


def _bucket_row(checked: "Checked") -> dict[str, object] | None:
    """The counts of a bucket with fixed keys; null where none was asked about."""
    listed = checked.listed
    if listed is None:
        return None
    return {key: value for key, value in asdict(listed).items() if key not in ("missing", "origin_ids")}


def _bucket_lines(listed: "Listed") -> list[tuple[str, str]]:
    held = f"{listed.whole:,} read to the end, {listed.in_part:,} in part, {listed.dead:,} dead letters"
    objects = f"{count(listed.objects, 'object')}, {listed.size_bytes:,} bytes, in {listed.place}"
    lines = [("bucket", printable(objects)), ("", f"{held}, {listed.unknown:,} not in the ledger")]
    if listed.on_their_way:
        words = "not in the ledger and younger than 15 minutes"
        lines.append(("on their way", f"{count(listed.on_their_way, 'object')} {words}"))
    if listed.expired:
        words = "of the ledger that do not lie there any more as they were read"
        lines.append(("expired", f"{count(listed.expired, 'object')} {words}"))
    return lines


def _print(checked: "Checked") -> None:
    proof = checked.proof
    copies = proof.lake_events - proof.lake_distinct
    lines = [
        ("origins", f"{proof.origins:,} in the ledger, {proof.in_part:,} of them read in part only"),
        ("records", f"{proof.records:,} = {proof.events:,} events + {proof.dead_letters:,} dead letters"),
        (
            "lake",
            f"{proof.lake_events:,} events = {proof.lake_distinct:,} + {count(copies, 'copy', 'copies')}",
        ),
        ("", f"{count(proof.lake_dead_letters, 'dead letter')}"),
        (
            "files",
            f"{proof.files:,} decided, {proof.files_read:,} of them read to the last byte",
        ),
        (
            "tables",
            f"{count(proof.published, 'file')} published, each once",
        ),
        ("windows", f"{proof.windows:,}, as {count(proof.matches, 'match', 'matches')} cut them"),
        ("alerts", f"{proof.alerts:,} for {proof.qualifying:,} windows that qualify"),
    ]
    if proof.mended:
        words = f"{count(proof.mended, 'dead letter')} read again since, and counted by what came of it"
        lines.insert(2, ("mended", words))
    if proof.lookups:
        lines.append(
            ("lookups", f"{count(proof.lookups, 'version')} of lookup tables, each to the last byte")
        )
    for rule_id, number in proof.waiting.items():
        its = f"{count(number, 'match', 'matches')} that {printable(rule_id)}"
        words = f"{its} looks at in its next turn; without a server, that is:"
        lines += [("waiting", words), ("", f"  trailcam backfill --rule {printable(rule_id)}")]
    if checked.files:
        lines.insert(0, ("looked at", count(checked.files, "file")))
    if checked.listed is not None:
        lines = [*_bucket_lines(checked.listed), *lines]
    noun = "file" if checked.listed is None else "object"
    if checked.reread_origins:
        words = f"{count(checked.reread_origins, noun)}, each of their {checked.reread:,} events looked for"
        lines.append(("read anew", words))
    if checked.unread:
        words = f"{count(len(checked.unread), noun)} gone or changed, or a stream: {checked.unread[0]}"
        lines.append(("not read anew", printable(words)))
    if checked.made_anew:
        lines.append(("made anew", f"tables that were damaged: {', '.join(checked.made_anew)}"))
    if checked.republished:
        lines.append(
            ("brought back", f"{count(checked.republished, 'file')} of tables that were rolled back")
        )
    for name, words in lines:
        print(f"{name:<14}{words}")
    missing = checked.everything_missing
    for words in missing[:_MOST_TOLD]:
        print(f"{'MISSING':<14}{printable(words)}")
    if len(missing) > _MOST_TOLD:
        print(f"{'MISSING':<14}and {len(missing) - _MOST_TOLD:,} more: --format json has all of them")
    untold = checked.listed.all_missing - len(checked.listed.missing) if checked.listed is not None else 0
    say("nothing is missing" if checked.holds else f"{count(len(missing) + untold, 'thing')} missing")
