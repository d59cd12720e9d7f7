"""One rule said yes to one event, or failed on it."""

from dataclasses import dataclass, field

from trailcam.model.severity import Severity
from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule's yes to one event, with all that its auxiliary functions returned.

    Identity is (rule_id, row_id). `period_minutes` and `threshold` are those of the pack that made the match.
    """

    rule_id: str
    row_id: str
    log_type: str
    event_id: str | None
    event_time: Micros
    title: str
    dedup: str
    severity: Severity
    period_minutes: int
    threshold: int
    create_alert: bool = True
    counts_unique: bool = False
    """The rule defines `unique`: distinct values are counted instead of matches."""
    unique: str | None = None
    """The value counted; None adds none."""
    description: str = ""
    reference: str = ""
    runbook: str = ""
    destinations: tuple[str, ...] | None = None
    """None is the default routing, an empty tuple is nowhere."""
    alert_context: str | None = None
    """JSON text."""
    enrichment: str | None = None
    """What lookup tables said of the event, its `p_enrichment` as JSON text; None without one."""
    fallbacks: tuple[tuple[str, str], ...] = field(default=())
    """(function, error) of each auxiliary function that failed and was answered with its fallback."""
    kept: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    """By field, sorted: the values that correlation rules ask for (`model.correlation.values_at`). None: none
    of them named the rule when the match was made."""
    anchor: tuple[str, str] | None = None
    """Of a correlation rule's match: the rule and the row of the match it was said at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleError:
    """A rule that failed on an event: identity (rule_id, row_id, function), never a quiet rule."""

    rule_id: str
    row_id: str
    log_type: str
    event_id: str | None
    event_time: Micros
    function: str
    error_class: str
    """Class name of the exception; the dedup string of the error's window."""
    error: str
    """repr of the exception; the title of the error's window."""
    message: str
    """The exception's text and the place that raised it: `file.py`, line N, in f."""
    severity: Severity
    origin_id: str
    """Where the copy of the event lay that it failed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """An event that a rule did not see: listed, re-runnable, never a quiet rule. Identity is (rule, row)."""

    rule_id: str
    row_id: str
    origin_id: str
    origin_name: str
    reason: str
    """A code of the error table."""
