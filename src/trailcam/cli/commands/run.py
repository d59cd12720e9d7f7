"""`trailcam run`: logs in, matches and windows out."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import (
    Format,
    TextFormat,
    alert_row,
    existing,
    finding_row,
    print_rows,
    reading_bar,
    say_problem,
    to_json,
    window_row,
)
from trailcam.cli.told_report import tell_report
from trailcam.errors import Problem, TrailcamError, code

if TYPE_CHECKING:
    from trailcam.app.report import Report
    from trailcam.model.match import Match, RuleError

_MOST_TOLD = 10


def command(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Log files and folders; - is standard input.")
    ],
    *,
    packs: Annotated[
        list[Path] | None,
        typer.Option("--packs", help="A folder of rules, or a pack by name. May be given again."),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", help="A rule file or folder, or the id of a rule in a pack; * is any text."),
    ] = None,
    log_types: LogTypesOption = None,
    form: Annotated[Format | None, typer.Option("--format", help="How to print; table if absent.")] = None,
    windows: Annotated[bool, typer.Option("--windows", help="Print windows instead of matches.")] = False,
    alerts: Annotated[bool, typer.Option("--alerts", help="Print alerts instead of matches.")] = False,
    summary: Annotated[
        TextFormat, typer.Option("--summary", help="json: on stdout, alone or as the last line.")
    ] = TextFormat.text,
    dead_letters: Annotated[
        Path | None, typer.Option("--dead-letters", help="Write what could not be read to this file.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 is one a processor.")] = 0,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Run rules over logs, keep what was read, and print what they match.

    Reads CloudTrail as it lies: .json, .jsonl, .gz, whole folders. Events, matches and alerts are kept in the
    home, each once however often it is read. What cannot be read is told, and the exit code says so: 0 all
    well, 1 dead letters or rule errors, 3 unreadable files.

    \b
    Examples:
      trailcam run logs/ --packs detections/
      zcat trail.json.gz | trailcam run - --rules my_rule.py --format jsonl
    """
    from trailcam.app.home import make_home  # noqa: PLC0415  # only when it is used
    from trailcam.app.load import load  # noqa: PLC0415
    from trailcam.app.report import scope_of  # noqa: PLC0415
    from trailcam.app.run import run  # noqa: PLC0415
    from trailcam.cli.dead_letters import letters_to  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    if windows and alerts:
        message = "--windows and --alerts exclude each other"
        raise TrailcamError(Problem(code=code("bad_option"), message=message))
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    loaded = load(packs=packs or (), rules=rules or (), log_types=log_types or (), settings=settings)
    with letters_to(dead_letters) as write_letter, reading_bar() as progress:
        named = [existing(path) for path in paths]
        kept = make_home(home or settings.home)
        report = run(named, loaded, settings, kept, workers=workers, progress=progress)
        if dead_letters is not None:
            for letter in scope_of(kept, report.run_id).dead_letters():
                write_letter(letter)
    _print(report, form, windows=windows, alerts=alerts, summary=summary)
    tell_report(report, loaded)
    for problem in report.problems:
        say_problem(problem)
    return report.exit_code


def _print(
    report: "Report", form: Format | None, *, windows: bool, alerts: bool, summary: TextFormat
) -> None:
    alone = summary is TextFormat.json and form is None and not windows and not alerts
    if not alone and alerts:
        print_rows(
            [alert_row(alert) for alert in report.alerts],
            form or Format.table,
            columns=("alert_id", "severity", "status", "matches"),
            title="alerts",
        )
    elif not alone and windows:
        print_rows(
            [window_row(window) for window in report.windows],
            form or Format.table,
            columns=("severity", "window_start", "matches", "qualifies"),
            title="windows",
        )
    elif not alone:
        found: list[Match | RuleError] = [*report.matches, *report.errors]
        found.sort(key=lambda item: (item.event_time, item.row_id, item.rule_id))
        print_rows(
            [finding_row(item) for item in found],
            form or Format.table,
            columns=("severity", "event_time"),
            title="matches",
        )
    if summary is TextFormat.json:
        print(to_json(report.summary))
    sys.stdout.flush()
