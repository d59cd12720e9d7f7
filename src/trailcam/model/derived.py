"""Matches that a correlation rule reads, and those that it makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import TypeAlias

from trailcam.model.correlation import MOST_VALUES, Correlation, Step
from trailcam.model.timestamps import Micros

GroupValue: TypeAlias = tuple[str, ...]
"""The values that matches share, one for each criterion; empty where a rule has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMatch:
    """A match as a correlation rule sees it. `values`: by field, its values as `values_kept`."""

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


MOST_GROUPS = 100
"""Groups that one match may belong to as one of a step: what lists multiply to ends here, with the first in
the order of their values."""


def groups_of(correlation: Correlation, step: Step, match: SourceMatch) -> list[GroupValue]:
    """The groups that a match belongs to as one of a step, sorted: each way to give every criterion a value
    that all of its fields hold. None where a criterion finds no value; `()` alone where there is none.

    Of a field, the first `MOST_VALUES` values are looked at, and then the first `MOST_GROUPS` groups.
    """
    return list(islice(product(*_choices(correlation, step, match)), MOST_GROUPS))


def is_cut(correlation: Correlation, step: Step, match: SourceMatch) -> bool:
    """Whether a match has more values or groups than `groups_of` looks at."""
    fields = {field for fields in correlation.fields[step.id] for field in fields}
    return (
        any(len(match.values.get(field, ())) > MOST_VALUES for field in fields)
        or prod(map(len, _choices(correlation, step, match))) > MOST_GROUPS
    )


def _choices(correlation: Correlation, step: Step, match: SourceMatch) -> list[list[str]]:
    """For each criterion, the values that all of its fields hold, sorted."""
    choices = []
    for fields in correlation.fields[step.id]:
        held = [set(sorted(match.values.get(field, ()))[:MOST_VALUES]) for field in fields]
        choices.append(sorted(set.intersection(*held)) if held else [])
    return choices
