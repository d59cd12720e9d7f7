"""The Python of conditions is plain where it can be, and reads like a rule that a person wrote."""

from typing import Any

import pytest
from tests.support import make_rule

from trailcam.model.event import PantherEvent
from trailcam.model.severity import Severity
from trailcam.rules.conditions.form import DEEPEST
from trailcam.rules.conditions.source import detection_source, filter_source
from trailcam.rules.conditions.table import COMBINATORS, LIST_CONDITIONS
from trailcam.rules.functions import call_auxiliary, call_matcher
from trailcam.rules.modules import execute

ALWAYS = {"Condition": "AlwaysTrue"}
A = {"Key": "a", "Condition": "Equals", "Value": 1}
B = {"Key": "b", "Condition": "Equals", "Value": 1}
C = {"Key": "c", "Condition": "Equals", "Value": 1}


def functions(source: str) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(source, module)
    return module


def returned(*detection: dict[str, Any]) -> str:
    """What `rule` returns, where it says so on one line."""
    (line,) = [line for line in detection_source({"Detection": detection}).splitlines() if "return" in line]
    return line.removeprefix("    return ")


@pytest.mark.parametrize(
    ("expression", "python"),
    [
        ({"Key": "a", "Condition": "Equals", "Value": "x"}, 'event.get("a") == "x"'),
        ({"KeyPath": "a.b", "Condition": "DoesNotEqual", "Value": True}, 'event.deep_get("a", "b") != True'),
        ({"KeyPath": "a", "Condition": "IsNull"}, 'event.get("a") is None'),
        ({"DeepKey": ["a", "b.c"], "Condition": "IsNotNull"}, 'event.deep_get("a", "b.c") is not None'),
        ({"Key": "a", "Condition": "IsNullOrEmpty"}, 'event.get("a") in (None, "", [], {})'),
        ({"Key": "a", "Condition": "Exists"}, '"a" in event'),
        ({"Key": "a", "Condition": "DoesNotExist"}, '"a" not in event'),
        ({"KeyPath": "a.b", "Condition": "DoesNotExist"}, 'not exists(event, "a", "b")'),
        ({"Key": "a", "Condition": "IsIn", "Values": ["x", 5]}, 'event.get("a") in any_of("x", 5)'),
        ({"KeyPath": "a[1]", "Condition": "StartsWith", "Value": "x"}, 'starts_with(at(event, "a", 1), "x")'),
        (
            {"KeyPath": "a[*].b", "Condition": "DoesNotEqual", "Value": "x"},
            'not any(value == "x" for value in each(event, "a", EVERY, "b"))',
        ),
        (
            {"Enrichment": {"Table": "t", "Selector": "a.b", "FieldPath": "c.d"}, "Condition": "IsIPAddress"},
            'any(is_ip(value) for value in enriched(event, "t", "a.b", "c", "d"))',
        ),
        (
            {"Condition": "Equals", "Values": [{"Key": "a"}, {"KeyPath": "b.c"}]},
            'equals(event.get("a"), event.deep_get("b", "c"))',
        ),
        (
            {"Key": "a", "Condition": "NoElement", "Expressions": [{"Condition": "Equals", "Value": "x"}]},
            'not any(item == "x" for item in elements(event, "a"))',
        ),
        (
            {"Key": "a", "Condition": "OnlyOneElement", "Expressions": [{"Key": "b", "Condition": "Exists"}]},
            'sum(exists(item, "b") for item in elements(event, "a")) == 1',
        ),
        ({"None": [A, B]}, 'not (event.get("a") == 1 or event.get("b") == 1)'),
        ({"OnlyOne": [A, B]}, '(event.get("a") == 1, event.get("b") == 1).count(True) == 1'),
        (
            {"All": [A, {"Any": [B, C]}]},
            'event.get("a") == 1 and (event.get("b") == 1 or event.get("c") == 1)',
        ),
        (
            {"All": [A, {"All": [B, C]}]},
            'event.get("a") == 1 and event.get("b") == 1 and event.get("c") == 1',
        ),
    ],
)
def test_an_expression_is_written_as_a_person_would(expression: dict[str, Any], python: str) -> None:
    assert returned(expression) == python


