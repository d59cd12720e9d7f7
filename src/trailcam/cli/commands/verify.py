"""`trailcam verify`: that nothing is missing, or what is."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import TextFormat, count, printable, progress_bar, say, to_json

if TYPE_CHECKING:
    from trailcam.app.verify import Checked

_MOST_TOLD = 50


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN|PATH]...", help="A run's id, log files, folders; everything if absent."),
    ] = None,
    *,
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
    anew. Exit code 0: nothing is missing. 1: something is, as told.

    \b
    Examples:
      trailcam verify
      trailcam verify logs/ --read
    """
    from trailcam.app.home import open_home  # noqa: PLC0415  # only when it is used
    from trailcam.app.load import load  # noqa: PLC0415
    from trailcam.app.verify import verify  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    loaded = load(log_types=log_types or ())
    opened = open_home(home or settings.home)
    with progress_bar("reading") as update:
        checked = verify(
            names or (),
            loaded,
            settings,
            opened,
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
            "missing": [*checked.missing, *checked.proof.missing],
            "holds": checked.holds,
        }
        print(to_json(row))
    else:
        _print(checked)
    return 0 if checked.holds else 1


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
    if checked.files:
        lines.insert(0, ("looked at", count(checked.files, "file")))
    if checked.reread_origins:
        words = f"{count(checked.reread_origins, 'file')}, each of their {checked.reread:,} events looked for"
        lines.append(("read anew", words))
    if checked.unread:
        words = f"{count(len(checked.unread), 'file')} gone or changed, or a stream: {checked.unread[0]}"
        lines.append(("not read anew", printable(words)))
    if checked.made_anew:
        lines.append(("made anew", f"tables that were damaged: {', '.join(checked.made_anew)}"))
    if checked.republished:
        lines.append(
            ("brought back", f"{count(checked.republished, 'file')} of tables that were rolled back")
        )
    for name, words in lines:
        print(f"{name:<14}{words}")
    missing = [*checked.missing, *proof.missing]
    for words in missing[:_MOST_TOLD]:
        print(f"{'MISSING':<14}{printable(words)}")
    if len(missing) > _MOST_TOLD:
        print(f"{'MISSING':<14}and {len(missing) - _MOST_TOLD:,} more: --format json has all of them")
    say("nothing is missing" if checked.holds else f"{count(len(missing), 'thing')} missing")
