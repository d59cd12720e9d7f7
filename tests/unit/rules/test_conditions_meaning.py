"""Each condition, with every kind of value it may take, says of every kind of value what it means."""

from typing import Any

import pytest
from tests.unit.rules import conditions_oracle as oracle

from trailcam.model.event import PantherEvent
from trailcam.rules.conditions.source import detection_source
from trailcam.rules.conditions.table import CONDITIONS, Takes

SCALARS = ("", "a", "B", "b", "5", 5, 5.0, 1, 0, True, False, "8.8.8.8")
GIVEN: dict[Takes, tuple[dict[str, Any], ...]] = {
    Takes.NOTHING: ({},),
    Takes.SCALAR: tuple({"Value": value} for value in SCALARS),
    Takes.PART: tuple({"Value": value} for value in SCALARS if value != ""),
    Takes.TEXT: tuple({"Value": value} for value in ("a", "B", "ab", "5", "ß")),
    Takes.NUMBER: tuple({"Value": value} for value in (5, 5.5, -1, 10**30)),
    Takes.SCALARS: ({"Values": ["a", 5]}, {"Values": ["", False]}, {"Values": ["8.8.8.8"]}),
    Takes.NETWORKS: (
        {"Value": "10.0.0.0/8"},
        {"Value": "10.1.2.3/16"},
        {"Values": ["192.0.2.0/24", "::1"]},
        {"Value": "0.0.0.0/0"},
        {"Value": "2001:db8::/32"},
    ),
    Takes.ADDRESSES: ({"Value": "10.1.2.3"}, {"Values": ["8.8.8.8", "2001:db8::1"]}),
}
ADDRESSES = (
    "8.8.8.8",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "192.0.2.7",
    "::1",
    "2001:db8::1",
    "2606:4700::1111",
)
NO_ADDRESSES = (
    "10.0.0.0/8",
    "10.0.0.0/33",
    "2001:db8::/32",
    "1.2.3",
    "08.8.8.8",
    "fe80::1%eth0",
    "1" * 100,
    "::",
)
VALUES: tuple[Any, ...] = (
    *(*SCALARS, *ADDRESSES, *NO_ADDRESSES),
    *(
        "ab",
        "Ab",
        "ba",
        "BA",
        "aba",
        "ß",
        "SS",
        4,
        6,
        5.5,
        -1,
        10**30,
        10**400,
        1e300,
        float("nan"),
        float("inf"),
    ),
    *([], [[]], ["a"], ["ab"], ["B", 5], [5], [True], [None], [["a"]], ["8.8.8.8"], [{}], [{"a": "a"}]),
    *({}, {"a": "a"}, {"": None}),
)
FEW: tuple[Any, ...] = ("a", "8.8.8.8", "10.0.0.0/8", 5, 6, True, None, [], ["a"], {"a": "a"})
EVENTS = ({}, {"f": None}, *({"f": value} for value in VALUES))


def rule(*detection: dict[str, Any]) -> Any:
    module: dict[str, Any] = {}
    exec(detection_source({"Detection": list(detection)}), module)
    return module["rule"]


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_says_of_any_value_what_it_means(name: str) -> None:
    for given in GIVEN[CONDITIONS[name].takes]:
        for key in (
            {"Key": "f"},
            {"KeyPath": "f[*]"},
            {"KeyPath": "f.a"},
            {"KeyPath": "f[0]"},
            {"KeyPath": "F"},
        ):
            expression = {**key, "Condition": name, **given}
            decide = rule(expression)
            for event in EVENTS:
                told = decide(PantherEvent(event))
                assert told is oracle.holds([expression], event), (expression, event)


@pytest.mark.parametrize("name", [name for name, condition in CONDITIONS.items() if condition.compares])
def test_a_condition_says_of_any_two_values_what_it_means(name: str) -> None:
    expression = {"Condition": name, "Values": [{"Key": "f"}, {"KeyPath": "g.h"}]}
    decide = rule(expression)
    for first in EVENTS:
        for second in FEW:
            event = {**first, "g": {"h": second}}
            assert decide(PantherEvent(event)) is oracle.holds([expression], event), event
        assert decide(PantherEvent(first)) is oracle.holds([expression], first), first


