"""Matches that a correlation rule reads, and those that it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeAlias

from trailcam.model.correlation import Correlation, Step
from trailcam.model.timestamps import Micros

GroupValue: TypeAlias = tuple[str, ...]
"""The values that matches share, one for each criterion; empty where a rule has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMatch:
    """A match as a correlation rule sees it. `values`: by field, its values as texts (`values_at`)."""

    rule_id: str
    row_id: str
    event_time: Micros
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The matches that make one step: the latest that suffice, named by their first and last."""

    step_id: str
    matches: int
    first: SourceMatch
    last: SourceMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedMatch:
    """A correlation rule's yes to one group at one match, the anchor, whose time it has."""

    rule_id: str
    row_id: str
    """Of the rule, the group and the anchor: the same whenever it is said."""
    event_time: Micros
    group: GroupValue
    anchor: SourceMatch
    evidence: tuple[Evidence, ...]
    """One of each step that is there, in the order of the rule's steps."""


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """The anchors of one group from `start` to `end`, both included."""

    group: GroupValue
    start: Micros
    end: Micros


MOST_GROUPS = 1_000
"""Groups of several values that one match may belong to: what lists of hundreds would multiply to ends here,
with the first of them in the order of their values."""


def groups_of(correlation: Correlation, step: Step, match: SourceMatch) -> list[GroupValue]:
    """The groups that a match belongs to as one of a step, sorted: each way to give every criterion a value
    that all of its fields hold. None where a criterion finds no value; `()` alone where there is none."""
    choices = []
    for fields in correlation.fields[step.id]:
        held = [set(match.values.get(field, ())) for field in fields]
        choices.append(sorted(set.intersection(*held)) if held else [])
    if len(choices) == 1:
        return [(value,) for value in choices[0]]
    return list(islice(product(*choices), MOST_GROUPS))
