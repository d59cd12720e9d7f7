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
    count,
    existing,
    finding_row,
    grouped,
    print_rows,
    reading_bar,
    say,
    say_problem,
    to_json,
    window_row,
)
from trailcam.errors import ERRORS, Problem, TrailcamError, code, nearest

if TYPE_CHECKING:
    from trailcam.app.load import Loaded
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
    _tell(report, loaded)
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


def _tell(report: "Report", loaded: "Loaded") -> None:
    """The summary in words, on stderr."""
    letters = sum(report.letters.values())
    say(
        f"{count(report.origins, 'file')}, {count(report.records, 'record')}"
        f" = {count(report.events.distinct, 'event')} + {count(report.duplicates, 'duplicate')}"
        f" + {count(letters, 'dead letter')}"
    )
    found = [count(len(report.matches), "match", "matches"), count(len(report.windows), "window")]
    rate = report.records / report.seconds if report.seconds else 0
    found.append(f"{count(len(report.alerts), 'alert')}; {report.seconds:.1f} s, {rate:,.0f} records/s")
    say(", ".join(found))
    new = report.new
    say(
        f"new: {count(new.events, 'event')}, {count(new.matches, 'match', 'matches')}, "
        f"{count(new.windows, 'window')}, {count(new.alerts, 'alert')}"
    )
    for reason, number in sorted(report.letters.items()):
        say(f"dead letters: {number:,} {ERRORS[reason].title} [{reason}]")
        for letter in report.first_letters:
            if letter.reason == reason:
                place = f" at byte {letter.position:,}" if letter.position >= 0 else ""
                say(f"  {letter.origin_name}{place}: {letter.detail}")
        if number > _MOST_TOLD:
            say(f"  and {number - _MOST_TOLD:,} more: --dead-letters FILE writes all of them")
    for rule_id, errors in grouped(report.errors, lambda error: error.rule_id).items():
        say(f"rule errors: {count(len(errors), 'event')} in {rule_id}, first {errors[0].error}")
        say(f"  {errors[0].function}: {errors[0].message}")
    for (rule_id, reason), entries in grouped(
        report.not_run, lambda entry: (entry.rule_id, entry.reason)
    ).items():
        say(f"not run: {rule_id} did not see {count(sum(e.events for e in entries), 'event')}:")
        say(f"  {ERRORS[reason].title} [{reason}]; {ERRORS[reason].cure}")
        for entry in entries[:_MOST_TOLD]:
            say(f"  {count(entry.events, 'event')} of {entry.origin_name}")
        if len(entries) > _MOST_TOLD:
            say(f"  and {len(entries) - _MOST_TOLD:,} more files")
    for rule_id, name, number, first in report.fallbacks:
        say(f"fallback: {name}() of {rule_id} failed on {count(number, 'match', 'matches')}, first {first}")
    conflicts = report.events.conflicting_ids
    if conflicts:
        say(f"{count(conflicts, 'vendor id')} used by more than one event: all are kept")
    for words, number in (
        ("with the bytes of a file read before: passed over", report.repeated),
        ("without a log's name in the folders: passed over", len(report.skipped)),
        ("empty", len(report.empty)),
    ):
        if number:
            say(f"{count(number, 'file')} {words}")
    if not loaded.packs:
        say("no rules were run: name some with --packs or --rules")
    elif not loaded.rules:
        say("no rules were run: " + ("all are switched off" if loaded.disabled else "none was found"))
    for name, rule_ids in loaded.without_schema.items():
        rules = count(len(rule_ids), "rule")
        say(f"never run: {rules} for {name}, of which there is no schema: bring it with --log-types")
    for name, tables in loaded.never_asked.items():
        asked = f"{count(len(tables), 'lookup table')} for {name}"
        say(f"never asked: {asked}, of which there is no schema: bring it with --log-types")
    ids = [rule.id for pack in loaded.packs for rule in pack.rules]
    near = {rule_id: hint for rule_id in loaded.not_configured if (hint := nearest(rule_id, ids))}
    for rule_id, hint in near.items():
        say(f'settings for "{rule_id}", which is none of these rules: {hint}')
    others = [rule_id for rule_id in loaded.not_configured if rule_id not in near]
    if others:
        say(f"settings for rules that are not among these: {', '.join(others)}")
    if loaded.disabled:
        say(f"{count(len(loaded.disabled), 'rule')} switched off in their metadata")
    for kind, number in loaded.not_loaded.items():
        say(f"{number:,} of the kind {kind} not run by this version")
