"""`trailcam dead-letters`: what could not be treated: listed, shown, read again."""

import os
import shutil
import sys
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.dead_letters import row
from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import (
    MOST_TABLE_ROWS,
    Format,
    TextFormat,
    count,
    print_table,
    printable,
    progress_bar,
    say,
    say_problem,
    to_json,
)
from trailcam.cli.told_correlations import tell_left, tell_not_looked_at
from trailcam.errors import ERRORS, Problem, TrailcamError, code
from trailcam.model.timestamps import SECOND, Micros, to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.dead_letters.looking import Listed
    from trailcam.app.dead_letters.retry import Retried
    from trailcam.query.letters import KeptLetter, Wanted

_LISTED = 50
_SHOWN_BYTES = 1_024
_TOLD = 10
_ROW_BYTES = 16


class What(StrEnum):
    """What is wanted of dead letters."""

    list = "list"
    show = "show"
    retry = "retry"


def command(  # one option each
    what: Annotated[
        What, typer.Argument(help="list: the newest first; show: one, whole; retry: read them again.")
    ],
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, or enough of their first digits.")
    ] = None,
    *,
    reason: Annotated[
        list[str] | None, typer.Option("--reason", help="Of this reason only: TC0412. May be given again.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Of this source only. May be given again.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Found later: 2026-03-01 or 2026-03-01T10:00:00Z.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of retry: all of them. Of show: all bytes, not the first 1,024.")
    ] = False,
    counts: Annotated[bool, typer.Option("--count", help="Of list: how many, by reason and source.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Of list: how many; 50 in a table, else all.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Of show: its bytes as they are, and no more.")] = False,
    packs: Annotated[
        list[Path] | None, typer.Option("--packs", help="Of retry: packs instead of those in force.")
    ] = None,
    log_types: LogTypesOption = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Of retry: processes; 0 is one a processor.")
    ] = 0,
    summary: Annotated[
        TextFormat, typer.Option("--summary", help="Of retry: json: on stdout.")
    ] = TextFormat.text,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """List what could not be treated, show one, or read them again with what is there now.

    \b
    Examples:
      trailcam dead-letters list --reason TC0412
      trailcam dead-letters retry --all --log-types log_types
    """
    from trailcam.app.alerts import moment  # noqa: PLC0415  # only when it is used
    from trailcam.app.dead_letters.looking import list_letters, reason_code, show_letter  # noqa: PLC0415
    from trailcam.app.home import open_home  # noqa: PLC0415  # the same
    from trailcam.query.letters import Wanted  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    given = {
        "--reason": reason,
        "--source": source,
        "--since": since,
        "--all": everything,
        "--count": counts,
        "--limit": limit,
        "--raw": raw,
        "--packs": packs,
        "--log-types": log_types,
        "--workers": workers,
        "--summary": summary is not TextFormat.text,
        "--format": form is not Format.table,
    }
    _check(what, ids or (), {name for name, value in given.items() if value})
    wanted = Wanted(
        reasons=[reason_code(each) for each in reason or ()],
        sources=source or (),
        since=None if since is None else moment(since),
    )
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    opened = open_home(home or settings.home)
    if what is What.list:
        most = min(limit or _LISTED, MOST_TABLE_ROWS) if form is Format.table else limit
        _print_list(list_letters(opened, wanted, most=0 if counts else most), form, counts=counts)
        return 0
    if what is What.show:
        shown = show_letter(opened, (ids or [""])[0])
        if raw:
            sys.stdout.buffer.write(shown.letter.raw)
        elif form is Format.table:
            _print_letter(shown, everything=everything)
        else:
            print(to_json(_row(shown) | {"raw_base64": row(shown.letter)["raw_base64"]}))
        return 0
    return _retry(
        ids or (),
        wanted,
        packs=packs or (),
        log_types=log_types or (),
        workers=workers,
        summary=summary,
        home=home or settings.home,
        config=config,
    )


_FOR = {
    What.list: {"--reason", "--source", "--since", "--count", "--limit", "--format"},
    What.show: {"--all", "--raw", "--format"},
    What.retry: {
        "--reason", "--source", "--since", "--all", "--packs", "--log-types", "--workers", "--summary",
    },
}  # fmt: skip


