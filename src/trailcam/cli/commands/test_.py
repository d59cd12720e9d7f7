"""`trailcam test`: the inline tests of rules."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.options import ConfigOption, LogTypesOption
from trailcam.cli.output import Format, count, printable, progress_bar, say, say_problem, to_json
from trailcam.errors import Problem, TrailcamError, code

if TYPE_CHECKING:
    from trailcam.app.load import Loaded
    from trailcam.app.test import Report

_MOST_TOLD = 20
"""Failed tests that are named again in the end."""


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Pack folders and rule files; this folder if absent.")
    ] = None,
    *,
    rules: Annotated[
        list[str] | None, typer.Option("--rules", help="Only rules of this id; * is any text.")
    ] = None,
    log_types: LogTypesOption = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write a JUnit XML report to this file.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what every function gave in every test.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 is one a processor.")] = 0,
    config: ConfigOption = None,
) -> int:
    """Check rules and run their inline tests.

    Exit code 0: all passed. 1: a test failed or a rule cannot be loaded. 2: wrong use.

    \b
    Examples:
      trailcam test detections/
      trailcam test detections/ --rules "AWS.*" --junit report.xml
    """
    from trailcam.app.load import load  # noqa: PLC0415  # only when it is used
    from trailcam.app.test import Report, test  # noqa: PLC0415
    from trailcam.model.rule import Kind  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    if junit is not None:
        _check_folder(junit)
    try:
        loaded = load(
            packs=paths or [Path()],
            rules=rules or (),
            log_types=log_types or (),
            disabled=True,
            kinds=tuple(Kind),
        )
    except TrailcamError as error:
        if not _in_rules(error):
            raise
        error.exit_code = 1
        report = Report(problems=tuple(error.problems))
        _print(report, form, verbose=verbose)
        _write(report, junit)
        raise
    with progress_bar("testing") as update:
        report = test(
            loaded,
            settings,
            workers=workers or os.cpu_count() or 1,
            progress=lambda done, everything: update(done, everything, f"{done} rules"),
        )
    _print(report, form, verbose=verbose)
    _write(report, junit)
    return _tell(report, loaded)


def _check_folder(junit: Path) -> None:
    """Before anything runs: a report that cannot be written is no reason to run all tests first."""
    if not junit.parent.is_dir():
        message = f"cannot write the report: there is no folder {junit.parent}"
        hint = f"mkdir -p {shlex.quote(str(junit.parent))}"
        raise TrailcamError(Problem(code=code("cannot_write"), message=message, path=junit, hint=hint))


def _in_rules(error: TrailcamError) -> bool:
    """Whether what is wrong lies in the rules that are checked, not in how the command is used."""
    use = {code(name) for name in ("no_such_rule", "not_a_rule", "no_rules")}
    return any(problem.code.startswith("TC02") and problem.code not in use for problem in error.problems)


def _write(report: "Report", junit: Path | None) -> None:
    if junit is not None:
        from trailcam.cli.junit import write_junit  # noqa: PLC0415  # only when it is asked for

        write_junit(report, junit)


def _print(report: "Report", form: Format, *, verbose: bool) -> None:
    from trailcam.cli.test_results import lines, rows  # noqa: PLC0415  # only when it is used

    if form is Format.table:
        for rule in report.rules:
            for line in lines(rule, verbose=verbose):
                print(line)
    elif form is Format.jsonl:
        for row in rows(report):
            print(to_json(row))
    else:
        print("[" + ",\n ".join(to_json(row) for row in rows(report)) + "]")
    sys.stdout.flush()


def _tell(report: "Report", loaded: "Loaded") -> int:
    for problem in report.problems:
        say_problem(problem)
    if len(report.rules) > 1:
        _tell_failed(report)
    tests = sum(len(rule.results) for rule in report.rules)
    failed = sum(rule.failed for rule in report.rules)
    words = f"{count(tests, 'test')} of {count(len(report.rules), 'rule')}: "
    words += f"{tests - failed:,} passed, {failed:,} failed"
    not_loaded = sum(bool(rule.not_loaded) for rule in report.rules)
    untested = sum(not rule.results and not rule.not_loaded for rule in report.rules)
    say(
        words
        + (f"; {count(not_loaded, 'rule')} not loaded" if not_loaded else "")
        + (f"; {count(untested, 'rule')} without tests" if untested else "")
    )
    for kind, number in loaded.not_loaded.items():
        say(f"{number:,} of the kind {kind} not run by this version")
    if not report.rules:
        say("no rules found")
        return 1
    return 0 if report.passed else 1


def _tell_failed(report: "Report") -> None:
    """The failed tests again, by name: they may have scrolled away."""
    failed = [
        f"{rule.rule.id}: {printable(result.name)}"
        for rule in report.rules
        for result in rule.results
        if not result.passed
    ]
    for name in failed[:_MOST_TOLD]:
        say(f"failed: {name}")
    if len(failed) > _MOST_TOLD:
        say(f"failed: {len(failed) - _MOST_TOLD:,} more")
