"""What may be written in `Detection`, `InlineFilters` and the keys of YAML that make alerts of matches.

Everything that is wrong is told at once, each at its place; what has passed can be made into Python.

Source: https://docs.panther.com/detections/rules/writing-simple-detections (read 2026-11-28), and the files
named in `table` and `paths`.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from trailcam.errors import nearest
from trailcam.forms import NAME, TEXT, Form, Key, Kind, ListOf, Plain, Report, describe, same_text
from trailcam.rules.conditions.comparing import network
from trailcam.rules.conditions.finding import EVERY
from trailcam.rules.conditions.paths import MOST_DIGITS, MOST_STEPS, BadPath, parse, title_parts
from trailcam.rules.conditions.table import (
    ABSOLUTE,
    COMBINATORS,
    CONDITIONS,
    LIST_CONDITIONS,
    NEVER_IN_FILTERS,
    Takes,
)
from trailcam.rules.values import SEVERITY
from trailcam.yaml12 import Steps

DEEPEST = 20
"""Levels of combinators and list conditions in each other; Python allows 200 brackets."""

_NESTING = frozenset({*COMBINATORS, "Expressions"})
_MOST_BITS = 13_000  # Python writes integers up to 4,300 digits


@dataclass(frozen=True, slots=True)
class Path:
    """A path of names, with or without `[*]` in it."""

    many: bool = True
    expected: str = "a path such as a.b, a.b[2] or a[*].b"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what is no path, and why."""
        if not isinstance(value, str):
            _report(self.expected, describe(value), steps, report)
            return
        try:
            parsed = parse(value)
        except BadPath as bad:
            _report(self.expected, describe(value), steps, report, str(bad))
            return
        if not self.many and EVERY in parsed:
            _report(
                "a path without [*]",
                describe(value),
                steps,
                report,
                "two keys are compared as one value each",
            )


@dataclass(frozen=True, slots=True)
class Title:
    """A text with names of fields in braces."""

    expected: str = "a text with fields in braces, such as {a.b}"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports braces that do not close and names that are none."""
        if not isinstance(value, str):
            _report(self.expected, describe(value), steps, report)
            return
        try:
            title_parts(value)
        except BadPath as bad:
            _report(self.expected, describe(value), steps, report, str(bad))


@dataclass(frozen=True, slots=True)
class DeepKey:
    """A list of names and indexes, the first a name."""

    expected: str = "a list of names and indexes, the first a name"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what is no such list, and every item that is neither."""
        if not isinstance(value, list) or not 0 < len(value) <= MOST_STEPS:
            _report(self.expected, describe(value), steps, report)
            return
        for position, item in enumerate(value):
            is_index = isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 10**MOST_DIGITS
            if not (isinstance(item, str) and item) and not (is_index and position):
                expected = "a name or an index from 0" if position else "a name"
                _report(expected, describe(item), (*steps, position), report)


