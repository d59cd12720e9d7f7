"""What is decided at once: origins of one source with everything that came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from trailcam.commit.candidates import Consumed
from trailcam.model.candidate import Candidate
from trailcam.model.match import Match, RuleError
from trailcam.model.origin import Origin
from trailcam.model.place import Place, Seen
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import BEGINNING, Micros


class Purpose(StrEnum):
    """Why an origin stands in the ledger."""

    WHOLE = "whole"
    """All its records were read: it is never read again for their sake."""
    PART = "part"
    """It could not be read to its end, for a reason outside of it: it is read again when it comes again."""
    RULES = "rules"
    """It was read again for rules that had not seen it; its records are in the lake already."""
    MENDED = "mended"
    """Its dead letters were read again, and some are none any more: the dead letters of this entry stand in
    the place of those of the entry before, and its events are events more."""
    LANE = "lane"
    """Rules that keep state have had their turn on some of its events, whichever those were."""


LATER = frozenset({Purpose.RULES, Purpose.LANE})
"""Purposes of entries that only say what rules have found later: they hold no record of their own."""

GONE_OVER = frozenset({Purpose.WHOLE, Purpose.RULES})
"""Purposes for which rules see all that can be read of an origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """An origin with the count of what it held: `records = events + dead_letters`, copies included."""

    origin: Origin
    purpose: Purpose
    events: int
    dead_letters: int
    part: str = ""
    """Tells apart entries of one origin and purpose: how far it came and what stopped it, which run went over
    it again, which decision's dead letters it replaces, which turn of the lane it had."""

    @property
    def records(self) -> int:
        """Entries read."""
        return self.events + self.dead_letters

    def key(self, pack: str) -> str:
        """What it is in the ledger: itself, or derived from itself."""
        if self.purpose is Purpose.WHOLE:
            return self.origin.id
        if self.purpose is Purpose.MENDED:  # dead letters are replaced once, under whatever rules
            return " ".join([self.origin.id, self.purpose.value, self.part])
        return " ".join([self.origin.id, self.purpose.value, pack, self.part]).rstrip()


class Unseen(NamedTuple):
    """A rule that has not seen all events of an origin; `reason` is a code of the error table."""

    rule_id: str
    origin_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Origins and their results, staged and not yet decided."""

    run_id: str
    pack: str
    """Version of the rules that ran."""
    rules: Mapping[str, str]
    """Their ids, each with the version of the rule."""
    treated: Sequence[Treated]
    files: Sequence[StagedFile]
    matches: Sequence[Match]
    errors: Sequence[RuleError]
    places: Mapping[Place, Seen] = field(default_factory=dict)
    """What came from where; empty where nobody follows."""
    followed_since: Micros = BEGINNING
    """Since when whoever follows would have heard."""
    not_run: Mapping[Unseen, int] = field(default_factory=dict)
    """How many events of which origin a rule has not seen, and why."""
    candidates: Sequence[Candidate] = ()
    """What rules that keep state are to see in their turn."""
    turn: Consumed | None = None
    """The turn of the lane that this is what came of; then all that was `treated` has that purpose."""
