"""`trailcam sources`: how it stands with what is followed."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.options import ConfigOption, HomeOption
from trailcam.cli.output import Format, count, print_table, say, to_json
from trailcam.model.timestamps import SECOND, Micros, span, to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.sources import Overview, Standing
    from trailcam.commit.places import Heard


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A source: its accounts and regions, one by one.")
    ] = None,
    *,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Show what has come from each source, when, and what does not work.

    The exit code is 1 when a source does not work, a place is silent or a canary was missed.

    \b
    Examples:
      trailcam sources
      trailcam sources trail --format jsonl
    """
    from trailcam.app.home import open_home  # noqa: PLC0415  # only when it is used
    from trailcam.app.sources import overview  # noqa: PLC0415  # the same
    from trailcam.errors import Problem, TrailcamError, code, nearest  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    now = Micros(int(time.time() * SECOND))
    seen = overview(open_home(home or settings.home), settings, now=now)
    names = [it.name for it in seen.sources]
    if name is not None and name not in names:
        message = f'there is no source "{name}"'
        hint = nearest(name, names) or f"known: {', '.join(names) or 'none'}"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    shown = [it for it in seen.sources if name in (None, it.name)]
    if form is Format.table:
        _print(shown, seen, now, places=name is not None)
    else:
        rows = [_row(it, now) for it in shown]
        print(to_json(rows) if form is Format.json else "\n".join(map(to_json, rows)))
    return 1 if any(_is_ill(it) for it in shown) else 0


def _print(shown: "list[Standing]", seen: "Overview", now: Micros, *, places: bool) -> None:
    rows = [
        {
            "source": it.name,
            "origins": f"{it.origins:,}",
            "events": f"{it.events:,}",
            "dead": f"{it.dead_letters:,}",
            "last event": _ago(
                max((at.last_event for at in it.places if at.last_event is not None), default=None), now
            ),
            "how it stands": _words(it, now),
        }
        for it in shown
    ]
    print_table(rows, "sources", last="how it stands")
    if places:
        print()
        for_each = [
            {
                "account": at.place.account or "-",
                "region": at.place.region or "-",
                "events": f"{at.events:,}",
                "last event": _ago(at.last_event, now),
                "heard": _ago(at.last_arrival, now),
                "habit": _habit(at),
            }
            for at in shown[0].places
        ]
        print_table(for_each, "places", last="habit")
    if seen.processes:
        say("followed by " + ", ".join(f"{it.role.value} {it.pid} on {it.host}" for it in seen.processes))
        if seen.is_held:
            say("absence waits for a run, a backfill or a retry, which goes on")
        elif seen.behind is not None:
            say(f"absence waits for {_behind(seen.behind, now)}")
    else:
        say("nobody follows them: start `trailcam serve`")


def _behind(it: "Standing", now: Micros) -> str:
    if it.complete_until is None:
        return f"{it.name}, of which it is not known how far it is"
    return f"{it.name}, which is furthest behind: complete up to {_ago(it.complete_until, now)} ago"


def _words(it: "Standing", now: Micros) -> str:
    said = []
    if not it.declared:
        said.append("not declared any more")
    if it.fault:
        said.append(f"does not work since {_ago(it.fault_since, now)}: {it.fault}")
    silent = [at for at in it.places if at.silent_told is not None]
    if silent:
        said.append(f"{count(len(silent), 'place')} silent against its habit")
    if it.canary_came_out is False:
        said.append(f"the canary of {_ago(it.canary_planted, now)} ago was missed")
    if not said:
        said.append("never asked yet" if it.asked_at is None else f"answered {_ago(it.asked_at, now)} ago")
    return "; ".join(said)


def _habit(at: "Heard") -> str:
    if at.silent_told is not None:
        return "SILENT"
    return f"silent for {span(at.longest)} at most" if at.silent_from is not None else "not known yet"


def _is_ill(it: "Standing") -> bool:
    silent = any(at.silent_told is not None for at in it.places)
    return it.fault is not None or silent or it.canary_came_out is False


def _row(it: "Standing", now: Micros) -> dict[str, Any]:
    lag = it.lag(now=now)
    return {
        "source": it.name,
        "type": it.type,
        "declared": it.declared,
        "origins": it.origins,
        "events": it.events,
        "dead_letters": it.dead_letters,
        "bytes": it.size_bytes,
        "lag_seconds": None if lag is None else round(lag / SECOND, 3),
        "complete_until": _time(it.complete_until),
        "asked_at": _time(it.asked_at),
        "announced_at": _time(it.announced_at),
        "fault": it.fault,
        "fault_since": _time(it.fault_since),
        "canary_planted": _time(it.canary_planted),
        "canary_came_out": it.canary_came_out,
        "places": [
            {
                "account": at.place.account,
                "region": at.place.region,
                "events": at.events,
                "last_event": _time(at.last_event),
                "last_arrival": _time(at.last_arrival),
                "longest_silence_seconds": at.longest // SECOND,
                "silent": at.silent_told is not None,
            }
            for at in it.places
        ],
    }


def _time(at: Micros | None) -> str | None:
    return None if at is None else to_rfc3339(at)


def _ago(at: Micros | None, now: Micros) -> str:
    return "-" if at is None else span(now - at)
