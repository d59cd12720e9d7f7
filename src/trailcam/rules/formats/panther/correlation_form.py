"""The form of a correlation rule's `Detection`, and its reading into the model.

Source: the keys that panther-analysis-tool 1.11.1 takes (its JSON schema), read 2026-11-28. What is refused
beyond it is what would be without effect or could mean two things.
"""

from dataclasses import dataclass
from typing import Any

from trailcam.forms import (
    NAME,
    TRUTH,
    Form,
    Key,
    ListOf,
    MappingOf,
    OneOf,
    Report,
    describe,
    whole_between,
)
from trailcam.model.correlation import (
    DEFAULT_LOOK_BACK_MINUTES,
    Correlation,
    Criterion,
    Step,
    Transition,
)
from trailcam.rules.formats.panther.correlation_parts import id_of, misfits
from trailcam.rules.formats.panther.schedule import SCHEDULE_FORM, schedule
from trailcam.rules.values import RULE_ID
from trailcam.yaml12 import Steps

_MINUTES = whole_between(1, 366 * 24 * 60)
_MATCHES = whole_between(1, 1_000_000)

_STEP_KEYS = {
    "ID": Key(NAME, doc="What the rest of the file calls the step; without one, its RuleID."),
    "RuleID": Key(RULE_ID, required=True, doc="The rule whose matches it is about."),
    "MinMatchCount": Key(_MATCHES, doc="How many matches make it; 1 when not given."),
    "MaxMatchCount": Key(_MATCHES, doc="More than these in one look-back, and nothing is said."),
    "Absence": Key(TRUTH, doc="It must not be there."),
}


_STEPS = ListOf(Form("a step", _STEP_KEYS), least=1, alike=id_of)

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
        "WithinTimeFrameMinutes": Key(_MINUTES, doc="How soon it follows; the look-back when not given."),
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

_BOTH = {
    "Schedule": Key(
        SCHEDULE_FORM, required=True, doc="Kept: Trailcam says a match as soon as it can be said."
    ),
    "LookbackWindowMinutes": Key(
        _MINUTES, doc=f"How far apart its matches may be; {DEFAULT_LOOK_BACK_MINUTES} when not given."
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
        "MinMatchCount": Key(_MATCHES, doc="How many of the steps must be there; all when not given."),
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
        for place, message, hint in misfits(value, kinds[0]):
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


def correlation(detection: Any, *, rule_id: str) -> Correlation:
    """The model of a `Detection` that fits the form."""
    (value,) = detection
    is_sequence = "Sequence" in value
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
        schedule=schedule(value["Schedule"]),
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