def test_a_detection_is_a_whole_module() -> None:
    value = {
        "RuleID": "is not looked at",
        "Detection": [
            {"KeyPath": "userIdentity.type", "Condition": "Equals", "Value": "Root"},
            {
                "Any": [
                    {"Key": "eventName", "Condition": "StartsWith", "Value": word} for word in ("List", "Get")
                ]
            },
            {"Key": "sourceIPAddress", "Condition": "IsIPAddressPublic"},
        ],
        "AlertTitle": "Root from [{sourceIPAddress}]",
        "GroupBy": [{"Key": "sourceIPAddress"}, {"KeyPath": "userIdentity.accountId"}],
        "DynamicSeverities": [
            {"ChangeTo": "Critical", "Conditions": [{"Key": "errorCode", "Condition": "IsNull"}]}
        ],
        "AlertContext": [{"KeyName": "arns", "KeyValue": {"KeyPath": "resources[*].ARN"}}],
    }
    assert (
        detection_source(value)
        == """\
from trailcam.rules.conditions.runtime import (
    EVERY,
    dedup_string,
    each,
    is_public_ip,
    shown,
    starts_with,
)


def rule(event):
    return (
        event.deep_get("userIdentity", "type") == "Root"
        and (starts_with(event.get("eventName"), "List") or starts_with(event.get("eventName"), "Get"))
        and is_public_ip(event.get("sourceIPAddress"))
    )


def title(event):
    return "Root from [{}]".format(shown(event.get("sourceIPAddress")))


def dedup(event):
    return dedup_string(event.get("sourceIPAddress"), event.deep_get("userIdentity", "accountId"))


def severity(event):
    if event.get("errorCode") is None:
        return "CRITICAL"
    return "DEFAULT"


def alert_context(event):
    return {"arns": list(each(event, "resources", EVERY, "ARN"))}
"""
    )
    module = functions(detection_source(value))
    event = PantherEvent(
        {
            "userIdentity": {"type": "Root"},
            "eventName": "ListUsers",
            "sourceIPAddress": "8.8.8.8",
            "errorCode": "AccessDenied",
            "resources": [{"ARN": "x"}, {}],
        }
    )
    assert module["rule"](event) is True
    assert module["title"](event) == "Root from [8.8.8.8]"
    assert module["dedup"](event) == '["8.8.8.8",null]'
    assert module["severity"](event) == "DEFAULT"
    assert module["alert_context"](event) == {"arns": ["x"]}


def test_what_is_not_given_or_empty_is_not_defined() -> None:
    value = {
        "Detection": [ALWAYS],
        "AlertTitle": "",
        "GroupBy": [],
        "AlertContext": [],
        "DynamicSeverities": [],
    }
    assert detection_source(value) == "def rule(event):\n    return True\n"


@pytest.mark.parametrize(
    "filters", [[], [{"All": []}], [{"Any": []}, {"All": [{"Any": []}]}], [{"Any": [A, ALWAYS]}]]
)
def test_filters_that_let_everything_pass_are_none(filters: list[dict[str, Any]]) -> None:
    assert filter_source(filters) == ""


def test_filters_are_a_module_with_one_function() -> None:
    source = filter_source([{"All": []}, A, {"Any": [B, C]}])
    said = 'event.get("a") == 1 and (event.get("b") == 1 or event.get("c") == 1)'
    assert source == f"def filters(event):\n    return {said}\n"


def test_the_first_severity_whose_conditions_hold_counts() -> None:
    exists = [{"Key": "a", "Condition": "Exists"}]
    value = {
        "Detection": [ALWAYS],
        "DynamicSeverities": [
            {"ChangeTo": "Low", "Conditions": exists},
            {"ChangeTo": "High", "Conditions": exists},
        ],
    }
    severity = functions(detection_source(value))["severity"]
    assert (severity(PantherEvent({"a": 1})), severity(PantherEvent({}))) == ("LOW", "DEFAULT")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        ("", ""),
        (None, "<unknown>"),
        (True, "true"),
        (5, "5"),
        (1.5, "1.5"),
        (["a", 1, None], "a, 1, <unknown>"),
        ([["a"], {"b": None}], '["a"], {"b":null}'),
        ({"b": 1, "a": ["é"]}, '{"a":["é"],"b":1}'),
        ([10**5000], "<int>"),
    ],
)
def test_a_title_shows_a_value_in_words(value: Any, text: str) -> None:
    title = functions(detection_source({"Detection": [ALWAYS], "AlertTitle": "<{f}>"}))["title"]
    assert title(PantherEvent({"f": value})) == f"<{text}>"


