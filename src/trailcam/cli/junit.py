"""Test results as JUnit XML, as CI servers read them.

Source: https://github.com/testmoapp/junitxml (read 2026-11-24): suites, suites' counts, cases with `failure`
or `error`.
"""

import re
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from trailcam.app.test import Report, RuleReport
from trailcam.errors import Problem, WorldError, code
from trailcam.rules.inline_tests import FunctionResult, TestResult

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def write_junit(report: Report, path: Path) -> None:
    """Writes one suite a rule, one case a test; a test that failed is a failure, and what could not be
    loaded is an error.

    Raises:
        WorldError: TC0106 the file cannot be written.
    """
    root = Element("testsuites")
    for rule in report.rules:
        suite = _suite(root, rule.rule.id)
        if rule.not_loaded:
            case = _case(suite, "it is loaded", path=rule.rule.path)
            _wrong(case, "error", rule.not_loaded)
        if rule.lacks:
            case = _case(suite, "it has enough tests", path=rule.rule.metadata_path)
            _wrong(case, "failure", rule.lacks)
        for result in rule.results:
            _test(suite, rule, result)
    if not report.rules:
        for problem in report.problems:
            suite = _suite(root, str(problem.path or problem.entry.title))
            case = _case(suite, problem.entry.title, path=problem.path, line=problem.line)
            _wrong(case, "error", problem.message, problem.render())
    for element in [*root, root]:
        _count(element)
    indent(root)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        message = f"cannot write the report: {error.strerror}"
        raise WorldError(Problem(code=code("cannot_write"), message=message, path=path)) from None


def _suite(root: Element, name: str) -> Element:
    return SubElement(root, "testsuite", {"name": _clean(name)})


def _case(suite: Element, name: str, *, path: Path | str | None, line: int | None = None) -> Element:
    case = SubElement(suite, "testcase", {"classname": suite.get("name", ""), "name": _clean(name)})
    if path is not None:
        case.set("file", _clean(str(path)))
    if line:
        case.set("line", str(line))
    return case


def _test(suite: Element, rule: RuleReport, result: TestResult) -> None:
    case = _case(suite, result.name, path=rule.rule.metadata_path, line=result.line)
    if not result.passed:
        _wrong(case, "failure", result.reason, "\n".join(map(_told, result.functions)))


def _wrong(case: Element, kind: str, message: str, text: str = "") -> None:
    SubElement(case, kind, {"message": _clean(message)}).text = _clean(text or message)


def _told(function: FunctionResult) -> str:
    if function.error is None:
        return f"{function.name}: {function.output}"
    return f"{function.name}: failed: {function.error}" + (
        f" --> {function.raised_at}" if function.raised_at else ""
    )


def _count(element: Element) -> None:
    """The numbers of what lies inside, as attributes."""
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))
    element.set("skipped", "0")


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
