"""Python source of simple detections and inline filters, for values that have passed their form.

The source is what the engine runs, and what is read by those who want to know what a detection does. Texts
of the YAML stand in it as literals alone.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from trailcam.rules.conditions import runtime
from trailcam.rules.conditions.access import EVENT, access, items_of
from trailcam.rules.conditions.expressions import (
    TRUE,
    WIDTH,
    Atom,
    Expression,
    Wrapped,
    joined,
    literal,
    negated,
    only_one,
    written,
)
from trailcam.rules.conditions.finding import Step
from trailcam.rules.conditions.paths import Enriched, steps_of, title_parts
from trailcam.rules.conditions.table import ABSOLUTE, CONDITIONS, LIST_CONDITIONS, Condition
from trailcam.rules.functions import DEFAULT

_PRESENCE = ("Exists", "DoesNotExist")


def detection_source(value: Mapping[str, Any]) -> str:
    """The module of a simple detection whose keys fit `DETECTION_KEYS`; other keys are not looked at.

    It defines `rule` and, where their keys are given and not empty, `title`, `dedup`, `severity` and
    `alert_context`.

    >>> print(detection_source({"Detection": [{"Key": "a", "Condition": "Equals", "Value": 1}]}), end="")
    def rule(event):
        return event.get("a") == 1
    """
    functions = [_function("rule", _return(_all(value["Detection"], EVENT)))]
    if title := value.get("AlertTitle"):
        functions.append(_function("title", _title(title)))
    if group_by := value.get("GroupBy"):
        functions.append(_function("dedup", _listed("return dedup_string(", ")", map(_value, group_by))))
    if severities := value.get("DynamicSeverities"):
        functions.append(_function("severity", _severity(severities)))
    if context := value.get("AlertContext"):
        pairs = [f"{literal(item['KeyName'])}: {_value(item['KeyValue'])}" for item in context]
        functions.append(_function("alert_context", _listed("return {", "}", pairs)))
    return _module(functions)


def filter_source(filters: Sequence[Mapping[str, Any]]) -> str:
    """The module of inline filters that fit `FILTERS`: it defines `filters(event)`, true for what may pass.

    Empty when the filters let everything pass.

    >>> print(filter_source([{"Key": "a", "Condition": "IsIn", "Values": ["x"]}]), end="")
    from trailcam.rules.conditions.runtime import any_of
    <BLANKLINE>
    <BLANKLINE>
    def filters(event):
        return event.get("a") in any_of("x")
    """
    expression = _all(filters, EVENT)
    return "" if expression == TRUE else _module([_function("filters", _return(expression))])


def _all(expressions: Sequence[Mapping[str, Any]], base: str) -> Expression:
    """All of the expressions, in their order; of none, truth."""
    return joined("and", [_expression(value, base) for value in expressions])


def _expression(value: Mapping[str, Any], base: str) -> Expression:
    for name, join in _JOINS.items():
        if name in value:
            parts = [_expression(part, base) for part in value[name]]
            return join(parts) if parts else TRUE
    name = value["Condition"]
    if name in ABSOLUTE:
        return Atom(ABSOLUTE[name])
    if name in LIST_CONDITIONS:
        return _of_items(name, value, base)
    condition = CONDITIONS[name]
    values = value.get("Values")
    if values and isinstance(values[0], dict):
        return _between(condition, values, base)
    return _of_value(condition, value, base)


_JOINS: Mapping[str, Callable[[Sequence[Expression]], Expression]] = {
    "All": lambda parts: joined("and", parts),
    "Any": lambda parts: joined("or", parts),
    "OnlyOne": only_one,
    "None": lambda parts: negated(joined("or", parts)),
}


def _of_value(condition: Condition, value: Mapping[str, Any], base: str) -> Expression:
    """A condition on a field; of a field with many values, a positive one is met by any of them."""
    field = access(base, steps_of(value))
    operands = value["Values"] if "Values" in value else [value["Value"]] if "Value" in value else []
    given = ", ".join(map(literal, operands))
    if condition.name in _PRESENCE:
        return Atom(field.missing if condition.negated else field.there)
    if field.many:
        holds = condition.holds.format(value="value", given=given)
        some = f"any({holds} for value in {field.code})"
        return Atom(f"not {some}" if condition.negated else some)
    text = condition.fails if condition.negated else condition.holds
    return Atom(text.format(value=field.code, given=given))


def _between(condition: Condition, keys: Sequence[Mapping[str, Any]], base: str) -> Expression:
    """A condition on two fields."""
    first, second = (access(base, steps_of(key)).code for key in keys)
    holds = condition.between.format(value=first, given=second)
    return Atom(f"not {holds}" if condition.negated else holds)


def _of_items(name: str, value: Mapping[str, Any], base: str) -> Expression:
    item = "item" if base == EVENT else f"item{int(base.removeprefix('item') or 1) + 1}"
    tail = f"for {item} in {items_of(base, steps_of(value))}"
    opening, closing = {
        "AnyElement": ("any(", ")"),
        "AllElements": ("every(", ")"),
        "NoElement": ("not any(", ")"),
        "OnlyOneElement": ("sum(", ") == 1"),
    }[name]
    return Wrapped(opening, (_all(value["Expressions"], item),), closing, tail)


def _title(template: str) -> str:
    parts = title_parts(template)
    fields = [f"shown({_value_at(part)})" for part in parts if not isinstance(part, str)]
    text = "".join(part if isinstance(part, str) else "{}" for part in parts)
    return _listed(f"return {literal(text)}.format(", ")", fields) if fields else f"return {literal(text)}"


def _severity(severities: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for dynamic in severities:
        condition = written(_all(dynamic["Conditions"], EVENT), depth=1)
        lines += [f"if {condition}:", f"    return {literal(dynamic['ChangeTo'].upper())}"]
    return "\n    ".join([*lines, f"return {literal(DEFAULT)}"])


def _value(specifier: Mapping[str, Any]) -> str:
    return _value_at(steps_of(specifier))


def _value_at(named: tuple[Step, ...] | Enriched | None) -> str:
    """Python for the value of a field of the event, for the list of its values where it may have many."""
    field = access(EVENT, named)
    return f"list({field.code})" if field.many else field.code


def _return(expression: Expression) -> str:
    return f"return {written(expression, depth=1)}"


def _listed(opening: str, closing: str, items: Iterable[str]) -> str:
    """A statement with a list of things in brackets: on one line where that is wide enough."""
    pieces = list(items)
    line = f"{opening}{', '.join(pieces)}{closing}"
    if len(line) + 4 <= WIDTH:
        return line
    return "\n".join([opening, *(f"        {piece}," for piece in pieces), f"    {closing}"])


def _function(name: str, statements: str) -> str:
    return f"def {name}(event):\n    {statements}\n"


def _module(functions: Sequence[str]) -> str:
    """The functions below the import of what they use."""
    body = "\n\n".join(functions)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    names = [name for name in runtime.__all__ if name in used]
    if not names:
        return body
    line = f"from {runtime.__name__} import {', '.join(names)}"
    if len(line) > WIDTH:
        line = "\n".join([f"from {runtime.__name__} import (", *(f"    {name}," for name in names), ")"])
    return f"{line}\n\n\n{body}"