@pytest.mark.parametrize("name", ["AnyElement", "AllElements", "NoElement", "OnlyOneElement"])
@pytest.mark.parametrize("key", [{"Key": "f"}, {"KeyPath": "f[*]"}, {"KeyPath": "f[*].a"}])
def test_a_condition_on_a_list_says_of_its_items_what_it_means(name: str, key: dict[str, Any]) -> None:
    expression = {**key, "Condition": name, "Expressions": [{"Condition": "Contains", "Value": "a"}]}
    decide = rule(expression)
    lists = [[first, second] for first in FEW for second in FEW]
    for event in [*EVENTS, *({"f": items} for items in lists)]:
        assert decide(PantherEvent(event)) is oracle.holds([expression], event), event


def test_the_oracle_knows_the_conditions_of_the_table_and_no_other() -> None:
    assert set(CONDITIONS) == oracle.CONDITIONS


ROOT = {"user": {"type": "Root", "mfa": None}, "tags": ["prod", "eu"], "ip": "8.8.8.8", "n": 3}
MISSING = {"nothing": 1}


@pytest.mark.parametrize(
    ("expression", "of_root", "of_missing"),
    [
        ({"KeyPath": "user.type", "Condition": "Equals", "Value": "Root"}, True, False),
        ({"KeyPath": "user.type", "Condition": "DoesNotEqual", "Value": "Root"}, False, True),
        ({"KeyPath": "user.type", "Condition": "IEquals", "Value": "root"}, True, False),
        ({"KeyPath": "user.mfa", "Condition": "Exists"}, True, False),
        ({"KeyPath": "user.mfa", "Condition": "IsNull"}, True, True),
        ({"KeyPath": "user.mfa", "Condition": "DoesNotContain", "Value": "x"}, True, True),
        ({"Key": "tags", "Condition": "Contains", "Value": "ro"}, True, False),
        ({"Key": "tags", "Condition": "Contains", "Value": "PROD"}, False, False),
        ({"Key": "tags", "Condition": "IContains", "Value": "PROD"}, True, False),
        ({"Key": "tags", "Condition": "IsIn", "Values": ["us", "eu"]}, True, False),
        ({"Key": "tags", "Condition": "IsNotIn", "Values": ["us", "eu"]}, False, True),
        ({"Key": "tags", "Condition": "StartsWith", "Value": "prod"}, False, False),
        ({"Key": "ip", "Condition": "IsIPAddressPublic"}, True, False),
        ({"Key": "ip", "Condition": "IsIPAddressNotInCIDR", "Value": "8.0.0.0/8"}, False, True),
        ({"Key": "n", "Condition": "IsGreaterThanOrEqual", "Value": 3}, True, False),
        ({"Key": "n", "Condition": "IsLessThanOrEquals", "Value": 2.5}, False, False),
    ],
)
def test_examples_of_the_page(expression: dict[str, Any], of_root: bool, of_missing: bool) -> None:
    decide = rule(expression)
    assert decide(PantherEvent(ROOT)) is of_root
    assert decide(PantherEvent(MISSING)) is of_missing


def test_a_text_that_looks_like_a_number_is_none() -> None:
    decide = rule({"Key": "n", "Condition": "IsGreaterThan", "Value": 3})
    assert decide(PantherEvent({"n": "5"})) is False
    assert decide(PantherEvent({"n": 5})) is True


def test_two_keys_that_are_both_missing_are_not_equal() -> None:
    keys = [{"Key": "a"}, {"Key": "b"}]
    assert rule({"Condition": "Equals", "Values": keys})(PantherEvent({})) is False
    assert rule({"Condition": "DoesNotEqual", "Values": keys})(PantherEvent({})) is True
