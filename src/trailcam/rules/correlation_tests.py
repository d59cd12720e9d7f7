"""Inline tests of correlation rules: their form, and running one offline.

A test says for each step what matches its rule has made: `RuleOutputs: [{ID, Matches}]`, where `Matches` is
`{field: {value: [times]}}` and a time is minutes from the test's beginning or of RFC 3339.

**One match a value and time.** Each time in a list is a match of its own, also when it is there twice.
Fields of one output meet by time: the first match of a moment has each field's first value of that moment,
the second the second, and so on; of a field with one value at that moment all of its matches have it.

Source: the keys that panther-analysis-tool 1.11.1 takes, read 2026-11-28; it runs none of these tests itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from trailcam.errors import nearest
from trailcam.forms import NAME, TRUTH, Form, Key, ListOf, MappingOf, Plain
from trailcam.model.correlation import Correlation, Step, values_kept
from trailcam.model.derived import DerivedMatch, GroupValue, SourceMatch, groups_of
from trailcam.model.rule import RuleTest
from trailcam.model.timestamps import BEGINNING, DAY, LAST, MINUTE, Micros, parse, to_seconds
from trailcam.rules.inline_tests import TestResult

Correlate = Callable[[Correlation, Sequence[SourceMatch]], Sequence[DerivedMatch]]
"""Gives all that a rule says of matches: `trailcam.pipeline.correlate.correlate`."""

_MOST_MINUTES = LAST // MINUTE


def _is_minutes(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_MINUTES


def _is_time(value: Any) -> bool:
    return _is_minutes(value) or (isinstance(value, str) and parse(value) is not None)


_TIME = Plain("minutes from the beginning, or a time like 2026-01-31T10:00:00Z", _is_time)
_VALUE = Plain(
    "a text or a number", lambda value: isinstance(value, str | int | float) and not isinstance(value, bool)
)


def _output_id(output: Any) -> str | None:
    found = output.get("ID") if isinstance(output, dict) else None
    return found if isinstance(found, str) else None


_OUTPUT = Form(
    "the output of a step",
    {
        "ID": Key(NAME, required=True, doc="The ID of a step."),
        "Matches": Key(
            MappingOf(MappingOf(ListOf(_TIME), _VALUE), NAME),
            doc="By field, by value: when the step's rule matched, in minutes or times.",
        ),
    },
)

TEST_FORM = Form(
    "a test of a correlation rule",
    {
        "Name": Key(NAME, required=True, doc="What it shows."),
        "ExpectedResult": Key(TRUTH, required=True, doc="Whether the rule says anything."),
        "RuleOutputs": Key(
            ListOf(_OUTPUT, alike=_output_id), required=True, doc="What the steps' rules have matched."
        ),
    },
)


def correlation_test(test: dict[str, Any], *, line: int) -> RuleTest:
    """The model of a test that fits the form: its `event` is the list under `RuleOutputs`."""
    return RuleTest(name=test["Name"], expected=test["ExpectedResult"], event=test["RuleOutputs"], line=line)


def run_test(rule: Correlation, test: RuleTest, correlate: Correlate) -> TestResult:
    """Runs a test as if everything had arrived; where it fails, the reason counts what each step has."""
    reason = _unfit(rule, test.event)
    if not reason:
        matches = list(_matches(rule, test.event))
        said = correlate(rule, matches)
        if bool(said) is not test.expected:
            reason = _why_silent(rule, matches) if test.expected else _what_it_said(rule, said)
    return TestResult(
        rule_id=rule.rule_id, name=test.name, expected=test.expected, line=test.line, reason=reason
    )


# -- what the test says ------------------------------------------------------------------------------------


def _unfit(rule: Correlation, outputs: list[dict[str, Any]]) -> str:
    """Why the outputs can be none of this rule's; empty when they can."""
    steps = {step.id: step for step in rule.steps}
    for output in outputs:
        if output["ID"] not in steps:
            hint = nearest(output["ID"], steps) or f"steps: {', '.join(steps)}"
            return f'no step has the ID "{output["ID"]}"; {hint}'
        given = output.get("Matches", {})
        for field in sorted({field for fields in rule.fields[output["ID"]] for field in fields}):
            if given and field not in given:
                hint = nearest(field, given)
                told = f"; {hint.replace('did you mean', 'is it')}" if hint else ""
                return (
                    f'the matches of {output["ID"]} have no field "{field}", on which the rule matches{told}'
                )
    kinds = {isinstance(time, str) for output in outputs for _, _, time in _occurrences(output)}
    return "it has minutes and times; give all of one kind" if len(kinds) > 1 else ""