def _check(what: What, ids: "list[str] | tuple[()]", given: set[str]) -> None:
    """Refuses what another of the three takes."""
    message = ""
    strange = sorted(given - _FOR[what])
    chosen = {"--reason", "--source", "--since", "--all"} & given
    if strange:
        message = f"{strange[0]} is not for {what.value}"
    elif what is What.list and ids:
        message = f'list takes no id; found "{ids[0]}"'
    elif what is What.show and len(ids) != 1:
        message = "show needs the id of one dead letter"
    elif {"--raw", "--format"} <= given or {"--raw", "--all"} <= given:
        message = "--raw goes with no other option"
    elif what is What.retry and not ids and not chosen:
        message = "retry needs ids, or --reason, --source or --since, or --all"
    elif what is What.retry and "--all" in chosen and (ids or len(chosen) > 1):
        message = "--all goes with no id and no other choice"
    if message:
        hint = "see trailcam dead-letters --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))


# -- list and show -----------------------------------------------------------------------------------------


def _print_list(listed: "Listed", form: Format, *, counts: bool) -> None:
    rows = [_row(it) for it in listed.letters]
    if counts:
        rows = [
            {
                "reason": each.reason,
                "reason_name": ERRORS[each.reason].name,
                "source": each.source,
                "dead_letters": each.letters,
                "size_bytes": each.size_bytes,
                "first_found_at": to_rfc3339(_second(each.first_at)),
                "last_found_at": to_rfc3339(_second(each.last_at)),
            }
            for each in listed.counts
        ]
    if form is Format.jsonl:
        for each_row in rows:
            print(to_json(each_row))
        return
    if form is Format.json:
        print("[" + ",\n ".join(map(to_json, rows)) + "]")
        return
    if counts:
        shown = [
            {
                "dead letters": f"{it['dead_letters']:,}",
                "reason": it["reason"],
                "source": it["source"],
                "what": f"{ERRORS[str(it['reason'])].title}; last {it['last_found_at']}",
            }
            for it in rows
        ]
        print_table(shown, "dead letters", last="what")
        return
    print_table(
        [
            {
                "id": it["id"],
                "reason": it["reason"],
                "source": it["source"],
                "where: why": f"{_place(it['origin'], it['position'])}: {it['detail']}",
            }
            for it in rows
        ],
        "dead letters",
        last="where: why",
    )
    if listed.all:
        reasons: dict[str, int] = {}
        for each in listed.counts:
            reasons[each.reason] = reasons.get(each.reason, 0) + each.letters
        for reason, number in reasons.items():
            say(f"{count(number, 'dead letter')}: {ERRORS[reason].title} [{reason}]")
    if listed.all > len(rows):
        say(f"{listed.all - len(rows):,} more: --limit and --format jsonl print more of them")


def _row(it: "KeptLetter") -> dict[str, Any]:
    """A dead letter with the fixed keys of `--format jsonl`."""
    told = row(it.letter)
    return {
        "id": it.id,
        "source": it.source,
        "found_at": to_rfc3339(_second(it.found_at)),
        **{key: value for key, value in told.items() if key != "raw_base64"},
    }


def _second(at: Micros) -> Micros:
    return Micros(at - at % SECOND)


def _place(name: str, position: int) -> str:
    return f"{name} at byte {position:,}" if position > 0 else name


def _print_letter(it: "KeptLetter", *, everything: bool) -> None:
    letter = it.letter
    entry = ERRORS[letter.reason]
    for name, value in (
        ("id", it.id),
        ("reason", f"{entry.title} [{entry.code}]"),
        ("detail", letter.detail),
        ("origin", letter.origin_name),
        ("origin id", letter.origin_id),
        ("position", f"byte {letter.position:,}" if letter.position >= 0 else "not known"),
        ("size", count(letter.size_bytes, "byte")),
        ("source", it.source),
        ("found", to_rfc3339(_second(it.found_at))),
        ("why", entry.cause),
        ("what to do", entry.cure),
    ):
        _print(f"{name:<12}", printable(value))
    print("\nbytes")
    if not letter.raw:
        print("  none: nothing of it could be had")
        return
    shown = letter.raw if everything else letter.raw[:_SHOWN_BYTES]
    for line in _visible_bytes(shown):
        print(f"  {line}")
    if len(shown) < len(letter.raw):
        more = len(letter.raw) - len(shown)
        say(f"{count(more, 'more byte')}: --all prints them, --raw writes them as they are")


