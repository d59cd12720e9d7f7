"""When an inline test passes, what stands in for names it mocks, and what it shows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.model.event import PantherEvent
from trailcam.model.rule import Kind, Mock, RuleTest
from trailcam.model.severity import Severity
from trailcam.rules.functions import AUXILIARY
from trailcam.rules.inline_tests import FunctionResult, Surroundings, TestResult, failed, run_test
from trailcam.rules.modules import execute, execute_filters, helpers
from trailcam.rules.run import RuleRunner

YES = "def rule(event):\n    return True\n"
NO = "def rule(event):\n    return False\n"
EVENT = {"name": "root", "user": {"type": "Root"}}

STATEMENTS = {
    "an exception": "raise ValueError('broken')",
    "sys.exit": "import sys; sys.exit(1)",
    "Ctrl-C": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "a recursion without end": "f = lambda: f(); f()",
    "an exhausted memory": "raise MemoryError",
    "a hostile exception": "raise type('E', (Exception,), {'__repr__': lambda _: 1 / 0})",
    "a wrong type": "return 5",
}
each_failure = pytest.mark.parametrize("failure", STATEMENTS.values(), ids=STATEMENTS)
each_function = pytest.mark.parametrize("name", AUXILIARY)


def function(name: str, statement: str) -> str:
    return f"def {name}(event):\n    {statement}\n"


def no_line(record: Any, log_type: str) -> PantherEvent:
    raise AssertionError("this test is no sample")


NOTHING_AROUND = Surroundings(line=no_line)


def run_tests(body: str, tests: Sequence[RuleTest], **fields: Any) -> list[TestResult]:
    """The results of several tests over one module, as a worker runs them."""
    rule = make_rule("The.Rule", body, tests=tuple(tests), **fields)
    with helpers(()):
        runner = RuleRunner(rule, execute(rule))
        return [run_test(runner, test, NOTHING_AROUND) for test in tests]


def run(
    body: str, *, expected: bool = True, mocks: dict[str, Any] | None = None, **fields: Any
) -> TestResult:
    (result,) = run_tests(body, [make_test(expected=expected, mocks=mocks)], **fields)
    return result


def make_test(
    *, expected: bool = True, mocks: dict[str, Any] | None = None, event: Any = None, name: str = "a test"
) -> RuleTest:
    return RuleTest(
        name=name,
        expected=expected,
        event=event or EVENT,
        line=12,
        mocks=tuple(Mock(name=mocked, return_value=value) for mocked, value in (mocks or {}).items()),
    )


def shown(result: TestResult) -> dict[str, str | None]:
    """By function: its output, or what its failure says."""
    return {found.name: found.output if found.error is None else found.error for found in result.functions}


@pytest.mark.parametrize(
    ("functions", "wanted", "reason"),
    [
        ("", {"severity": "MEDIUM", "title": "Shown", "dedup": "defaultDedupString:The.Rule"}, ""),
        (function("title", "return 'a'"), {"title": "a", "dedup": "a"}, ""),
        (function("title", "return 'a'"), {"title": "b"}, 'expected the title "b", got "a"'),
        (function("dedup", "return 'a'"), {"dedup": "b"}, 'expected the dedup "b", got "a"'),
        (function("severity", "return 'low'"), {"severity": "LOW"}, ""),
        (function("severity", "return 'DEFAULT'"), {"severity": "MEDIUM"}, ""),
        (
            function("severity", "return 'INFO'") + function("title", "return 'a'"),
            {"severity": "CRITICAL", "title": "b"},
            'expected the severity "CRITICAL", got "INFO"; expected the title "b", got "a"',
        ),
    ],
)
def test_a_match_must_have_what_the_test_says_of_it(
    functions: str, wanted: dict[str, str], reason: str
) -> None:
    test = replace(make_test(), wanted=tuple(wanted.items()))
    (result,) = run_tests(YES + functions, [test], title="Shown", severity=Severity.MEDIUM)
    assert result.reason == reason


def test_a_test_may_say_what_lookup_tables_answer() -> None:
    body = function("rule", 'return event.deep_get("p_enrichment", "t", "f.g", "x") == 1')
    answers = replace(make_test(), enrichment={"t": {"f.g": {"x": 1}}})
    (told, quiet) = run_tests(body, [answers, make_test(expected=False)])
    assert (told.reason, quiet.reason) == ("", "")


def test_that_no_table_answers_is_an_answer_too() -> None:
    body = function("rule", 'return event.get("p_enrichment") == {}')
    answers = replace(make_test(), enrichment={})
    (told, quiet) = run_tests(body, [answers, make_test(expected=False)])
    assert (told.reason, quiet.reason) == ("", "")


def test_a_row_of_a_lookup_table_has_the_value_that_it_was_found_by_as_in_a_run() -> None:
    body = YES + function("title", 'return str(event.get("p_enrichment").to_dict())')
    test = replace(make_test(), enrichment={"t": {"name": {"x": 1}}})
    (told,) = run_tests(body, [test])
    assert shown(told)["title"] == "{'t': {'name': {'x': 1, 'p_match': 'root'}}}"
    assert test.enrichment == {"t": {"name": {"x": 1}}}


# -- passing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected", "reason"),
    [
        (YES, True, ""),
        (NO, False, ""),
        (NO, True, "expected a match, got none"),
        (YES, False, "expected no match, got one"),
        (function("rule", "pass"), False, ""),
        (function("rule", "pass"), True, "expected a match, got none"),
        (function("rule", "return 1"), True, "rule() failed: must return a bool; it returned int"),
        (function("rule", "return ''"), False, "rule() failed: must return a bool; it returned str"),
        (function("rule", "return event['x']"), True, "rule() failed: KeyError: 'x'"),
        (function("rule", "return event['x']"), False, "rule() failed: KeyError: 'x'"),
        (function("rule", "raise ValueError"), False, "rule() failed: ValueError"),
    ],
)
def test_the_rule_decides(body: str, expected: bool, reason: str) -> None:
    result = run(body, expected=expected)
    assert (result.reason, result.passed) == (reason, not reason)
    assert (result.rule_id, result.name, result.expected, result.line) == (
        "The.Rule", "a test", expected, 12,
    )  # fmt: skip


@each_function
@each_failure
def test_where_a_match_is_expected_no_function_may_fail(name: str, failure: str) -> None:
    result = run(YES + function(name, failure))
    assert result.reason == f"{name}() failed"


@each_failure
def test_all_functions_that_failed_are_named(failure: str) -> None:
    result = run(YES + "".join(function(name, failure) for name in AUXILIARY))
    assert result.reason == (
        "title(), description(), reference(), severity(), runbook(), destinations(), dedup(),"
        " alert_context() and unique() failed"
    )


@each_function
@each_failure
def test_where_none_is_expected_failures_of_other_functions_do_not_matter(name: str, failure: str) -> None:
    assert run(NO + function(name, failure), expected=False).passed


def test_a_missing_match_is_told_before_the_functions_that_failed_for_it() -> None:
    assert run(NO + function("title", "raise ValueError")).reason == "expected a match, got none"


@each_failure
def test_all_functions_are_called_whatever_the_rule_says(failure: str) -> None:
    for rule in (YES, NO, function("rule", failure)):
        result = run(rule + function("title", "return 'called'"))
        assert shown(result)["title"] == "called"


def test_a_context_that_is_too_big_fails_no_test() -> None:
    result = run(YES + function("alert_context", "return {'a': 'x' * 204_800}"))
    assert result.passed
    assert "bigger than maximum" in (shown(result)["alert_context"] or "")


def test_unknown_destinations_fail_no_test_nor_does_a_name_given_twice() -> None:
    assert run(YES + function("destinations", "return ['nobody', 'nobody', True]")).passed


# -- what a test says of the match -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("functions", "configured", "wanted", "reason"),
    [
        ("return ['b', 'a']", (), ("a", "b"), ""),
        ("return ['b', 'a']", (), ("a",), "expected the destinations a, got a, b"),
        ("return []", ("x",), (), ""),
        ("return []", (), ("a",), "expected the destinations a, got nowhere"),
        ("return None", (), (), "expected the destinations nowhere, got the default ones"),
        ("return None", ("x", "a"), ("a", "x"), ""),
        ("return ['a', 'a']", ("x",), ("x",), ""),
    ],
)
def test_destinations_are_compared_whatever_their_order(
    functions: str, configured: tuple[str, ...], wanted: tuple[str, ...], reason: str
) -> None:
    test = replace(make_test(), wanted=(("destinations", wanted),))
    (result,) = run_tests(YES + function("destinations", functions), [test], destinations=configured)
    assert result.reason == reason


def test_destinations_are_compared_where_no_match_is_expected_too() -> None:
    test = replace(make_test(expected=False), wanted=(("destinations", ("a",)),))
    (result,) = run_tests(NO, [test])
    assert result.reason == "expected the destinations a, got the default ones"


def test_the_dedup_string_is_compared_as_a_match_would_have_it_whatever_is_expected() -> None:
    for expected, body in ((True, YES), (False, NO)):
        test = replace(make_test(expected=expected), wanted=(("dedup", "T"),))
        (result,) = run_tests(body + function("title", "return 'T'"), [test])
        assert result.reason == ""


@pytest.mark.parametrize(
    ("context", "wanted", "reason"),
    [
        ("{'a': 1, 'b': [event.get('user')]}", {"b": [{"type": "Root"}]}, ""),
        ("{'a': 1}", {}, ""),
        ("{'a': 1}", {"a": "1"}, 'expected alert_context.a to be "1", got 1'),
        ("{'a': None}", {"a": None}, ""),
        ("{}", {"a": None}, "expected alert_context.a to be null, and there is none"),
        ("{1: 'x'}", {"1": "x"}, ""),
        (
            "{'a': 1}",
            {"a": 2, "b": 3},
            "expected alert_context.a to be 2, got 1; expected alert_context.b to be 3, and there is none",
        ),
    ],
)
def test_of_the_alert_context_the_keys_that_the_test_names_are_compared(
    context: str, wanted: dict[str, Any], reason: str
) -> None:
    test = replace(make_test(), wanted=(("alert_context", wanted),))
    (result,) = run_tests(YES + function("alert_context", f"return {context}"), [test])
    assert result.reason == reason


def test_a_rule_without_a_context_has_none_of_its_keys() -> None:
    test = replace(make_test(), wanted=(("alert_context", {"a": 1}),))
    assert run_tests(YES, [test])[0].reason == "expected alert_context.a to be 1, and there is none"


def test_a_function_that_failed_is_told_before_what_differs() -> None:
    test = replace(make_test(), wanted=(("title", "T"),))
    assert run_tests(YES + function("title", "raise ValueError"), [test])[0].reason == "title() failed"


def test_a_destination_that_is_not_available_is_a_failure_where_some_are_named() -> None:
    around = replace(NOTHING_AROUND, destinations=("a", "b"))
    for named, reason in (
        ("['a', 'b']", ""),
        ("['a', 'c']", "destinations() failed"),
        ("[]", ""),
        ("None", ""),
    ):
        rule = make_rule("The.Rule", YES + function("destinations", f"return {named}"))
        assert run_test(RuleRunner(rule, execute(rule)), make_test(), around).reason == reason
    rule = make_rule("The.Rule", NO + function("destinations", "return ['c']"))
    assert run_test(RuleRunner(rule, execute(rule)), make_test(expected=False), around).passed


# -- policies, scheduled rules, unified names --------------------------------------------------------------


def test_the_test_of_a_policy_passes_when_a_no_is_expected_and_said_and_nothing_failed() -> None:
    no, yes = function("policy", "return False"), function("policy", "return True")
    for body, expected, reason in (
        (no, False, ""),
        (yes, True, ""),
        (yes, False, "expected a match, got none"),
        (no, True, "expected no match, got one"),
        (no + function("title", "raise ValueError"), False, "title() failed"),
        (yes + function("title", "raise ValueError"), True, ""),
        (
            function("policy", "return None"),
            True,
            "policy() failed: must return a bool; it returned NoneType",
        ),
        (
            function("policy", "return None"),
            False,
            "policy() failed: must return a bool; it returned NoneType",
        ),
    ):
        assert run(body, expected=expected, kind=Kind.POLICY).reason == reason


def test_a_policy_is_given_the_plain_document_of_its_test_each_time_anew() -> None:
    body = (
        "def policy(resource):\n    return resource['user'].setdefault('n', 0) == 1\n"
        "def title(resource):\n    resource['user']['n'] += 1\n    return f'{type(resource).__name__} {resource}'\n"
    )
    results = run_tests(body, [make_test(expected=False)] * 2, kind=Kind.POLICY, resource_types=("Other",))
    assert [shown(result)["title"] for result in results] == [
        "dict {'name': 'root', 'user': {'type': 'Root', 'n': 1}}"
    ] * 2
    assert EVENT == {"name": "root", "user": {"type": "Root"}}


def test_the_test_of_a_policy_shows_policy_as_what_decides() -> None:
    assert (
        shown(run(function("policy", "return False"), expected=False, kind=Kind.POLICY))["policy"] == "False"
    )


class Names:
    """Unified names, every one of which is mapped and found."""

    def maps(self, name: str) -> bool:
        return True

    def path(self, name: str, event: Any) -> str | None:
        return f"path of {name}"

    def resolve(self, name: str, event: Any, default: Any) -> Any:
        return f"value of {name}"


def udm_of(named: Any, kind: Kind = Kind.RULE, **of_test: Any) -> str | None:
    """What `event.udm` gives in a test whose event names this log type."""
    around = Surroundings(
        line=lambda record, log_type: PantherEvent(record), models={"AWS.CloudTrail": Names()}
    )
    rule = make_rule("The.Rule", YES + function("title", "return str(event.udm('ip'))"), kind=kind)
    test = replace(make_test(event={"p_log_type": named}), **of_test)
    return shown(run_test(RuleRunner(rule, execute(rule)), test, around))["title"]


def test_the_unified_names_of_a_test_are_those_of_the_log_type_that_its_event_names() -> None:
    assert udm_of("AWS.CloudTrail") == "value of ip"
    for other in ("Other.Log", "aws.cloudtrail", None, 5, ["AWS.CloudTrail"]):
        assert udm_of(other) == "None"
    assert udm_of("Other.Log", log_type="AWS.CloudTrail") == "value of ip"
    assert udm_of("AWS.CloudTrail", enrichment={}) == "value of ip"


def test_a_scheduled_rule_has_no_unified_names() -> None:
    assert udm_of("AWS.CloudTrail", Kind.SCHEDULED_RULE) == "None"


def test_filters_hold_the_event_of_a_test_back_as_they_do_in_a_run() -> None:
    rule = make_rule(
        "The.Rule", function("rule", "raise ValueError"), filters=function("filters", "return False")
    )
    runner = RuleRunner(rule, execute(rule), filters=execute_filters(rule))
    assert run_test(runner, make_test(expected=False), NOTHING_AROUND).passed
    assert run_test(runner, make_test(), NOTHING_AROUND).reason == (
        "expected a match, got none: the inline filters hold the event back from rule()"
    )


def test_where_filters_let_the_event_pass_a_missing_match_is_none_of_theirs() -> None:
    rule = make_rule("The.Rule", function("rule", "return False"), filters=function("filters", "return True"))
    runner = RuleRunner(rule, execute(rule), filters=execute_filters(rule))
    assert run_test(runner, make_test(), NOTHING_AROUND).reason == "expected a match, got none"


# -- what is shown -----------------------------------------------------------------------------------------


def test_a_test_of_a_match_shows_what_every_function_gave_in_the_order_they_are_called() -> None:
    body = YES + "".join(
        function(name, f"return {value!r}")
        for name, value in {
            "title": "T", "dedup": "D", "severity": "low", "description": "de", "reference": "re",
            "runbook": "ru", "destinations": ["a", "b"], "alert_context": {"a": [1, None]}, "unique": "U",
        }.items()
    )  # fmt: skip
    result = run(body)
    assert result.functions == tuple(
        FunctionResult(name=name, output=output)
        for name, output in {
            "rule": "True", "title": "T", "description": "de", "reference": "re", "severity": "LOW",
            "runbook": "ru", "destinations": "a, b", "dedup": "D", "alert_context": '{"a": [1, null]}',
            "unique": "U",
        }.items()
    )  # fmt: skip


def test_a_test_of_a_quiet_rule_shows_the_rule_alone() -> None:
    assert shown(run(NO + function("title", "return 'T'"), expected=False)) == {"rule": "False"}
    assert shown(run(YES + function("title", "return 'T'"), expected=False)) == {"rule": "True"}


@pytest.mark.parametrize(
    ("body", "dedup"),
    [
        ("", "defaultDedupString:The.Rule"),
        (function("title", "return 'T'"), "T"),
        (function("title", "return ''"), "defaultDedupString:The.Rule"),
        (function("title", "return 'x' * 1001"), "x" * 985 + "... (truncated)"),
        (function("title", "raise ValueError"), "defaultDedupString:The.Rule"),
        (function("dedup", "return ''"), "defaultDedupString:The.Rule"),
        (function("title", "return 'T'") + function("dedup", "return ''"), "defaultDedupString:The.Rule"),
        (function("title", "return 'T'") + function("dedup", "return 'D'"), "D"),
        (function("title", "return 'T'") + function("dedup", "raise ValueError"), "ValueError"),
    ],
)
def test_the_dedup_string_is_shown_as_a_match_would_have_it_and_a_failed_title_is_no_key(
    body: str, dedup: str
) -> None:
    assert shown(run(YES + body, title="The display name"))["dedup"] == dedup


@pytest.mark.parametrize(
    ("name", "statement", "output"),
    [
        ("severity", "return 'default'", "CRITICAL"),
        ("destinations", "return []", "nowhere"),
        ("destinations", "return None", "the default ones"),
        ("destinations", "return ['a', 'a']", "the default ones"),
    ],
)
def test_words_for_what_is_configured(name: str, statement: str, output: str) -> None:
    assert shown(run(YES + function(name, statement), severity=Severity.CRITICAL))[name] == output


def test_a_rule_without_alerts_shows_its_functions_all_the_same() -> None:
    assert shown(run(YES + function("title", "return 'T'"), create_alert=False))["title"] == "T"


def test_an_exception_is_shown_with_file_line_function_and_the_line_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules" / "some.py"
    path.parent.mkdir()
    body = YES + "def title(event):\n    return inner(event)\ndef inner(event):\n    return event['x']  # x\n"
    path.write_text(body)
    monkeypatch.chdir(tmp_path)
    for given in (path, Path("rules/some.py")):
        failure = run(body, path=given).functions[1]
        assert (failure.name, failure.output, failure.error) == ("title", None, "KeyError: 'x'")
        assert failure.raised_at == "rules/some.py:6 in inner"
        assert failure.code == "return event['x']  # x"


def test_a_wrong_type_is_shown_without_a_place() -> None:
    failure = run(YES + function("title", "return 5")).functions[1]
    assert failure == FunctionResult(name="title", error="must return a str; it returned int")


# -- events ------------------------------------------------------------------------------------------------


def test_each_test_has_an_event_of_its_own_over_one_module() -> None:
    body = (
        "SEEN = []\ndef rule(event):\n    SEEN.append(event)\n    walked = event.deep_walk('user')\n"
        "    walked['type'] = 'changed'\n    return len({id(seen) for seen in SEEN}) == len(SEEN)\n"
        "def title(event):\n    return f\"{event.deep_get('user', 'type')} {len(SEEN)}\"\n"
    )
    results = run_tests(body, [make_test(), make_test(), make_test()])
    assert [shown(result)["title"] for result in results] == ["Root 1", "Root 2", "Root 3"]


def test_a_sample_goes_through_the_line_and_any_other_event_does_not() -> None:
    asked: list[Any] = []

    def line(record: Any, log_type: str) -> PantherEvent:
        asked.append((record, log_type))
        return PantherEvent({"through": "the line"})

    rule = make_rule("The.Rule", function("rule", "return 'through' in event"))
    sample = RuleTest(name="x", expected=True, event=EVENT, log_type="AWS.CloudTrail")
    runner = RuleRunner(rule, execute(rule))
    assert run_test(runner, sample, Surroundings(line=line)).passed
    assert asked == [(EVENT, "AWS.CloudTrail")]
    assert not run_test(runner, make_test(), NOTHING_AROUND).passed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("it is not one record"), "its event is not one: it is not one record"),
        (MemoryError("all gone"), "it could not be run: MemoryError('all gone')"),
    ],
)
def test_a_sample_that_does_not_come_out_of_the_line_fails_its_test(error: Exception, reason: str) -> None:
    def line(record: Any, log_type: str) -> PantherEvent:
        raise error

    rule = make_rule("The.Rule", NO)
    sample = RuleTest(name="x", expected=False, event=EVENT, log_type="AWS.CloudTrail")
    assert run_test(RuleRunner(rule, execute(rule)), sample, Surroundings(line=line)).reason == reason


# -- mocks -------------------------------------------------------------------------------------------------

MOCKED = (
    "import json\nWORD = 'const'\n"
    "def helper():\n    return 'real'\n"
    "def rule(event):\n    return True\n"
    "def title(event):\n    return f'{helper()} {type(helper).__name__} {type(WORD).__name__} {json.dumps(1)}'\n"
)


def test_a_mock_is_a_magic_mock_that_returns_its_value() -> None:
    assert shown(run(MOCKED, mocks={"helper": "mocked"}))["title"] == "mocked MagicMock str 1"
    body = "from panther_detection_helpers.mocking import is_mock\ndef helper(): ...\n"
    assert run(body + function("rule", "return is_mock(helper)"), mocks={"helper": ""}).passed


def test_a_constant_that_is_mocked_is_the_mock_itself() -> None:
    assert shown(run(MOCKED, mocks={"WORD": "mocked"}))["title"] == "real function MagicMock 1"


@pytest.mark.parametrize("value", [True, False, "text", ["a"], {"a": 1}, 5, None])
def test_a_mock_returns_any_value(value: Any) -> None:
    body = "def helper(): ...\n" + function("rule", f"return helper() == {value!r}")
    assert run(body, mocks={"helper": value}).passed


def test_a_module_that_is_mocked_gives_mocks() -> None:
    assert "MagicMock" in (shown(run(MOCKED, mocks={"json": "x"}))["title"] or "")


def test_mocks_are_gone_after_their_test_even_when_it_fails() -> None:
    tests = [
        make_test(mocks={"helper": "one"}, expected=False),
        make_test(),
        make_test(mocks={"helper": "two"}),
    ]
    results = run_tests(MOCKED, tests)
    assert [shown(result).get("title", "not shown") for result in results] == [
        "not shown", "real function str 1", "two MagicMock str 1",
    ]  # fmt: skip


def test_of_two_mocks_of_one_name_the_last_counts() -> None:
    twice = RuleTest(
        name="x",
        expected=True,
        event=EVENT,
        mocks=(Mock(name="helper", return_value="one"), Mock(name="helper", return_value="two")),
    )
    first, second = run_tests(MOCKED, [twice, make_test()])
    assert (shown(first)["title"], shown(second)["title"]) == ("two MagicMock str 1", "real function str 1")


@pytest.mark.parametrize("name", ["create", "spec", "spec_set", "target", "new", "autospec", "new_callable"])
def test_names_that_mean_something_to_the_mock_library_are_names_like_any_other(name: str) -> None:
    assert run(f"def {name}(): ...\n" + function("rule", f"return {name}() == 'x'"), mocks={name: "x"}).passed


def test_a_builtin_can_be_mocked_for_the_rules_module_alone() -> None:
    assert run(function("rule", "return len('abc') == 9"), mocks={"len": 9}).passed
    assert len("abc") == 3


def test_the_rule_itself_and_its_functions_can_be_mocked() -> None:
    assert run(NO, mocks={"rule": True}).passed
    assert run(YES, mocks={"rule": "true"}).reason == "rule() failed: must return a bool; it returned str"
    assert shown(run(MOCKED, mocks={"title": "mocked"}))["title"] == "mocked"


@pytest.mark.parametrize("expected", [True, False])
def test_a_mock_of_a_name_that_the_module_does_not_have_fails_the_test(expected: bool) -> None:
    for name in ("nothing", "json.loads", "title"):
        result = run(YES if expected else NO, mocks={name: "x", "rule": expected}, expected=expected)
        assert result.reason == f"it mocks {name}, which the rule's module does not have"
        assert result.functions == ()


def test_all_missing_mocks_are_named_and_nothing_stays_mocked() -> None:
    tests = [make_test(mocks={"a": 1, "helper": "x", "b": 2}), make_test()]
    first, second = run_tests(MOCKED, tests)
    assert first.reason == "it mocks a, b, which the rule's module does not have"
    assert shown(second)["title"] == "real function str 1"


def test_a_rule_that_tampers_with_its_mocks_fails_its_test_and_no_other() -> None:
    body = "def rule(event):\n    globals().pop('len', None)\n    return True\n"
    first, second = run_tests(body, [make_test(mocks={"len": 1}), make_test()])
    assert first.reason.startswith("it could not be run: ")
    assert second.passed


# -- state -------------------------------------------------------------------------------------------------


def test_each_test_has_a_cache_of_its_own() -> None:
    body = "from panther_detection_helpers.caching import increment_counter\n"
    body += function("rule", "return increment_counter('k') + increment_counter('k') == 3")
    assert [result.passed for result in run_tests(body, [make_test(), make_test()])] == [True, True]


def test_the_cache_runs_on_the_time_of_the_event() -> None:
    body = "from panther_detection_helpers import caching\n" + function(
        "rule",
        "caching.put_string_set('k', ['x'], epoch_seconds=1_767_225_601)\n"
        "    return caching.get_string_set('k', force_ttl_check=True) == {'x'}",
    )
    times = ("2026-01-01 00:00:00.000", "2026-01-01 00:00:01.000")
    tests = [make_test(event={"p_event_time": time}) for time in times]
    assert [result.passed for result in run_tests(body, tests)] == [True, False]


@pytest.mark.parametrize("name", ["rule", "title"])
def test_a_cache_asked_from_a_thread_of_the_rules_own_fails_the_test(name: str) -> None:
    body = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from panther_detection_helpers.caching import get_counter\n"
    )
    asks = function(name, "with ThreadPoolExecutor() as pool: return str(list(pool.map(get_counter, 'k')))")
    result = run(body + (asks if name == "rule" else YES + asks))
    assert not result.passed
    assert "the rule keeps state" in result.reason


def test_a_test_that_did_not_come_to_its_end_failed_with_its_reason() -> None:
    result = failed(make_rule("The.Rule", YES), make_test(), "it ended its process")
    assert (result.passed, result.reason, result.line, result.functions) == (
        False, "it ended its process", 12, (),
    )  # fmt: skip
