"""One rule on one event in production: a match survives whatever its other functions do."""

import json
import pickle
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.contracts.runner import Subject, Verdict
from trailcam.errors import code
from trailcam.model.event import PantherEvent
from trailcam.model.match import Match
from trailcam.model.rule import Kind
from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros
from trailcam.rules.functions import AUXILIARY
from trailcam.rules.keyvalue import InMemoryStore, use
from trailcam.rules.modules import MissingFunction, execute, execute_filters, helpers
from trailcam.rules.run import RuleRunner

SUBJECT = Subject(
    row_id="row", log_type="AWS.CloudTrail", event_id="event", event_time=Micros(7), origin_id="o"
)
EVENT = PantherEvent({"name": "root", "n": 1})
YES = "def rule(event):\n    return True\n"

CONFIGURED: dict[str, Any] = {
    "title": "The display name",
    "description": "The description",
    "reference": "https://example.com/reference",
    "runbook": "The runbook",
    "destinations": ("the-team",),
    "severity": Severity.HIGH,
    "period_minutes": 15,
    "threshold": 3,
}

FAILURES = {
    "an exception": "raise ValueError('broken')",
    "sys.exit": "import sys; sys.exit(1)",
    "Ctrl-C": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "a recursion without end": "f = lambda: f(); f()",
    "an exhausted memory": "raise MemoryError",
    "a hostile exception": "raise type('E', (Exception,), {'__repr__': lambda _: 1 / 0})",
    "a wrong type": "return 5",
}
each_failure = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)


def runner(body: str, **fields: Any) -> RuleRunner:
    rule = make_rule("The.Rule", body, **fields)
    with helpers(()):
        return RuleRunner(rule, execute(rule))


def run(body: str, **fields: Any) -> Verdict:
    return runner(body, **fields).run(EVENT, SUBJECT)


def match(body: str, **fields: Any) -> Match:
    """What a rule that says yes gives; `body` are its other functions."""
    verdict = run(YES + body, **fields)
    assert verdict.match is not None
    return verdict.match


def function(name: str, statement: str) -> str:
    return f"def {name}(event):\n    {statement}\n"


# -- rule --------------------------------------------------------------------------------------------------


def test_a_rule_that_says_no_or_nothing_makes_no_match_and_no_other_function_is_called() -> None:
    for said in ("return False", "pass"):
        calls = function("rule", said) + function("title", "raise SystemExit")
        assert run(calls) == Verdict()


@each_failure
def test_a_rule_that_fails_is_a_rule_error_and_no_match(failure: str) -> None:
    verdict = run(function("rule", failure) + function("title", "return 'x'"))
    assert verdict.match is None
    assert verdict.not_run is None
    (error,) = verdict.errors
    assert (error.rule_id, error.row_id, error.function) == ("The.Rule", "row", "rule")
    assert (error.log_type, error.event_id, error.event_time) == ("AWS.CloudTrail", "event", 7)


def test_the_error_of_a_rule_is_told_by_class_repr_and_place() -> None:
    (error,) = run(function("rule", "return event['nothing']"), severity=Severity.LOW).errors
    assert (error.error_class, error.error, error.severity) == (
        "KeyError",
        "KeyError('nothing')",
        Severity.LOW,
    )
    assert error.message == "'nothing': The.Rule.py\", line 2, in rule"
    (error,) = run(function("rule", "return 1")).errors
    assert error.error_class == "FunctionReturnTypeError"
    assert error.message == "rule() must return a bool; it returned int"


def test_a_rule_that_was_not_loaded_is_an_error_on_every_event() -> None:
    rule = make_rule("The.Rule", "")
    for setup_error, name in ((RuntimeError("at the top"), "RuntimeError"), (None, "ImportError")):
        not_loaded = RuleRunner(rule, None, setup_error)
        for _ in range(2):
            (error,) = not_loaded.run(EVENT, SUBJECT).errors
            assert (error.function, error.error_class) == ("setup", name)


def test_a_rule_is_a_lambda_too() -> None:
    assert run("rule = lambda event: True\n").match is not None


def test_an_async_rule_is_a_rule_error() -> None:
    (error,) = run("async def rule(event):\n    return True\n").errors
    assert error.message == "rule() must return a bool; it returned coroutine"


def test_a_rule_that_is_no_function_is_a_rule_error() -> None:
    (error,) = run("rule = 'yes'\n").errors
    assert error.message == "'str' object is not callable"


