"""The lasting object that a person handles, bound to a window."""

from dataclasses import dataclass
from enum import StrEnum

from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros
from trailcam.model.window import WindowKey


class Status(StrEnum):
    """Where an alert stands. The last two are the engine's, and final."""

    OPEN = "open"
    TRIAGED = "triaged"
    RESOLVED = "resolved"
    CLOSED = "closed"
    RETRACTED = "retracted"
    """Its window is gone: matches that came late cut the day anew."""
    MERGED = "merged"
    """Its window became part of another alert's, which `merged_into` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it stands now; ids are never reused, and none is ever deleted."""

    id: str
    key: WindowKey
    title: str
    severity: Severity
    status: Status
    window_start: Micros
    window_end: Micros
    matches: int
    opened_at: Micros
    updated_at: Micros
    merged_into: str | None = None
    revision: int = 1
    """How often it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One line of an alert's history: what changed, and why."""

    alert_id: str
    number: int
    """Counted from 1 within the alert."""
    at: Micros
    what: str
    """`opened`, `grew`, `shrank`, `retitled`, `moved`, `escalated`, `retracted` or `merged`.

    Growing that nothing else comes between is one line: from the first number to the last, at the last time.
    """
    why: str
