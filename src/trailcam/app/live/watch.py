"""Watches what should be heard and is not: silent places, faults that last, rules taken off, canaries."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trailcam.app.line import Line
from trailcam.app.live.canaries import Canaries
from trailcam.app.live.health import NAME, Health
from trailcam.app.live.intake import Intake
from trailcam.commit.places import HABIT_DAYS, Heard, came_by, heard, tell_silent
from trailcam.errors import Problem
from trailcam.model.timestamps import MINUTE, SECOND, Micros, to_seconds
from trailcam.state.database import Database

_EVERY_SECONDS = 5.0
_FAULT_SECONDS = 900.0
"""A source may fail for so long before that is an alert."""


@dataclass(slots=True)
class Watch:
    """What a process that serves looks at now and then."""

    database: Database
    health: Health
    canaries: Sequence[Canaries]
    started: Micros
    """Since when somebody listens."""
    serves: bool
    """Else silence and canaries are left to who does."""
    clock: Callable[[], float] = time.monotonic
    looked_at: float = -_EVERY_SECONDS
    taken_off: set[tuple[str, str]] = field(default_factory=set)
    faults_said: dict[tuple[str, float], str] = field(default_factory=dict)
    """The words of a fault, by source and since when: one that lasts is one event, whatever it says later."""

    @property
    def is_due(self) -> bool:
        """Whether it is time to look again."""
        return self.clock() - self.looked_at >= _EVERY_SECONDS

    def look(self, lines: Sequence[Line], intake: Intake, *, now: Micros) -> None:
        """Says what has become so since the last time.

        Raises:
            WorldError: the state cannot be read or written.
        """
        self.looked_at = self.clock()
        for line in lines:
            self._rules(line, now=now)
        if not self.serves:
            return
        self._faults(intake, now=now)
        for it in heard(self.database):
            if it.place.source != NAME:
                self._silence(it, now=now)
        for canaries in self.canaries:
            canaries.tend(now=now)

    def begin_anew(self, now: Micros) -> None:
        """Who can say how long nobody has listened: the clock was set, or we were stopped."""
        self.started = now

    def refused(self, problems: Sequence[Problem], *, now: Micros) -> None:
        """Says that new rules were refused."""
        first = problems[0]
        more = f", and {len(problems) - 1:,} more problems" if len(problems) > 1 else ""
        where = f"{first.path}: " if first.path else ""
        self.health.say("pack_refused", "packs", f"{where}{first.message}{more}", time=now)

    def _rules(self, line: Line, *, now: Micros) -> None:
        for rule_id in sorted(line.taken_off):
            if (line.run_id, rule_id) not in self.taken_off:
                self.taken_off.add((line.run_id, rule_id))
                message = (
                    "it ended its process three times within ten minutes; "
                    "events that it did not see are listed as not run, or wait for it"
                )
                self.health.say("rule_taken_off", rule_id, message, time=now)

    def _faults(self, intake: Intake, *, now: Micros) -> None:
        for name, condition in intake.conditions.items():
            for words, since in condition.faults.values():
                said = self.faults_said.setdefault((name, since), words)
                begun = max(Micros(int(since * SECOND)), self.started)
                if now - begun >= _FAULT_SECONDS * SECOND:
                    self.health.say(
                        "source_fails",
                        name,
                        f"does not work since {to_seconds(begun)}: {said}",
                        time=Micros(begun + int(_FAULT_SECONDS * SECOND)),
                        source=name,
                    )

    def _silence(self, it: Heard, *, now: Micros) -> None:
        if it.last_arrival > now:  # the clock was ahead: the silence shall not wait for that time
            came_by(self.database, it, now=now)
            return
        since = it.silent_from
        if since is None or it.silent_told == it.last_arrival:
            return
        since = Micros(max(since, self.started + (since - it.last_arrival)))  # nobody has listened before
        if now < since:
            return
        longest = f"{it.longest // MINUTE:,} min" if it.longest >= MINUTE else f"{it.longest // SECOND} s"
        self.health.say(
            "source_silent",
            " ".join(filter(None, it.place)),
            f"nothing has come since {to_seconds(it.last_arrival)}; "
            f"in {HABIT_DAYS} days before it was never silent for longer than {longest}",
            time=since,
            source=it.place.source,
            account=it.place.account,
            region=it.place.region,
            kept=lambda: tell_silent(self.database, it),
        )