# -- what a match holds ------------------------------------------------------------------------------------


def test_a_match_has_the_identity_of_rule_and_row_and_the_packs_window() -> None:
    found = match("", **CONFIGURED, create_alert=False)
    assert (found.rule_id, found.row_id, found.event_id, found.event_time) == ("The.Rule", "row", "event", 7)
    assert (found.period_minutes, found.threshold, found.create_alert) == (15, 3, False)


def test_functions_stand_over_the_metadata() -> None:
    found = match(
        function("title", "return f'T {event[\"name\"]}'")
        + function("description", "return 'D'")
        + function("reference", "return 'R'")
        + function("runbook", "return 'B'")
        + function("severity", "return 'info'")
        + function("destinations", "return ['a', 'b']")
        + function("dedup", "return 'K'")
        + function("alert_context", "return {'name': event['name']}")
        + function("unique", "return 'U'"),
        **CONFIGURED,
    )
    assert (found.title, found.dedup, found.severity) == ("T root", "K", Severity.INFO)
    assert (found.description, found.reference, found.runbook) == ("D", "R", "B")
    assert (found.destinations, found.alert_context) == (("a", "b"), '{"name": "root"}')
    assert (found.counts_unique, found.unique, found.fallbacks) == (True, "U", ())


def test_without_functions_the_metadata_stands() -> None:
    found = match("", **CONFIGURED)
    assert (found.title, found.severity) == ("The display name", Severity.HIGH)
    assert (found.description, found.runbook) == ("The description", "The runbook")
    assert found.reference == "https://example.com/reference"
    assert (found.destinations, found.alert_context) == (("the-team",), None)
    assert (found.counts_unique, found.unique, found.fallbacks) == (False, None, ())


def test_without_functions_and_metadata_the_title_is_the_id_and_the_routing_the_default() -> None:
    found = match("")
    assert (found.title, found.destinations) == ("The.Rule", None)
    assert (found.description, found.reference, found.runbook) == ("", "", "")


def test_destinations_that_are_empty_are_nowhere_whatever_the_metadata_says() -> None:
    assert match(function("destinations", "return []"), **CONFIGURED).destinations == ()
    assert match(function("destinations", "return None"), **CONFIGURED).destinations is None


def test_a_severity_of_default_is_the_configured_one() -> None:
    assert match(function("severity", "return 'Default'"), **CONFIGURED).severity is Severity.HIGH


# -- fallbacks ---------------------------------------------------------------------------------------------

FALLBACKS = {
    "title": "The.Rule",
    "dedup": "defaultDedupString:The.Rule",
    "severity": Severity.HIGH,
    "description": "",
    "reference": "",
    "runbook": "",
    "destinations": None,
    "unique": None,
}


@each_failure
@pytest.mark.parametrize("name", FALLBACKS)
def test_a_function_that_fails_is_answered_with_its_fallback(name: str, failure: str) -> None:
    found = match(function(name, failure), **CONFIGURED)
    assert getattr(found, name) == FALLBACKS[name]
    assert [told[0] for told in found.fallbacks] == ([] if name == "unique" else [name])


@each_failure
def test_a_match_survives_the_failure_of_all_its_functions_at_once(failure: str) -> None:
    verdict = run(YES + "".join(function(name, failure) for name in AUXILIARY), **CONFIGURED)
    found = verdict.match
    assert found is not None
    assert {name: getattr(found, name) for name in FALLBACKS} == FALLBACKS
    assert found.alert_context is not None
    assert list(json.loads(found.alert_context)) == ["_error"]
    assert [name for name, _ in found.fallbacks] == [name for name in AUXILIARY if name != "unique"]
    assert [error.function for error in verdict.errors] == ["unique"]


def test_a_fallback_is_told_by_function_and_error() -> None:
    assert match(function("title", "raise KeyError('x')")).fallbacks == (("title", "KeyError('x')"),)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("raise ValueError('x')", "ValueError('x')"),
        ("return {'a': {1}}", "TypeError(\"object of type <class 'set'> is not JSON serializable\")"),
        ("return {'a': float('nan')}", "ValueError('Out of range float values are not JSON compliant')"),
        (
            "return None",
            "FunctionReturnTypeError('alert_context() must return a Mapping; it returned NoneType')",
        ),
    ],
)
def test_a_context_that_fails_holds_the_error(statement: str, error: str) -> None:
    found = match(function("alert_context", statement))
    assert found.alert_context is not None
    assert json.loads(found.alert_context)["_error"].startswith(error[:60])
    assert found.fallbacks[0][0] == "alert_context"


