"""The form of a correlation rule's `Detection`, and its reading into the model.

Source: the keys that panther-analysis-tool 1.11.1 takes (its JSON schema), read 2026-11-28. What is refused
beyond it is what would be without effect or could mean two things.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from trailcam.errors import nearest
from trailcam.forms import COUNT, NAME, TEXT, TRUTH, Form, Key, ListOf, MappingOf, OneOf, Report, describe
from trailcam.model.correlation import (
    DEFAULT_LOOK_BACK_MINUTES,
    Correlation,
    Criterion,
    Schedule,
    Step,
    Transition,
)
from trailcam.rules.values import RULE_ID
from trailcam.yaml12 import Steps

_STEP_KEYS = {
    "ID": Key(NAME, doc="What the rest of the file calls the step; without one, its RuleID."),
    "RuleID": Key(RULE_ID, required=True, doc="The rule whose matches it is about."),
    "MinMatchCount": Key(COUNT, doc="How many matches make it; 1 when not given."),
    "MaxMatchCount": Key(COUNT, doc="More than these in one look-back, and nothing is said."),
    "Absence": Key(TRUTH, doc="It must not be there."),
}


def _id_of(step: Any) -> str | None:
    """What a step is called; None for what is no step."""
    found = step.get("ID", step.get("RuleID")) if isinstance(step, dict) else None
    return found if isinstance(found, str) else None


_STEPS = ListOf(Form("a step", _STEP_KEYS), least=1, alike=_id_of)

_PAIR = Form(
    "a pair of fields",
    {
        "On": Key(NAME, doc="The field that both have."),
        "From": Key(NAME, doc="The field of the first."),
        "To": Key(NAME, doc="The field of the second."),
    },
)

_TRANSITION = Form(
    "a transition",
    {
        "ID": Key(NAME, doc="What it is called."),
        "From": Key(NAME, required=True, doc="The ID of a step."),
        "To": Key(NAME, required=True, doc="The ID of the step after it."),
        "WithinTimeFrameMinutes": Key(COUNT, doc="How soon it follows; the look-back when not given."),
        "Match": Key(ListOf(_PAIR, least=1), doc="Where both have the same value; one item."),
    },
)

_CRITERION = ListOf(
    Form(
        "a field of a step",
        {
            "GroupID": Key(NAME, required=True, doc="The ID of a step."),
            "Match": Key(NAME, required=True, doc="The field that holds the value."),
        },
    ),
    least=1,
)

_SCHEDULE = Form(
    "a schedule",
    {
        "RateMinutes": Key(COUNT, doc="Kept: Trailcam says a match as soon as it can be said."),
        "CronExpression": Key(TEXT, doc="Kept, as RateMinutes."),
        "TimeoutMinutes": Key(COUNT, required=True, doc="Kept, as RateMinutes."),
    },
    exactly_one=(("RateMinutes", "CronExpression"),),
)

_BOTH = {
    "Schedule": Key(_SCHEDULE, required=True, doc="When Panther runs it."),
    "LookbackWindowMinutes": Key(
        COUNT, doc=f"How far apart its matches may be; {DEFAULT_LOOK_BACK_MINUTES} when not given."
    ),
    "EventEvaluationOrder": Key(
        OneOf(("Chronological", "ReverseChronological")), doc="Without effect: no order changes a set."
    ),
}

SEQUENCE = Form(
    "a sequence",
    {
        "Sequence": Key(_STEPS, required=True, doc="The steps, in the order of time."),
        "Transitions": Key(
            ListOf(_TRANSITION), doc="What must hold from one step to the next. All share one value."
        ),
        **_BOTH,
    },
)

GROUP = Form(
    "a group",
    {
        "Group": Key(_STEPS, required=True, doc="The steps, in any order."),
        "MatchCriteria": Key(
            MappingOf(_CRITERION, NAME),
            doc="By a name of your own: where each step has the value they share.",
        ),
        "MinMatchCount": Key(COUNT, doc="How many of the steps must be there; all when not given."),
        **_BOTH,
    },
)


@dataclass(frozen=True, slots=True)
class _Detection:
    """The one item of `Detection`: a sequence or a group, whose parts refer to each other by ID."""

    expected: str = "a mapping with Sequence or Group"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports everything that is wrong with it."""
        kinds = [key for key in ("Sequence", "Group") if isinstance(value, dict) and key in value]
        if len(kinds) != 1:
            found = "both" if kinds else describe(value) if not isinstance(value, dict) else "neither"
            report("bad_value", steps, f"a correlation rule has a Sequence or a Group; found {found}", "")
            return
        form = SEQUENCE if kinds == ["Sequence"] else GROUP
        form.check(value, steps, report)
        for place, message, hint in _crossed(value, kinds[0]):
            report("bad_value", (*steps, *place), message, hint)