def _visible_bytes(raw: bytes) -> list[str]:
    """Text line by line, what cannot be printed made visible; what is no text as hexadecimal digits."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 3 or len(raw) < _SHOWN_BYTES:  # else a character was cut in the middle
            return [_hexadecimal(raw, start) for start in range(0, len(raw), _ROW_BYTES)]
        text = raw[: error.start].decode()
    width = max(shutil.get_terminal_size().columns - 2, 20)
    lines: list[str] = []
    for line in text.split("\n"):
        told = printable(line)
        lines += [told[start : start + width] for start in range(0, len(told), width)] or [""]
    return lines


def _hexadecimal(raw: bytes, start: int) -> str:
    """A row of `hexdump -C`."""
    part = raw[start : start + _ROW_BYTES]
    digits = " ".join(f"{byte:02x}" for byte in part)
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
    return f"{start:08x}  {digits:<47}  {text}"


def _print(head: str, value: str) -> None:
    width = max(shutil.get_terminal_size().columns, 40)
    lines = textwrap.wrap(
        value, width=width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
    )
    print("\n".join(line.rstrip() for line in lines) or head.rstrip())


# -- retry -------------------------------------------------------------------------------------------------


def _retry(
    ids: "list[str] | tuple[()]",
    wanted: "Wanted",
    *,
    packs: "list[Path] | tuple[()]",
    log_types: "list[Path] | tuple[()]",
    workers: int,
    summary: TextFormat,
    home: Path,
    config: Path | None,
) -> int:
    from trailcam.app.dead_letters.retry import Asked, Progress, retry  # noqa: PLC0415  # only when it is used
    from trailcam.app.deploy.in_force import in_force  # noqa: PLC0415  # the same
    from trailcam.app.home import make_home  # noqa: PLC0415  # the same
    from trailcam.app.load import load  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    kept = make_home(home)
    settings = settings if packs else in_force(kept, settings)
    loaded = load(packs=packs, log_types=log_types, settings=settings)
    with progress_bar("reading again") as update:

        def progress(at: Progress) -> None:
            words = f"{at.origins_done:,} of {at.origins_all:,} origins, {at.matches:,} matches"
            update(at.origins_done, at.origins_all, words)

        made = retry(
            Asked(ids=ids, wanted=wanted), loaded, settings, kept, workers=workers, progress=progress
        )
    if summary is TextFormat.json:
        print(to_json(made.summary))
        sys.stdout.flush()
    _tell(made)
    if not loaded.packs:
        say("no rules were run: name some with --packs, or packs in the settings")
    for problem in made.problems:
        say_problem(problem)
    return made.exit_code


def _tell(made: "Retried") -> None:
    say(f"{count(made.tried, 'dead letter')} read again: {made.mended:,} mended, {len(made.dead):,} dead")
    new = made.new
    say(
        f"new: {count(new.events, 'event')}, {count(new.matches, 'match', 'matches')}, "
        f"{count(new.windows, 'window')}, {count(new.alerts, 'alert')}; {made.seconds:.1f} s"
    )
    if new.rule_errors:
        say(f"{count(new.rule_errors, 'rule error')}: trailcam alerts list")
    if made.not_run:
        say(f"not run: rules did not see {count(made.not_run, 'event')} of these origins")
    tell_left(made.left)
    tell_not_looked_at(made.cut, made.kept_without)
    for it in made.dead[:_TOLD]:
        letter = it.letter
        why = made.why.get(letter.origin_id) or letter.detail
        say(f"  {it.id} [{letter.reason}] {_place(letter.origin_name, letter.position)}: {why}")
    if len(made.dead) > _TOLD:
        say(f"  and {len(made.dead) - _TOLD:,} more: trailcam dead-letters list")