def test_a_context_that_is_too_big_is_no_failure() -> None:
    found = match(function("alert_context", "return {'a': 'x' * 204_792}"))
    assert found.alert_context is not None
    assert json.loads(found.alert_context) == {
        "_error": "alert_context size is [204801] characters, bigger than maximum of [204800] characters"
    }
    assert found.fallbacks == ()


@pytest.mark.parametrize("statement", ["return None", "raise ValueError", "return 5"])
def test_a_unique_that_fails_adds_no_value_and_is_an_error_beside_the_match(statement: str) -> None:
    verdict = run(YES + function("unique", statement))
    assert verdict.match is not None
    assert (verdict.match.counts_unique, verdict.match.unique) == (True, None)
    (error,) = verdict.errors
    assert (error.function, error.row_id) == ("unique", "row")


# -- dedup -------------------------------------------------------------------------------------------------

DEFAULT = "defaultDedupString:The.Rule"
LONG = "x" * 985 + "... (truncated)"


@pytest.mark.parametrize(
    ("title", "dedup", "expected"),
    [
        pytest.param(None, None, DEFAULT, id="neither is defined: the display name is no key"),
        pytest.param("return 'T'", None, "T", id="the title stands in"),
        pytest.param("return ''", None, DEFAULT, id="an empty title does not"),
        pytest.param("return 'x' * 2000", None, LONG, id="a long title is cut before"),
        pytest.param("raise ValueError", None, "The.Rule", id="a failed title is the id, and so is the key"),
        pytest.param("return 5", None, "The.Rule", id="and so is one of the wrong type"),
        pytest.param("return 'T'", "return 'D'", "D", id="its own stands over the title"),
        pytest.param("return 'T'", "return ''", DEFAULT, id="an empty one does not ask the title"),
        pytest.param("return 'T'", "raise ValueError", DEFAULT, id="nor does one that fails"),
        pytest.param("return 'T'", "return None", DEFAULT, id="nor one that returns None"),
        pytest.param("raise ValueError", "return ''", DEFAULT, id="whatever the title does"),
        pytest.param(None, "return 'x' * 2000", LONG, id="a long one is cut"),
        pytest.param(None, "return ' '", " ", id="white space is a key"),
    ],
)
def test_the_dedup_string(title: str | None, dedup: str | None, expected: str) -> None:
    body = (function("title", title) if title else "") + (function("dedup", dedup) if dedup else "")
    for fields in ({}, CONFIGURED):
        assert match(body, **fields).dedup == expected


# -- state -------------------------------------------------------------------------------------------------

CACHING = "from panther_detection_helpers.caching import get_counter, increment_counter\n"


@pytest.mark.parametrize("name", ["rule", *AUXILIARY])
def test_a_rule_that_asks_for_state_where_none_is_given_is_not_run(name: str) -> None:
    asks = function(name, "get_counter('key')")
    verdict = run(CACHING + (asks if name == "rule" else YES + asks))
    assert verdict == Verdict(not_run=code("rule_keeps_state"))


def test_the_except_of_a_rule_does_not_turn_missing_state_into_an_answer() -> None:
    body = "def rule(event):\n    try:\n        get_counter('key')\n    except Exception:\n        return False\n"
    assert run(CACHING + body).not_run == code("rule_keeps_state")


def test_a_rule_keeps_its_state_where_some_is_given() -> None:
    counting = runner(CACHING + function("rule", "return increment_counter('key') >= 2"))
    with use(InMemoryStore(), lambda: Micros(0)):
        said = [counting.run(EVENT, SUBJECT).match is not None for _ in range(3)]
    assert said == [False, True, True]


def test_the_globals_of_a_module_live_from_rule_to_title_and_from_event_to_event() -> None:
    body = (
        "SEEN = []\nlast = None\n"
        "def rule(event):\n    global last\n    last = event['n']\n    SEEN.append(last)\n    return True\n"
        "def title(event):\n    return f'{last} of {SEEN}'\n"
    )
    counting = runner(body)
    titles = []
    for n in (1, 2):
        found = counting.run(PantherEvent({"n": n}), SUBJECT).match
        titles.append(found.title if found else None)
    assert titles == ["1 of [1]", "2 of [1, 2]"]
    assert match(body).title == "1 of [1]"


# -- policies ----------------------------------------------------------------------------------------------