def test_a_title_without_fields_is_a_text() -> None:
    assert (
        functions(detection_source({"Detection": [ALWAYS], "AlertTitle": "all"}))["title"](PantherEvent({}))
        == "all"
    )


def test_two_combinations_of_values_never_share_a_dedup_string() -> None:
    value = {"Detection": [ALWAYS], "GroupBy": [{"Key": "a"}, {"Key": "b"}]}
    dedup = functions(detection_source(value))["dedup"]
    events: list[dict[str, Any]] = [
        {},
        {"a": "null"},
        {"a": "x", "b": "y"},
        {"a": 'x","y'},
        {"a": ["x", "y"]},
        {"a": 5},
        {"a": "5"},
    ]
    assert len({dedup(PantherEvent(event)) for event in events}) == len(events)


@pytest.mark.parametrize("around", [*COMBINATORS, *LIST_CONDITIONS])
def test_the_deepest_tree_that_may_be_written_is_python(around: str) -> None:
    expression: dict[str, Any] = A
    for _ in range(DEEPEST):
        if around in COMBINATORS:
            expression = {around: [{"Any": [expression, B]}, {"All": [B, C]}]}
        else:
            expression = {"KeyPath": "a[*].b", "Condition": around, "Expressions": [expression, B]}
    rule = functions(detection_source({"Detection": [expression]}))["rule"]
    assert rule(PantherEvent({"a": [{"b": 1}]})) in (True, False)


def test_what_is_too_long_for_a_line_takes_more() -> None:
    long = [
        {"KeyPath": f"{'a' * 30}.{letter * 30}", "Condition": "Contains", "Value": "x" * 30}
        for letter in "bc"
    ]
    either = {"None": [{"All": long}, {"OnlyOne": [{"Any": long}, *long]}, A]}
    item = {"Key": "list", "Condition": "AllElements", "Expressions": [*long, either]}
    source = detection_source({"Detection": [*long, either, item], "GroupBy": long})
    contained = 'contains(event.deep_get("{}", "{}"), "{}")'.format("a" * 30, "b" * 30, "x" * 30)
    assert max(map(len, source.splitlines())) < 8 * 4 + len(contained) + 8
    event = {"a" * 30: {"b" * 30: "x" * 30}, "list": [{"a" * 30: {"b" * 30: "x" * 30}}]}
    module = functions(source)
    assert module["rule"](PantherEvent(event)) is False
    assert module["dedup"](PantherEvent(event)) == f'["{"x" * 30}",null]'


def test_the_engine_runs_a_detection_like_any_rule() -> None:
    value = {
        "Detection": [{"KeyPath": "who.name", "Condition": "Contains", "Value": "ann"}],
        "AlertTitle": "by {who.name}",
        "GroupBy": [{"Key": "who"}],
        "DynamicSeverities": [{"ChangeTo": "Low", "Conditions": [A]}],
        "AlertContext": [{"KeyName": "who", "KeyValue": {"Key": "who"}}],
    }
    module = execute(make_rule("Example.Simple", detection_source(value)))
    event = PantherEvent({"who": {"name": "jo"}, "a": 1})
    assert call_matcher(module, event) is False
    event = PantherEvent({"who": {"name": "joann"}, "a": 1})
    assert call_matcher(module, event) is True
    outputs = call_auxiliary(module, event)
    assert {name: output.error for name, output in outputs.items() if output.error} == {}
    assert {name: output.value for name, output in outputs.items()} == {
        "title": "by joann",
        "severity": Severity.LOW,
        "dedup": '[{"name":"joann"}]',
        "alert_context": '{"who": {"name": "joann"}}',
    }
