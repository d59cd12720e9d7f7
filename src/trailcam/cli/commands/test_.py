"""`trailcam test`: the inline tests of rules."""

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.options import ConfigOption, LogTypesOption
from trailcam.cli.output import Format, count, printable, progress_bar, say, say_problem, to_json
from trailcam.cli.shell import quoted
from trailcam.cli.told_remarks import tell_remarks
from trailcam.cli.told_report import tell_not_run
from trailcam.errors import Problem, TrailcamError, code

if TYPE_CHECKING:
    from trailcam.app.load import Loaded
    from trailcam.app.test import Report, RuleReport

_MOST_TOLD = 20
"""Failed tests that are named again in the end."""


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Pack folders and rule files; this folder if absent.")
    ] = None,
    *,
    path: Annotated[list[Path] | None, typer.Option("--path", help="The same as an argument.")] = None,
    rules: Annotated[
        list[str] | None, typer.Option("--rules", help="Only rules of this id; * is any text.")
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="Only rules with KEY=a,b, or KEY!=a,b."),
    ] = None,
    test_names: Annotated[
        list[str] | None, typer.Option("--test-names", help="Only tests of this name.")
    ] = None,
    skip_disabled_tests: Annotated[
        bool, typer.Option("--skip-disabled-tests", help="Pass over rules that are switched off.")
    ] = False,
    minimum_tests: Annotated[
        int,
        typer.Option(
            "--minimum-tests",
            min=0,
            help="Rules with fewer tests fail; from 2 on, so do those that expect one outcome alone.",
        ),
    ] = 0,
    ignore_files: Annotated[
        list[str] | None, typer.Option("--ignore-files", help="Pass over this file; * is any text.")
    ] = None,
    ignore_extra_keys: Annotated[
        bool, typer.Option("--ignore-extra-keys", help="Pass over keys that no form knows.")
    ] = False,
    ignore_table_names: Annotated[  # noqa: ARG001  # it is taken, so that lines of CI run as they are
        bool, typer.Option("--ignore-table-names", help="No table is checked here.")
    ] = False,
    valid_table_names: Annotated[  # noqa: ARG001  # as above
        list[str] | None,
        typer.Option("--valid-table-names", help="No table is checked here."),
    ] = None,
    destinations: Annotated[
        list[str] | None,
        typer.Option("--available-destination", help="What rules may name; others fail then."),
    ] = None,
    log_types: LogTypesOption = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write a JUnit XML report to this file.")
    ] = None,
    show_failures_only: Annotated[
        bool, typer.Option("--show-failures-only", help="Print only what failed.")
    ] = False,
    sort_test_results: Annotated[
        bool, typer.Option("--sort-test-results", help="Print what failed last, by id.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what every function gave in every test.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and run what is changed when saved.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0: one a CPU.")] = 0,
    config: ConfigOption = None,
) -> int:
    """Check rules and run their inline tests.

    Exit code 0: all passed. 1: a test failed or a rule cannot be loaded. 2: wrong use.

    \b
    Examples:
      trailcam test detections/
      trailcam test detections/ --rules "AWS.*" --junit report.xml
    """
    from trailcam.engines.nursery import prepare  # noqa: PLC0415  # only when it is used

    prepare()  # before the imports that follow: they and the rules are read beside it
    from trailcam.app.load import Loaded, load  # noqa: PLC0415  # only when it is used
    from trailcam.app.test import Report, Wanted, test  # noqa: PLC0415
    from trailcam.model.rule import Kind, Rule  # noqa: PLC0415
    from trailcam.rules.metadata_filter import parse  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    where = [*(paths or ()), *(path or ())] or [Path()]
    taken = [parse(text) for text in filters or ()]
    wanted = Wanted(
        names=frozenset(test_names or ()), least=minimum_tests, destinations=tuple(destinations or ())
    )
    if junit is not None:
        _check_folder(junit)

    def loading() -> Loaded:
        return load(
            packs=where,
            rules=rules or (),
            log_types=log_types or (),
            disabled=not skip_disabled_tests,
            kinds=tuple(Kind),
            filters=taken,
            ignored=ignore_files or (),
            ignores_extra_keys=ignore_extra_keys,
        )

    def testing(loaded: Loaded) -> Report:
        with progress_bar("testing") as update:
            return test(
                loaded,
                settings,
                workers=workers or os.cpu_count() or 1,
                wanted=wanted,
                progress=lambda done, everything: update(done, everything, f"{done} rules"),
            )

    again = _again(
        [str(path) for path in where if path != Path()],
        ["--ignore-extra-keys"] if ignore_extra_keys else [],
        _each("--ignore-files", ignore_files or ()),
        _each("--available-destination", destinations or ()),
        _each("--log-types", log_types or ()),
        _each("--config", [config] if config is not None else ()),
    )

    def showing(report: Report) -> None:
        shown = _chosen(report, only_failed=show_failures_only, by_outcome=sort_test_results)
        _print(shown, form, verbose=verbose, again=again)
        _write(report, junit)

    def once(only: Callable[[Rule], bool] = lambda _: True) -> int:
        try:
            loaded = loading()
        except TrailcamError as error:
            if not _in_rules(error):
                raise
            error.exit_code = 1
            showing(Report(problems=tuple(error.problems)))
            raise
        loaded = loaded.only(only)
        report = testing(loaded)
        showing(report)
        return _tell(report, loaded, test_names or ())

    if watch:
        from trailcam.cli.watching import watched  # noqa: PLC0415  # only when it is asked for

        return watched(where, log_types or (), once)
    return once()