RESOURCE = PantherEvent(
    {"ResourceType": "AWS.S3.Bucket", "ResourceId": "arn:aws:s3:::logs", "Public": True, "p_row_id": "1"}
)


def policy(said: str, **fields: Any) -> Verdict:
    body = function("policy", said).replace("event", "resource")
    return runner(body, kind=Kind.POLICY, **fields).run(RESOURCE, SUBJECT)


def test_the_no_of_a_policy_is_the_match_and_its_yes_is_none() -> None:
    assert policy("return True") == Verdict()
    found = policy("return False").match
    assert found is not None
    assert (found.title, found.dedup) == ("The.Rule", "defaultDedupString:The.Rule")


@pytest.mark.parametrize("said", ["pass", "return 0", "return ''", "return 1"])
def test_a_policy_that_says_neither_yes_nor_no_is_an_error(said: str) -> None:
    (error,) = policy(said).errors
    assert (error.function, error.error_class) == ("policy", "FunctionReturnTypeError")


def test_a_policy_and_its_functions_see_a_plain_dict_without_the_fields_of_trailcam() -> None:
    body = function(
        "policy",
        "return event != {'ResourceType': 'AWS.S3.Bucket', "
        "'ResourceId': 'arn:aws:s3:::logs', 'Public': True}",
    )
    body += function("title", "return type(event).__name__")
    found = runner(body, kind=Kind.POLICY).run(RESOURCE, SUBJECT).match
    assert found is not None
    assert found.title == "dict"
    (error,) = policy("return event.deep_get('Public')").errors
    assert error.error_class == "AttributeError"


@pytest.mark.parametrize(
    "fields", [{"resource_types": ("AWS.EC2.VPC",)}, {"suppressions": ("arn:aws:s3:::lo*",)}]
)
def test_a_policy_is_not_asked_about_what_it_does_not_concern(fields: dict[str, Any]) -> None:
    assert policy("raise ValueError", **fields) == Verdict()
    assert policy("raise ValueError", resource_types=("AWS.S3.Bucket",), suppressions=("x",)).errors


def test_a_policy_needs_no_function_named_rule_and_a_rule_none_named_policy() -> None:
    for body, kind in ((YES, Kind.POLICY), (function("policy", "return True"), Kind.SCHEDULED_RULE)):
        with pytest.raises(MissingFunction):
            runner(body, kind=kind)


# -- filters -----------------------------------------------------------------------------------------------


def filtered(filters: str, body: str) -> Verdict:
    rule = make_rule("The.Rule", body, filters=filters)
    return RuleRunner(rule, execute(rule), filters=execute_filters(rule)).run(EVENT, SUBJECT)


def test_a_rule_does_not_see_what_its_filters_hold_back() -> None:
    assert (
        filtered(function("filters", "return event['n'] == 2"), function("rule", "raise ValueError"))
        == Verdict()
    )
    assert filtered(function("filters", "return event['N'] == 1"), YES).match is not None


@each_failure
def test_filters_that_fail_are_an_error_and_the_rule_is_not_called(failure: str) -> None:
    if failure == "return 5":
        return
    (error,) = filtered(function("filters", failure), function("rule", "raise OSError")).errors
    assert error.function == "filters"


def test_a_rule_without_filters_has_no_module_of_them() -> None:
    assert execute_filters(make_rule("The.Rule", YES)) is None


# -- between processes -------------------------------------------------------------------------------------


@each_failure
def test_a_verdict_can_be_sent_to_another_process_whatever_the_rule_did(failure: str) -> None:
    own = "class Own(str):\n    pass\nclass Broken(Exception):\n    def __repr__(self):\n        return Own('x')\n"
    for body in (
        function("rule", failure),
        function("rule", "raise Broken"),
        YES + "".join(function(name, failure) for name in AUXILIARY),
        YES + "".join(function(name, "raise Broken") for name in AUXILIARY),
        YES + "".join(function(name, "return Own('low')") for name in AUXILIARY),
        YES + function("destinations", "return [Own('a')]"),
    ):
        verdict = run(own + body)
        assert pickle.loads(pickle.dumps(verdict)) == verdict


def test_a_hostile_module_getattr_fails_functions_and_no_more() -> None:
    verdict = run(YES + "def __getattr__(name):\n    raise ValueError(name)\n", **CONFIGURED)
    assert verdict.match is not None
    assert verdict.match.title == "The.Rule"
    assert len(verdict.match.fallbacks) == 8
