"""The JUnit report: valid XML whatever rules and their tests are called, and numbers that add up."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import make_rule

from trailcam.app.test import Report, RuleReport
from trailcam.cli.junit import write_junit
from trailcam.errors import Problem, WorldError, code
from trailcam.rules.inline_tests import FunctionResult, TestResult


def rule(rule_id: str, *results: TestResult, **fields: Any) -> RuleReport:
    made = make_rule(rule_id, "", metadata_path=Path(f"rules/{rule_id}.yml"))
    return RuleReport(rule=made, results=results, **fields)


def result(name: str, reason: str = "", *functions: FunctionResult) -> TestResult:
    return TestResult(rule_id="R", name=name, expected=True, reason=reason, functions=functions, line=7)


def written(folder: Path, *rules: RuleReport, problems: tuple[Problem, ...] = ()) -> Element:
    path = folder / "report.xml"
    write_junit(Report(rules=rules, problems=problems), path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml version='1.0' encoding='utf-8'?>")
    return ElementTree.fromstring(text)


def counts(element: Element) -> tuple[str | None, ...]:
    return tuple(element.get(name) for name in ("tests", "failures", "errors", "skipped"))


def test_a_rule_is_a_suite_and_a_test_a_case_with_its_place(tmp_path: Path) -> None:
    root = written(tmp_path, rule("A", result("one"), result("two", "why")), rule("B"))
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == ["A", "B"]
    cases = root.findall("testsuite/testcase")
    assert [case.attrib for case in cases] == [
        {"classname": "A", "name": name, "file": "rules/A.yml", "line": "7"} for name in ("one", "two")
    ]
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"]]


def test_numbers_add_up_from_cases_to_suites_to_the_whole(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        rule("A", result("one"), result("two", "why"), result("three", "why")),
        rule("B", not_loaded="broken"),
        rule("C"),
    )
    assert counts(root) == ("4", "2", "1", "0")
    assert [counts(suite) for suite in root] == [
        ("3", "2", "0", "0"), ("1", "0", "1", "0"), ("0", "0", "0", "0"),
    ]  # fmt: skip


def test_a_failure_says_why_and_what_every_function_gave(tmp_path: Path) -> None:
    functions = (
        FunctionResult(name="rule", output="True"),
        FunctionResult(name="title", error="KeyError: 'x'", raised_at="a.py:3 in title"),
        FunctionResult(name="severity", error="must return a str; it returned int"),
    )
    (failure,) = written(tmp_path, rule("A", result("one", "title() failed", *functions))).iter("failure")
    assert failure.get("message") == "title() failed"
    assert failure.text == (
        "rule: True\ntitle: failed: KeyError: 'x' --> a.py:3 in title\n"
        "severity: failed: must return a str; it returned int"
    )


def test_a_failure_without_functions_has_its_reason_as_text(tmp_path: Path) -> None:
    (failure,) = written(tmp_path, rule("A", result("one", "it ended its process"))).iter("failure")
    assert failure.text == "it ended its process"


def test_a_rule_that_was_not_loaded_is_an_error(tmp_path: Path) -> None:
    root = written(tmp_path, rule("A", not_loaded="ImportError('x')"))
    (case,) = root.iter("testcase")
    assert (case.get("name"), case.get("file")) == ("it is loaded", "A.py")
    (error,) = case
    assert (error.tag, error.get("message"), error.text) == ("error", "ImportError('x')", "ImportError('x')")


def test_when_nothing_could_be_loaded_every_problem_is_an_error(tmp_path: Path) -> None:
    problems = (
        Problem(code=code("rule_syntax"), message="not Python", path=Path("a.py"), line=3),
        Problem(code=code("duplicate_id"), message="twice"),
    )
    root = written(tmp_path, problems=problems)
    assert counts(root) == ("2", "0", "2", "0")
    first, second = root.iter("testcase")
    assert (first.get("classname"), first.get("file"), first.get("line")) == ("a.py", "a.py", "3")
    assert second.get("file") is None
    assert [error.get("message") for error in root.iter("error")] == ["not Python", "twice"]
    assert [error.text for error in root.iter("error")] == [problem.render() for problem in problems]


@given(
    text=st.text(
        st.characters(exclude_categories=()) | st.sampled_from("\0\x1b\x07\ud800\udfff\ufffe\uffff<&>\"']"),
        min_size=1,
    )
)
def test_any_text_is_valid_xml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    functions = (FunctionResult(name="title", output=text), FunctionResult(name="dedup", error=text))
    folder = tmp_path_factory.getbasetemp()
    root = written(folder, rule("A", result(text, text, *functions)), rule("B", not_loaded=text))
    (first, _) = root.iter("testcase")
    kept = [char for char in text if char.isalnum()]
    assert [char for char in first.get("name", "") if char.isalnum()] == kept


def test_what_xml_cannot_hold_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    (case,) = written(tmp_path, rule("A", result("a\0b\x1b[31mc\ud800d\ufffee\U0001f600\n<&>"))).iter(
        "testcase"
    )
    assert case.get("name") == "a\ufffdb\ufffd[31mc\ufffdd\ufffde\U0001f600\n<&>"


@pytest.mark.parametrize("name", ["missing/report.xml", "."])
def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorldError) as caught:
        write_junit(Report(), tmp_path / name)
    (problem,) = caught.value.problems
    assert problem.code == code("cannot_write")
    assert "cannot write the report" in problem.message
