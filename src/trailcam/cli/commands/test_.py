"""`trailcam test`: the inline tests of rules."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailcam.cli.output import Format, count, printable, progress_bar, say, to_json
from trailcam.errors import TrailcamError

if TYPE_CHECKING:
    from trailcam.app.load import Loaded
    from trailcam.app.test import RuleReport


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Pack folders and rule files; this folder if absent.")
    ] = None,
    *,
    rules: Annotated[
        list[str] | None, typer.Option("--rules", help="Only rules of this id; * is any text.")
    ] = None,
    log_types: Annotated[
        list[Path] | None, typer.Option("--log-types", help="A folder of log types of your own.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write a JUnit XML report to this file.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what every function gave in every test.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 is one a processor.")] = 0,
    config: Annotated[Path | None, typer.Option("--config", help="A settings file.")] = None,
) -> int:
    """Check rules and run their inline tests.

    Exit code 0: all passed. 1: a test failed or a rule cannot be loaded. 2: wrong use.

    \b
    Examples:
      trailcam test detections/
      trailcam test detections/ --rules "AWS.*" --junit report.xml
    """
    from trailcam.app.load import load  # noqa: PLC0415  # only when it is used
    from trailcam.app.test import test  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    try:
        loaded = load(packs=paths or [Path()], rules=rules or (), log_types=log_types or (), disabled=True)
        with progress_bar("testing") as update:
            reports = test(
                loaded,
                settings,
                workers=workers or os.cpu_count() or 1,
                progress=lambda done, everything: update(done, everything, f"{done} rules"),
            )
    except TrailcamError as error:
        error.exit_code = 1 if error.exit_code == 2 and _in_rules(error) else error.exit_code
        raise
    _print(reports, form, verbose=verbose)
    if junit is not None:
        from trailcam.cli.junit import write_junit  # noqa: PLC0415

        write_junit(reports, junit)
    return _tell(reports, loaded)


def _in_rules(error: TrailcamError) -> bool:
    """Whether what is wrong lies in the rules that are checked, not in how the command is used."""
    return any(problem.code.startswith("TC02") for problem in error.problems)


def _print(reports: list["RuleReport"], form: Format, *, verbose: bool) -> None:
    if form is Format.table:
        for report in reports:
            _print_rule(report, verbose=verbose)
    elif form is Format.jsonl:
        for row in _rows(reports):
            print(to_json(row))
    else:
        print("[" + ",\n ".join(to_json(row) for row in _rows(reports)) + "]")
    sys.stdout.flush()


def _rows(reports: list["RuleReport"]) -> list[dict[str, Any]]:
    """One test a row: rule_id, test, passed, expected, reason, functions."""
    return [
        {
            "rule_id": result.rule_id,
            "test": result.name,
            "passed": result.passed,
            "expected": result.expected,
            "reason": result.reason or None,
            "functions": {
                function.name: {"output": function.output, "error": function.error}
                for function in result.functions
            },
        }
        for report in reports
        for result in report.results
    ]


def _print_rule(report: "RuleReport", *, verbose: bool) -> None:
    if not report.results:
        print(f"{report.rule.id}: no tests")
        return
    print(report.rule.id)
    for result in report.results:
        print(f"  {'PASS' if result.passed else 'FAIL'}  {printable(result.name)}")
        if not result.passed:
            print(f"        {printable(result.reason)}")
        if verbose or not result.passed:
            for function in result.functions:
                gave = function.output if function.error is None else f"failed: {function.error}"
                print(f"        {function.name}: {printable(gave)}")
    if report.failed:
        print(f"        --> {report.rule.metadata_path}")


def _tell(reports: list["RuleReport"], loaded: "Loaded") -> int:
    tests = sum(len(report.results) for report in reports)
    failed = sum(report.failed for report in reports)
    untested = sum(not report.results for report in reports)
    words = f"{count(tests, 'test')} of {count(len(reports), 'rule')}: "
    words += f"{tests - failed:,} passed, {failed:,} failed"
    say(words + (f"; {count(untested, 'rule')} without tests" if untested else ""))
    for kind, number in loaded.not_loaded.items():
        say(f"{number:,} of the kind {kind} not run by this version")
    if not reports:
        say("no rules found")
        return 1
    return 1 if failed else 0
