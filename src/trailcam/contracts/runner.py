"""What runs one rule on one event."""

from dataclasses import dataclass
from typing import Protocol

from trailcam.model.event import PantherEvent
from trailcam.model.match import Match, RuleError
from trailcam.model.rule import Rule
from trailcam.model.timestamps import Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The event a rule has in hand, by its identity."""

    row_id: str
    log_type: str
    event_id: str | None
    event_time: Micros
    origin_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one rule on one event: a match, no match, an error, or not run with its reason (a code).

    A match may come with errors: those of functions that failed beside it.
    """

    match: Match | None = None
    errors: tuple[RuleError, ...] = ()
    not_run: str | None = None


class Runner(Protocol):
    """A rule ready to run."""

    @property
    def rule(self) -> Rule:
        """The rule."""
        ...

    def run(self, event: PantherEvent, subject: Subject) -> Verdict:
        """Never raises: whatever the rule does short of ending the process is a verdict."""
        ...
