"""What match expressions say of an event, by a plain interpreter that shares nothing with what it judges.

It walks plain dicts and lists and knows nothing of Python source.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any


def holds(expressions: list[dict[str, Any]], event: Any) -> bool:
    """Whether all expressions of a list hold."""
    return all(_holds(expression, event) for expression in expressions)


def severity(severities: list[dict[str, Any]], event: Any) -> str:
    """What dynamic severities make of a match."""
    for dynamic in severities:
        if holds(dynamic["Conditions"], event):
            return str(dynamic["ChangeTo"].upper())
    return "DEFAULT"


def _holds(expression: dict[str, Any], node: Any) -> bool:
    for combinator in ("All", "Any", "OnlyOne", "None"):
        if combinator in expression:
            met = sum(_holds(part, node) for part in expression[combinator])
            wanted = {
                "All": met == len(expression[combinator]),
                "Any": met > 0 or not expression[combinator],
                "OnlyOne": met == 1,
                "None": met == 0,
            }
            return wanted[combinator]
    name = expression["Condition"]
    if name in ("AlwaysTrue", "AlwaysFalse"):
        return bool(name == "AlwaysTrue")
    if name in ("AnyElement", "AllElements", "NoElement", "OnlyOneElement"):
        return _of_items(name, expression, node)
    positive, negated = _POSITIVE[name]
    if isinstance(expression.get("Values"), list) and isinstance(expression["Values"][0], dict):
        first, second = ([*_values(key, node)[0], None][0] for key in expression["Values"])
        met_between = first is not None and second is not None and _CHECKS[positive](first, [second])
        return bool(met_between) is not negated
    given = expression.get("Values", [expression["Value"]] if "Value" in expression else [])
    values, _ = _values(expression, node)
    if positive == "Exists":
        return bool(values) is not negated
    met = any(value is not None and _CHECKS[positive](value, given) for value in values)
    return met is not negated


def _of_items(name: str, expression: dict[str, Any], node: Any) -> bool:
    values, many = _values(expression, node)
    items: list[Any] = []
    for value in values:
        if isinstance(value, list):
            items += value
        elif many:
            items.append(value)
    answers = [holds(expression["Expressions"], item) for item in items]
    return {
        "AnyElement": True in answers,
        "AllElements": answers != [] and False not in answers,
        "NoElement": True not in answers,
        "OnlyOneElement": answers.count(True) == 1,
    }[name]


def _values(specifier: dict[str, Any], node: Any) -> tuple[list[Any], bool]:
    """The values that a key names, and whether it is one of those that may name many."""
    if "Key" in specifier:
        return _walk([node], [specifier["Key"]]), False
    if "KeyPath" in specifier:
        steps = _path(specifier["KeyPath"])
        return _walk([node], steps), _ALL in steps
    if "DeepKey" in specifier:
        return _walk([node], specifier["DeepKey"]), False
    if "Enrichment" in specifier:
        named = specifier["Enrichment"]
        rows = _walk([node], ["p_enrichment", named["Table"], named["Selector"]])
        rows = [row for found in rows for row in (found if isinstance(found, list) else [found])]
        return _walk([row for row in rows if row is not None], _path(named["FieldPath"])), True
    return [node], False


_ALL = ("all items",)


def _path(text: str) -> list[Any]:
    steps: list[Any] = []
    for token in re.findall(r"\[\*\]|\[\d+\]|[^.\[\]]+", text):
        steps.append(_ALL if token == "[*]" else int(token[1:-1]) if token[0] == "[" else token)
    return steps


def _walk(nodes: list[Any], steps: list[Any]) -> list[Any]:
    for step in steps:
        nodes = [child for node in nodes for child in _children(node, step)]
    return nodes


def _children(node: Any, step: Any) -> Iterator[Any]:
    if step is _ALL:
        yield from node if isinstance(node, list) else []
    elif isinstance(step, int):
        yield from node[step : step + 1] if isinstance(node, list) else []
    elif isinstance(node, dict):
        same = [key for key in node if key == step] or [key for key in node if key.lower() == step.lower()]
        yield from [node[key] for key in same[:1]]


def _texts(check: Callable[[str, str], bool], *, fold: bool = False) -> Callable[[Any, list[Any]], bool]:
    def checked(value: Any, given: list[Any]) -> bool:
        if not isinstance(value, str) or not isinstance(given[0], str):
            return False
        return check(value.lower(), given[0].lower()) if fold else check(value, given[0])

    return checked


def _numbers(check: Callable[[Any, Any], bool]) -> Callable[[Any, list[Any]], bool]:
    def checked(value: Any, given: list[Any]) -> bool:
        return {type(value), type(given[0])} <= {int, float} and check(value, given[0])

    return checked


def _contains(value: Any, given: list[Any], fold: bool = False) -> bool:
    def folded(any_value: Any) -> Any:
        return any_value.lower() if fold and isinstance(any_value, str) else any_value

    part = folded(given[0])
    inside = [folded(item) for item in value] if isinstance(value, list) else []
    texts = [text for text in [*inside, folded(value)] if isinstance(text, str)]
    return part in inside or (isinstance(part, str) and any(part in text for text in texts))


def _ip(check: Callable[[Any], bool]) -> Callable[[Any, list[Any]], bool]:
    def checked(value: Any, given: list[Any]) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return bool(check(ipaddress.ip_address(value)))
        except ValueError:
            return False

    return checked


def _shares(value: Any, given: list[Any]) -> bool:
    for other in given:
        if not isinstance(value, str) or not isinstance(other, str):
            return False
        try:
            own, theirs = (ipaddress.ip_network(text, strict=False) for text in (value, other))
        except ValueError:
            continue
        if own.version == theirs.version and (
            int(own[0]) <= int(theirs[-1]) and int(theirs[0]) <= int(own[-1])
        ):
            return True
    return False


_CHECKS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "Exists": lambda value, given: True,
    "IsNotNull": lambda value, given: True,
    "IsNotNullOrEmpty": lambda value, given: not isinstance(value, str | list | dict) or len(value) > 0,
    "Equals": lambda value, given: bool(value == given[0]),
    "IEquals": _texts(lambda value, given: value == given, fold=True),
    "StartsWith": _texts(lambda value, given: value[: len(given)] == given),
    "IStartsWith": _texts(lambda value, given: value[: len(given)] == given, fold=True),
    "EndsWith": _texts(lambda value, given: value[max(len(value) - len(given), 0) :] == given),
    "IEndsWith": _texts(lambda value, given: value[max(len(value) - len(given), 0) :] == given, fold=True),
    "Contains": _contains,
    "IContains": lambda value, given: _contains(value, given, fold=True),
    "IsGreaterThan": _numbers(lambda value, given: value > given),
    "IsGreaterThanOrEqual": _numbers(lambda value, given: value >= given),
    "IsLessThan": _numbers(lambda value, given: value < given),
    "IsLessThanOrEqual": _numbers(lambda value, given: value <= given),
    "IsIn": lambda value, given: any(
        item in given for item in (value if isinstance(value, list) else [value])
    ),
    "IsIPAddress": _ip(lambda address: True),
    "IsIPv4Address": _ip(lambda address: address.version == 4),
    "IsIPv6Address": _ip(lambda address: address.version == 6),
    "IsIPAddressPublic": _ip(lambda address: address.is_global),
    "IsIPAddressPrivate": _ip(lambda address: address.is_private),
    "IsIPAddressInCIDR": _shares,
    "CIDRContainsIPAddresses": _shares,
}

_NEGATIONS = {
    "DoesNotExist": "Exists",
    "IsNull": "IsNotNull",
    "IsNullOrEmpty": "IsNotNullOrEmpty",
    "DoesNotEqual": "Equals",
    "IDoesNotEqual": "IEquals",
    "DoesNotStartWith": "StartsWith",
    "IDoesNotStartWith": "IStartsWith",
    "DoesNotEndWith": "EndsWith",
    "IDoesNotEndWith": "IEndsWith",
    "DoesNotContain": "Contains",
    "IDoesNotContain": "IContains",
    "IsNotIn": "IsIn",
    "IsNotIPAddress": "IsIPAddress",
    "IsNotIPv4Address": "IsIPv4Address",
    "IsNotIPv6Address": "IsIPv6Address",
    "IsIPAddressNotPublic": "IsIPAddressPublic",
    "IsIPAddressNotPrivate": "IsIPAddressPrivate",
    "IsIPAddressNotInCIDR": "IsIPAddressInCIDR",
    "CIDRDoesNotContainIPAddresses": "CIDRContainsIPAddresses",
}

_POSITIVE: dict[str, tuple[str, bool]] = {
    **{name: (name, False) for name in _CHECKS},
    **{name: (positive, True) for name, positive in _NEGATIONS.items()},
    "IsGreaterThanOrEquals": ("IsGreaterThanOrEqual", False),
    "IsLessThanOrEquals": ("IsLessThanOrEqual", False),
}
"""By name: the condition whose check decides, and whether it must fail."""

CONDITIONS = frozenset(_POSITIVE)