def _occurrences(output: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(field, value, time) in the order they are written in."""
    for field, by_value in output.get("Matches", {}).items():
        for value, times in by_value.items():
            for time in times:
                yield field, str(value), time


def _matches(rule: Correlation, outputs: list[dict[str, Any]]) -> Iterator[SourceMatch]:
    rules = {step.id: step.rule_id for step in rule.steps}
    for output in outputs:
        by_time: dict[Micros, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for field, value, time in _occurrences(output):
            by_time[_instant(time)][field].append(value)
        for instant, fields in by_time.items():
            for number in range(max(len(values) for values in fields.values())):
                held = {
                    field: values_kept([values[0] if len(values) == 1 else values[number]])
                    for field, values in fields.items()
                    if len(values) == 1 or number < len(values)
                }
                row_id = f"{output['ID']} {instant} {number}"
                yield SourceMatch(rule_id=rules[output["ID"]], row_id=row_id, event_time=instant, values=held)


def _instant(time: Any) -> Micros:
    instant = parse(time) if isinstance(time, str) else None
    return Micros(BEGINNING + round(time * MINUTE)) if instant is None else instant


# -- why it failed -----------------------------------------------------------------------------------------


def _why_silent(rule: Correlation, matches: Sequence[SourceMatch]) -> str:
    counts = _counts(rule, matches)
    if not counts:
        return "expected a match, got none: the test has no match with a value to group by"
    group = max(sorted(counts), key=lambda each: _steps_there(rule, counts[each]))
    told = ", ".join(
        f"{step.id} has {_of_needed(step, count)}"
        for step, count in zip(rule.steps, counts[group], strict=True)
    )
    there = _steps_there(rule, counts[group])
    if there == len(rule.steps):
        order = "in order and " if rule.is_sequence else ""
        told += f"; they are not {order}near enough to each other"
    return f"expected a match, got none: {_named(group)}{told}"


def _what_it_said(rule: Correlation, said: Sequence[DerivedMatch]) -> str:
    first = said[0]
    told = ", ".join(
        f"{each.step_id} has {_number(each.matches)} up to {_when(each.last.event_time)}"
        for each in first.evidence
    )
    absent = " and ".join(step.id for step in rule.steps if step.absent)
    missing = f", and {absent} is absent" if absent else ""
    return f"expected no match, got one: {_named(first.group)}{told}{missing}"


def _counts(rule: Correlation, matches: Sequence[SourceMatch]) -> dict[GroupValue, list[int]]:
    """By group, how many matches each step has."""
    counts: dict[GroupValue, list[int]] = {}
    for match in matches:
        for index, step in enumerate(rule.steps):
            if step.rule_id == match.rule_id:
                for group in groups_of(rule, step, match):
                    counts.setdefault(group, [0] * len(rule.steps))[index] += 1
    return counts


def _steps_there(rule: Correlation, counts: Sequence[int]) -> int:
    """How many steps are as they have to be, by their numbers alone."""
    return sum(
        count < step.least if step.absent else step.least <= count <= (step.most or count)
        for step, count in zip(rule.steps, counts, strict=True)
    )


def _of_needed(step: Step, count: int) -> str:
    if step.absent:
        return f"{_number(count)} and must be absent" if count >= step.least else _number(count)
    needs = f" of the {step.least} it needs" if count < step.least and step.least > 1 else ""
    limit = f" and may have {step.most}" if step.most is not None and count > step.most else ""
    return f"{_number(count)}{needs}{limit}"


def _number(count: int) -> str:
    return "no match" if count == 0 else "1 match" if count == 1 else f"{count:,} matches"


def _when(instant: Micros) -> str:
    """A time as the test says it: one near the epoch comes of minutes."""
    return to_seconds(instant) if instant > _MOST_TOLD else f"minute {instant / MINUTE:g}"


_MOST_TOLD = 366 * DAY


def _named(group: GroupValue) -> str:
    return f"for {', '.join(group)}: " if group else ""
