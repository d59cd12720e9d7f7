"""What may be written in `Detection`, `InlineFilters` and the keys of YAML that make alerts of matches.

Everything that is wrong is told at once, each at its place; what has passed can be made into Python.

Source: https://docs.panther.com/detections/rules/writing-simple-detections (read 2026-11-28), and the files
named in `table` and `paths`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailcam.errors import nearest
from trailcam.forms import ANYTHING, NAME, TEXT, Form, Key, Kind, ListOf, Report, same_text, wrong
from trailcam.rules.conditions.kinds import GIVEN, SCALAR, DeepKey, Path, Title
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
            wrong("a mapping (a match expression)", value, steps, report)
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
                wrong("the name of a condition", name, here, report, hint)
        given = {
            "Condition": Key(TEXT, required="Condition" not in value),
            "Value": Key(ANYTHING),
            "Values": Key(ANYTHING),
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
            return self._of_key(called, {**condition, "Values": Key(ListOf(SCALAR, 1), required=True)}, value)
        kind = GIVEN[takes]
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
            wrong(self.expected, value, steps, report)
            return
        keys = {name: key for name, key in _keys(Path(many=False)).items() if name != "Enrichment"}
        form = Form("a key", keys, exactly_one=(tuple(keys),))
        for index, item in enumerate(value):
            form.check(item, (*steps, index), report)


def _keys(path: Kind) -> dict[str, Key]:
    return {
        "Key": Key(NAME, doc="A field at the top of the event."),
        "KeyPath": Key(path, doc="A field by its path."),
        "DeepKey": Key(DeepKey(), doc="A field by a list of names and indexes."),
        "Enrichment": Key(_ENRICHMENT, doc="A field of what a lookup table says."),
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
