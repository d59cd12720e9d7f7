"""`trailcam demo`: a breach in an organisation that does not exist, and what the rules tell of it."""

import shlex
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.output import (
    TextFormat,
    alert_row,
    count,
    existing,
    print_table,
    reading_bar,
    say_problem,
    to_json,
)
from trailcam.model.timestamps import Micros, to_rfc3339

if TYPE_CHECKING:
    from trailcam.app.demo import Demo
    from trailcam.model.alert import Alert
    from trailcam.testing.simulation import Told

_WIDTH = 80


def command(
    folder: Annotated[str, typer.Argument(help="Where to; made if it is not there.")] = "trailcam-demo",
    *,
    seed: Annotated[int, typer.Option("--seed", help="Another number gives other logs.")] = 1,
    form: Annotated[TextFormat, typer.Option("--format", help="How it is told.")] = TextFormat.text,
) -> int:
    """Simulate an AWS organisation with a breach in it, and run rules over its logs: a minute, offline.

    Nothing leaves this machine, and nothing is written but into the folder.

    \b
    Examples:
      trailcam demo
      trailcam demo /tmp/demo --format json
    """
    from trailcam.app.demo import demo  # noqa: PLC0415  # only when it is used

    with reading_bar() as progress:
        told = demo(existing(folder), seed=seed, progress=progress)
    if form is TextFormat.json:
        print(to_json({"alerts": [alert_row(alert) for alert in told.report.alerts]}))
    else:
        _print(told)
    sys.stdout.flush()
    for problem in told.report.problems:
        say_problem(problem)
    return told.report.exit_code


def _print(demo: "Demo") -> None:
    made, report = demo.simulation, demo.report
    _paragraph(
        f"A day of an organisation that does not exist: {made.files:,} log files of its accounts hold "
        f"{count(report.events.distinct, 'event')} and {count(report.duplicates, 'duplicate')}. "
        f"The rules of the pack aws_top5 matched {count(len(report.matches), 'time')}, "
        f"and that became {count(len(report.alerts), 'alert')}."
    )
    print()
    print_table([_row(alert) for alert in demo.alerts], "alerts", last="alert")
    breach = [told for told in made.stories if told.malicious]
    others = [told for told in made.stories if not told.malicious]
    for heading, stories in (("What happened", breach), ("What only looks like it", others)):
        print(f"\n{heading}\n")
        for told in stories:
            _tell(demo, told)
    _places(demo)


def _tell(demo: "Demo", told: "Told") -> None:
    print(f"  {_clock(told.starts)}  {told.title}")
    _paragraph(told.tells, indent=9)
    alerts = demo.alerts_of(told)
    for alert in alerts:
        _paragraph(f"{alert.severity.name}: {alert.title}", indent=11, first="         > ")
    if not alerts:
        why = "none of these rules looks for this" if told.malicious else "as it should be"
        _paragraph(f"no alert: {why}", indent=11, first="         > ")


def _places(demo: "Demo") -> None:
    print("\nWhere it lies\n")
    for name, path in (
        ("logs", demo.simulation.logs),
        ("settings", demo.settings),
        ("what is kept", demo.home),
    ):
        print(f"  {name:<14}{path}")
    print("\nNext\n")
    own = Path(sys.executable).parent
    found = shutil.which("trailcam")
    if found is None or Path(found).resolve() != (own / "trailcam").resolve():  # as after `make demo`
        print(f"  PATH={shlex.quote(str(own))}:$PATH")
    for words in (
        ["cd", str(demo.folder)],
        *(["trailcam", "alerts", "show", alert.id] for alert in demo.alerts[:1]),
        ["trailcam", "query", "SELECT rule_id, count(*) FROM matches GROUP BY ALL"],
        ["trailcam", "verify"],
    ):
        print(f"  {shlex.join(words)}")


def _row(alert: "Alert") -> dict[str, Any]:
    return {
        "severity": alert.severity.name,
        "from": _clock(alert.window_start),
        "matches": alert.matches,
        "alert": alert.title,
    }


def _clock(time: Micros) -> str:
    return to_rfc3339(time)[11:16]


def _paragraph(words: str, *, indent: int = 0, first: str | None = None) -> None:
    start = " " * indent
    print(
        textwrap.fill(
            words, _WIDTH, initial_indent=start if first is None else first, subsequent_indent=start
        )
    )
