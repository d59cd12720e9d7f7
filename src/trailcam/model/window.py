"""Matches of one rule with one dedup string in one stretch of event time: computed, without history."""

from dataclasses import dataclass

from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, order=True)
class WindowKey:
    """What matches must share to fall into one window."""

    rule_id: str
    dedup: str
    period_minutes: int
    threshold: int
    kind: str = "match"
    """`match`, or `error` for the failures of a rule, or `storm` for a rule past its hourly limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch `[start, end)` of a key; title and severity come from its first match.

    `qualifies`: the threshold is reached by matches that end in this window; such a window becomes an alert.
    """

    key: WindowKey
    start: Micros
    end: Micros
    title: str
    severity: Severity
    row_ids: tuple[str, ...]
    """Its matches in order of (event time, row id)."""
    qualifies: bool