@dataclass(frozen=True, slots=True)
class _One:
    """A list of one item."""

    item: _Detection = _Detection()
    expected: str = "a list of one item, a mapping with Sequence or Group"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports another value, and what is wrong with the item."""
        if not isinstance(value, list) or len(value) != 1:
            report("bad_value", steps, f"Detection must be {self.expected}; found {describe(value)}", "")
            return
        self.item.check(value[0], (*steps, 0), report)


DETECTION = _One()
"""What the key `Detection` of a correlation rule holds."""

Wrong = tuple[Steps, str, str]
"""Where, what, and a hint."""


def _crossed(value: dict[str, Any], kind: str) -> Iterator[Wrong]:
    """What is wrong between parts that are each of their form."""
    listed = value[kind] if isinstance(value[kind], list) else []
    steps = [(index, step) for index, step in enumerate(listed) if _id_of(step) is not None]
    for index, step in steps:
        yield from _wrong_counts(step, (kind, index))
    present = [step for _, step in steps if step.get("Absence") is not True]
    if steps and not present:
        yield (kind,), "every step is absent, so there is no match to say it at", ""
    if kind == "Sequence":
        yield from _wrong_transitions(value.get("Transitions"), [step for _, step in steps])
        return
    least = value.get("MinMatchCount")
    if isinstance(least, int) and present and least > len(present):
        message = f"MinMatchCount is {least}, and of the steps only {len(present)} can be there"
        yield ("MinMatchCount",), message, ""
    yield from _wrong_criteria(value.get("MatchCriteria"), [_id_of(step) or "" for _, step in steps])


def _wrong_counts(step: dict[str, Any], place: Steps) -> Iterator[Wrong]:
    most, least = step.get("MaxMatchCount"), step.get("MinMatchCount", 1)
    if most is None:
        return
    here = (*place, "MaxMatchCount")
    if step.get("Absence") is True:
        yield here, "an absent step has no MaxMatchCount", "MinMatchCount says how many make it be there"
    elif isinstance(most, int) and isinstance(least, int) and most < least:
        yield here, f"MaxMatchCount is {most}, less than the MinMatchCount of {least}", ""


def _wrong_transitions(transitions: Any, steps: list[dict[str, Any]]) -> Iterator[Wrong]:
    ids = [_id_of(step) or "" for step in steps]
    seen: set[tuple[int, int]] = set()
    named: set[str] = set()
    whole = True
    for index, each in enumerate(transitions if isinstance(transitions, list) else []):
        if not isinstance(each, dict):
            whole = False
            continue
        here: Steps = ("Transitions", index)
        ends = []
        for key in ("From", "To"):
            if isinstance(each.get(key), str):
                yield from _unknown(each[key], ids, (*here, key))
            ends.append(ids.index(each[key]) if each.get(key) in ids else None)
        yield from _wrong_pairs(each.get("Match"), (*here, "Match"))
        if ends[0] is None or ends[1] is None:
            whole = False
            continue
        if each.get("Match"):
            named.update((ids[ends[0]], ids[ends[1]]))
        yield from _wrong_way(each, steps, (ends[0], ends[1]), here)
        if (ends[0], ends[1]) in seen:
            yield here, f'another transition leads from "{each["From"]}" to "{each["To"]}" already', ""
        seen.add((ends[0], ends[1]))
    left = [step for step in ids if step not in named]
    if whole and named and left:
        hint = "name a field of it in the Match of a transition"
        yield ("Transitions",), f"nothing ties {_listed(left)} to the value of the other steps", hint


def _wrong_way(
    each: dict[str, Any], steps: list[dict[str, Any]], ends: tuple[int, int], here: Steps
) -> Iterator[Wrong]:
    """What is wrong with where a transition leads from and to."""
    first, last = ends
    if first >= last:
        message = f'"{each["To"]}" does not stand after "{each["From"]}" in Sequence'
        yield (*here, "To"), message, "a transition leads to a later step"
        return
    absent = [step.get("Absence") is True for step in steps]
    skipped = [_id_of(step) or "" for step in steps[first + 1 : last] if step.get("Absence") is not True]
    if skipped:
        yield here, f"it leads over {_listed(skipped)}", "a transition leads from a step to the next"
    elif absent[first] and absent[last]:
        yield here, "both of its steps are absent, so there is no time between them", ""
    elif each.get("WithinTimeFrameMinutes") is not None:
        between = [end for end in ends if absent[end] and not all(absent[:end]) and not all(absent[end:])]
        if between:
            yield (
                (*here, "WithinTimeFrameMinutes"),
                "an absent step between two others has no time frame of its own",
                "give it to a transition between those two",
            )


def _wrong_pairs(pairs: Any, here: Steps) -> Iterator[Wrong]:
    if not isinstance(pairs, list):
        return
    if len(pairs) > 1:
        yield here, f"Match takes one item; found {len(pairs)}", "all transitions share one value"
    for index, pair in enumerate(pairs):
        if isinstance(pair, dict) and set(pair) not in ({"On"}, {"From", "To"}) and set(pair) <= _PAIR_KEYS:
            yield (*here, index), "an item of Match has On, or From and To", ""


_PAIR_KEYS = {"On", "From", "To"}


def _wrong_criteria(criteria: Any, ids: list[str]) -> Iterator[Wrong]:
    for name, fields in criteria.items() if isinstance(criteria, dict) else ():
        here: Steps = ("MatchCriteria", name if isinstance(name, int) else str(name))
        if not isinstance(fields, list):
            continue
        named = set()
        for index, each in enumerate(fields):
            step = each.get("GroupID") if isinstance(each, dict) else None
            if isinstance(step, str):
                named.add(step)
                yield from _unknown(step, ids, (*here, index, "GroupID"))
        left = [step for step in ids if step not in named]
        if named <= set(ids) and left:
            yield here, f"it names no field of {_listed(left)}", "a criterion names a field of every step"


def _unknown(step: str, ids: list[str], here: Steps) -> Iterator[Wrong]:
    if step not in ids:
        hint = nearest(step, ids) or f"steps: {', '.join(ids)}"
        yield here, f'no step has the ID "{step}"', hint


def _listed(ids: Iterable[str]) -> str:
    return " and ".join(f'"{step}"' for step in ids)


def correlation(detection: Any, *, rule_id: str) -> Correlation:
    """The model of a `Detection` that fits the form."""
    (value,) = detection
    is_sequence = "Sequence" in value
    schedule = value["Schedule"]
    return Correlation(
        rule_id=rule_id,
        steps=tuple(_step(each) for each in value["Sequence" if is_sequence else "Group"]),
        is_sequence=is_sequence,
        transitions=tuple(_transition(each) for each in value.get("Transitions", ())),
        criteria=tuple(
            Criterion(name=name, fields=tuple((each["GroupID"], each["Match"]) for each in fields))
            for name, fields in value.get("MatchCriteria", {}).items()
        ),
        least_steps=value.get("MinMatchCount"),
        look_back_minutes=value.get("LookbackWindowMinutes", DEFAULT_LOOK_BACK_MINUTES),
        schedule=Schedule(
            rate_minutes=schedule.get("RateMinutes"),
            cron=schedule.get("CronExpression"),
            timeout_minutes=schedule["TimeoutMinutes"],
        ),
        order=value.get("EventEvaluationOrder", "Chronological"),
    )


def _step(each: dict[str, Any]) -> Step:
    return Step(
        id=each.get("ID", each["RuleID"]),
        rule_id=each["RuleID"],
        least=each.get("MinMatchCount", 1),
        most=each.get("MaxMatchCount"),
        absent=each.get("Absence", False),
    )


def _transition(each: dict[str, Any]) -> Transition:
    return Transition(
        id=each.get("ID", ""),
        from_step=each["From"],
        to_step=each["To"],
        within_minutes=each.get("WithinTimeFrameMinutes"),
        match=tuple(
            (pair.get("From", pair.get("On")), pair.get("To", pair.get("On")))
            for pair in each.get("Match", ())
        ),
    )