def _chosen(report: "Report", *, only_failed: bool, by_outcome: bool) -> "Report":
    """What is to be printed, in its order: passing rules first, then by id, where that is asked for."""
    from dataclasses import replace  # noqa: PLC0415  # only when it is asked for

    rules = report.rules
    if by_outcome:
        rules = tuple(sorted(rules, key=lambda it: (not it.passed, it.rule.id)))
    if only_failed:
        rules = tuple(
            replace(it, results=tuple(result for result in it.results if not result.passed))
            for it in rules
            if not it.passed
        )
    return replace(report, rules=rules)


def _each(option: str, values: Sequence[str | Path]) -> list[str]:
    """An option that is given once for each of its values, in words."""
    return [word for value in values for word in (option, str(value))]


def _again(*said: list[str]) -> Callable[["RuleReport", str], str]:
    """The command that runs one test again, or all of its rule if none can name it, and shows everything.

    `said` are the words of this one on which it hangs whether a test fails.
    """
    same = [quoted(word) for words in said for word in words]

    def command_of(report: "RuleReport", test: str) -> str:
        try:
            only = ["--test-names", quoted(test)]
        except ValueError:
            only = []
        return " ".join(["trailcam test", *same, "--rules", quoted(report.rule.id), *only, "-v"])

    return command_of


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


def _print(
    report: "Report", form: Format, *, verbose: bool, again: Callable[["RuleReport", str], str]
) -> None:
    from trailcam.cli.test_results import lines, rows  # noqa: PLC0415  # only when it is used

    if form is Format.table:
        for rule in report.rules:
            for line in lines(rule, verbose=verbose, again=again):
                print(line)
    elif form is Format.jsonl:
        for row in rows(report):
            print(to_json(row))
    else:
        print("[" + ",\n ".join(to_json(row) for row in rows(report)) + "]")
    sys.stdout.flush()


def _tell(report: "Report", loaded: "Loaded", test_names: Sequence[str]) -> int:
    from trailcam.rules.remarks import remarks_on  # noqa: PLC0415  # only when it is used

    for problem in report.problems:
        say_problem(problem)
    tell_remarks(remarks_on(rule.rule for rule in report.rules))
    if len(report.rules) > 1:
        _tell_failed(report)
    tests = sum(len(rule.results) for rule in report.rules)
    failed = sum(rule.failed for rule in report.rules)
    words = f"{count(tests, 'test')} of {count(len(report.rules), 'rule')}: "
    words += f"{tests - failed:,} passed, {failed:,} failed"
    wrong = sum(not rule.passed for rule in report.rules)
    not_loaded = sum(bool(rule.not_loaded) for rule in report.rules)
    lacking = sum(bool(rule.lacks) for rule in report.rules)
    untested = sum(not rule.results and not rule.not_loaded for rule in report.rules)
    said = [words]
    if len(report.rules) > 1:
        said.append(f"{count(len(report.rules) - wrong, 'rule')} passed, {wrong:,} failed")
    if not_loaded:
        said.append(f"{count(not_loaded, 'rule')} not loaded")
    if lacking:
        said.append(f"{count(lacking, 'rule')} with too few tests")
    if untested:
        said.append(f"{count(untested, 'rule')} without tests")
    say("; ".join(said))
    tell_not_run(loaded)
    if not report.rules:
        return _tell_nothing(loaded, test_names)
    return 0 if report.passed else 1


def _tell_nothing(loaded: "Loaded", test_names: Sequence[str]) -> int:
    """Why no rule was tested; the exit code."""
    if loaded.rules:
        say(f"no test has the name {' or '.join(map(repr, test_names))}")
        return 1
    if loaded.disabled:
        say(f"{count(len(loaded.disabled), 'rule')} passed over: switched off in their metadata")
        return 0
    say("no rules found")
    return 1


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