@dataclass(frozen=True, slots=True)
class Expression:
    """A match expression: a condition on a value, or a combinator with expressions in it.

    `in_filter` are those of inline filters, `of_item` those inside of a list condition, which may leave the
    key out to speak of the item itself.
    """

    in_filter: bool = False
    of_item: bool = False
    expected: str = "a match expression"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what is wrong with an expression and with all inside of it."""
        if not isinstance(value, dict):
            _report("a mapping (a match expression)", describe(value), steps, report)
        elif sum(step in _NESTING for step in steps) > DEEPEST:
            report("bad_value", steps, f"expressions are nested deeper than {DEEPEST} levels", "")
        elif any(isinstance(key, str) and key in COMBINATORS for key in value):
            self._combinator(value, steps, report)
        else:
            self._condition(value, steps, report)

    def _combinator(self, value: Mapping[Any, Any], steps: Steps, report: Report) -> None:
        refused = [
            name for name in COMBINATORS if name in value and self.in_filter and name in NEVER_IN_FILTERS
        ]
        for name in refused:
            report("bad_value", (*steps, name), f'"{name}" cannot be used in inline filters', "")
        if refused:
            return
        name = next(name for name in COMBINATORS if name in value)
        inside = ListOf(self, least=0 if self.in_filter else 1)  # an empty filter stands for none
        keys = {known: Key(inside) for known in COMBINATORS}
        form = Form(f"a match expression with {name}", keys, exactly_one=(tuple(COMBINATORS),))
        form.check(value, steps, report)

    def _condition(self, value: Mapping[str, Any], steps: Steps, report: Report) -> None:
        name = value.get("Condition")
        known = [*CONDITIONS, *ABSOLUTE, *LIST_CONDITIONS]
        if self.in_filter:
            known = [condition for condition in known if condition not in NEVER_IN_FILTERS]
        if isinstance(name, str) and name in known:
            self._form(name, value).check(value, steps, report)
            return
        if "Condition" in value:
            here: Steps = (*steps, "Condition")
            if self.in_filter and isinstance(name, str) and name in NEVER_IN_FILTERS:
                report("bad_value", here, f'"{name}" cannot be used in inline filters', "")
            else:
                hint = nearest(name, known) if isinstance(name, str) else ""
                hint = hint or "docs/simple-detections.md lists the conditions"
                _report("the name of a condition", describe(name), here, report, hint)
        given = {
            "Condition": Key(TEXT, required="Condition" not in value),
            "Value": Key(_ANY),
            "Values": Key(_ANY),
        }
        checked = {key: item for key, item in value.items() if key != "Condition"}
        keys = {
            **given,
            **_keys(Path()),
            "Expressions": Key(ListOf(Expression(self.in_filter, of_item=True))),
        }
        Form("a match expression", keys).check(checked, steps, report)

    def _form(self, name: str, value: Mapping[str, Any]) -> Form:
        condition = {"Condition": Key(TEXT, required=True)}
        called = f"a match expression with {name}"
        if name in ABSOLUTE:
            return Form(called, condition)
        if name in LIST_CONDITIONS:
            inside = ListOf(Expression(self.in_filter, of_item=True), least=1)
            return self._of_key(called, {**condition, "Expressions": Key(inside, required=True)}, value)
        takes = CONDITIONS[name].takes
        if takes is Takes.NOTHING:
            return self._of_key(called, condition, value)
        values = value.get("Values")
        if (
            CONDITIONS[name].compares
            and isinstance(values, list)
            and any(isinstance(item, dict) for item in values)
        ):
            return Form(called, {**condition, "Values": Key(_TWO_KEYS)})
        if takes is Takes.SCALARS:
            return self._of_key(
                called, {**condition, "Values": Key(ListOf(_SCALAR, 1), required=True)}, value
            )
        kind = _GIVEN[takes]
        if takes in (Takes.NETWORKS, Takes.ADDRESSES):
            keys = {**condition, "Value": Key(kind), "Values": Key(ListOf(kind, 1))}
            return self._of_key(called, keys, value, groups=(("Value", "Values"),))
        return self._of_key(called, {**condition, "Value": Key(kind, required=True)}, value)

    def _of_key(
        self,
        called: str,
        keys: Mapping[str, Key],
        value: Mapping[str, Any],
        *,
        groups: tuple[tuple[str, ...], ...] = (),
    ) -> Form:
        may_be_absent = self.of_item and not any(name in value for name in _KEY_NAMES)
        needed = groups if may_be_absent else (*groups, _KEY_NAMES)
        return Form(called, {**keys, **_keys(Path())}, exactly_one=needed)


@dataclass(frozen=True, slots=True)
class _TwoKeys:
    expected: str = "a list of two keys"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        if not isinstance(value, list) or len(value) != 2:
            _report(self.expected, describe(value), steps, report)
            return
        keys = {name: key for name, key in _keys(Path(many=False)).items() if name != "Enrichment"}
        form = Form("a key", keys, exactly_one=(tuple(keys),))
        for index, item in enumerate(value):
            form.check(item, (*steps, index), report)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= _MOST_BITS
    return isinstance(value, str) or (isinstance(value, float) and isfinite(value))


def _is_ip(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def _keys(path: Kind) -> dict[str, Key]:
    return {
        "Key": Key(NAME, doc="A field at the top of the event."),
        "KeyPath": Key(path, doc="A field by its path."),
        "DeepKey": Key(DeepKey(), doc="A field by a list of names and indexes."),
        "Enrichment": Key(_ENRICHMENT, doc="A field of what a lookup table says."),
    }


def _report(expected: str, found: str, steps: Steps, report: Report, hint: str = "") -> None:
    place = ".".join(str(step) for step in steps) or "the document"
    report("bad_value", steps, f"{place} must be {expected}; found {found}", hint)


_ANY = Plain("anything", lambda _: True)
_SCALAR = Plain("a text, a finite number, or true or false", _is_scalar)
_PART = Plain(
    "a non-empty text, a finite number, or true or false", lambda value: _is_scalar(value) and value != ""
)
_NUMBER = Plain(
    "a finite number",
    lambda value: _is_scalar(value) and not isinstance(value, str | bool),
)
_GIVEN: Mapping[Takes, Kind] = {
    Takes.SCALAR: _SCALAR,
    Takes.PART: _PART,
    Takes.TEXT: NAME,
    Takes.NUMBER: _NUMBER,
    Takes.NETWORKS: Plain(
        "a network such as 10.0.0.0/8 or an IP address", lambda value: network(value) is not None
    ),
    Takes.ADDRESSES: Plain("an IP address", _is_ip),
}
_ENRICHMENT = Form(
    "an enrichment",
    {
        "Table": Key(NAME, required=True, doc="The name of the lookup table."),
        "Selector": Key(NAME, required=True, doc="The field of the event that was looked up, as one name."),
        "FieldPath": Key(Path(), required=True, doc="A field of the row."),
    },
)
_KEY_NAMES = ("Key", "KeyPath", "DeepKey", "Enrichment")
_TWO_KEYS = _TwoKeys()
_KEY = Form("a key", _keys(Path()), exactly_one=(_KEY_NAMES,))


def _same_name(item: Any) -> str | None:
    return same_text(item.get("KeyName")) if isinstance(item, dict) else None


DETECTION = ListOf(Expression(), least=1)
"""The match expressions of `Detection`: one or more, all of which must hold."""

FILTERS = ListOf(Expression(in_filter=True))
"""The match expressions of `InlineFilters`; none, or an empty `All`, lets every event through."""

DETECTION_KEYS: Mapping[str, Key] = {
    "Detection": Key(DETECTION, required=True, doc="Match expressions, all of which must hold."),
    "AlertTitle": Key(Title(), doc="The title of an alert, with fields in braces."),
    "GroupBy": Key(ListOf(_KEY), doc="Fields whose values make one alert of many matches."),
    "AlertContext": Key(
        ListOf(
            Form(
                "an item of the alert context",
                {
                    "KeyName": Key(NAME, required=True, doc="What the value is called in the alert."),
                    "KeyValue": Key(_KEY, required=True, doc="The field."),
                },
            ),
            alike=_same_name,
        ),
        doc="Fields that an alert shows, under names of their own.",
    ),
    "DynamicSeverities": Key(
        ListOf(
            Form(
                "a dynamic severity",
                {
                    "ChangeTo": Key(SEVERITY, required=True, doc="The severity then."),
                    "Conditions": Key(DETECTION, required=True, doc="Expressions, all of which must hold."),
                },
            )
        ),
        doc="Other severities; the first whose conditions hold counts.",
    ),
}
"""The keys that a simple detection has beside the metadata of all rules."""
