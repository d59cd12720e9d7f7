"""A rule over the matches of other rules: which of them must come together, in what order, on which value.

What it says of a set of matches is written in `trailcam.pipeline.correlate`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trailcam.model.query import Schedule
from trailcam.model.selector import selected
from trailcam.model.timestamps import MINUTE

DEFAULT_LOOK_BACK_MINUTES = 15

ALERT_CONTEXT = "p_alert_context"
"""The field that holds what a rule's `alert_context` returned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Matches of one rule that must be there, `least` of them, or that must not be there, `absent`."""

    id: str
    rule_id: str
    least: int = 1
    """How many make the step; of an absent one, how many make it be there."""
    most: int | None = None
    """More than these, and nothing is said; None is no limit. An absent step has none."""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """From one step of a sequence to the next: how soon it follows, and fields that hold the same value."""

    id: str = ""
    from_step: str
    to_step: str
    within_minutes: int | None = None
    """The longest time from what completes the one to what completes the other; None is the look-back."""
    match: tuple[tuple[str, str], ...] = ()
    """(field of the first step's rule, field of the second's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One value that all steps share: where each of them has it, as (step id, field)."""

    name: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """What one correlation rule asks for; frozen and picklable.

    A sequence has its `steps` in the order of time. `least_steps`: how many of a group's steps that are not
    absent must be there; None is all. `order` is kept and changes nothing: a set has no order of reading.
    """

    rule_id: str
    steps: tuple[Step, ...]
    is_sequence: bool
    transitions: tuple[Transition, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    least_steps: int | None = None
    look_back_minutes: int = DEFAULT_LOOK_BACK_MINUTES
    schedule: Schedule | None = None
    """When Panther runs it. Kept: Trailcam says a match as soon as it can be said."""
    order: str = "Chronological"

    @property
    def look_back(self) -> int:
        """The look-back in microseconds."""
        return self.look_back_minutes * MINUTE

    @cached_property
    def fields(self) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        """By step id, for each value of the group: the fields of the step that all hold it.

        A sequence has one value, whatever its transitions name; none where no transition names a field.
        """
        found: dict[str, list[tuple[str, ...]]] = {step.id: [] for step in self.steps}
        criteria = self.criteria
        tied = [
            pair
            for each in self.transitions
            for of_from, of_to in each.match
            for pair in ((each.from_step, of_from), (each.to_step, of_to))
        ]
        if tied:
            criteria = (Criterion(name="", fields=tuple(tied)),)
        for criterion in criteria:
            for step_id, fields in found.items():
                fields.append(tuple(sorted({field for step, field in criterion.fields if step == step_id})))
        return {step_id: tuple(fields) for step_id, fields in found.items()}

    @property
    def waits(self) -> bool:
        """Whether something that is yet to come can unsay a match."""
        return any(step.absent or step.most is not None for step in self.steps)


def needed(correlations: Iterable[Correlation], rule_id: str) -> tuple[str, ...]:
    """The fields of a rule's matches whose values correlation rules ask for, sorted; empty also where one
    asks for the matches alone: see `sources`."""
    return tuple(
        sorted(
            {
                field
                for correlation in correlations
                for step in correlation.steps
                if step.rule_id == rule_id
                for fields in correlation.fields[step.id]
                for field in fields
            }
        )
    )


def fields_kept(correlations: Sequence[Correlation]) -> dict[str, tuple[str, ...]]:
    """By the id of a rule, `needed` of it, where that is anything."""
    found = {rule_id: needed(correlations, rule_id) for rule_id in sorted(sources(correlations))}
    return {rule_id: fields for rule_id, fields in found.items() if fields}


def sources(correlations: Iterable[Correlation]) -> frozenset[str]:
    """The rules whose matches correlation rules ask for."""
    return frozenset(step.rule_id for correlation in correlations for step in correlation.steps)


def values_at(
    field: str, *, event: Mapping[str, Any], lists: Mapping[str, list[str]], context: Any
) -> tuple[str, ...]:
    """The values a match has at a field, as texts, each once, sorted: what of it is kept for correlation.

    `lists` are the event's `p_any_*`, `context` what its `alert_context` returned. Lists give each of their
    items, numbers and truth values their JSON; nothing, empty texts and mappings give no value.
    """
    head, _, rest = field.partition(".")
    if head == ALERT_CONTEXT:
        found, _ = selected(context, {}, rest) if isinstance(context, dict) else ({}, False)
    else:
        found, _ = selected(event, lists, field)
    return values_kept(found)


MOST_VALUES = 100
"""Values at one field of a match that correlation rules look at, the first of them in their order: each costs
every such rule about a millisecond, while others wait for the state."""

MOST_CHARACTERS = 1_000
"""Of a value, as of any dedup string."""


def values_kept(texts: Iterable[str]) -> tuple[str, ...]:
    """What is kept of the values at a field: each once, sorted, none that is empty, long ones shortened so
    that only the same are the same. At most one more than is looked at, which tells that there were more."""
    return tuple(sorted({shortened(text) for text in texts if text})[: MOST_VALUES + 1])


def shortened(text: str) -> str:
    """At most `MOST_CHARACTERS`; of a longer text the last are a digest of it, so that texts stay apart."""
    if len(text) <= MOST_CHARACTERS:
        return text
    digest = "... " + hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return text[: MOST_CHARACTERS - len(digest)] + digest
