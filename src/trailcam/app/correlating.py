"""Correlation rules in the line: turns, each of which takes in what was decided since the one before.

They are had at the end of a run, or now and then while sources are followed: not in the decision of a group.
So nothing is said in the middle of a run that the rest of it unsays, groups do not wait for it, and a turn
that is not had, for whatever reason, is made up for by the next.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ulid import ULID

from trailcam.app.home import Home
from trailcam.commit.correlation_rules import CorrelationRule
from trailcam.commit.correlation_standing import Arrived, last_decision
from trailcam.commit.correlation_turn import correlate_now
from trailcam.commit.correlations import is_due
from trailcam.commit.kept_without import KeptWithout
from trailcam.commit.left_rules import left_rules
from trailcam.commit.naming import FilesGone
from trailcam.commit.stage import Stager
from trailcam.errors import cannot_write
from trailcam.model.match import Match
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import AHEAD, SECOND, Micros
from trailcam.state.processes import Role

MOST_STAGED = 3
"""How often a turn is had whose files do not stay."""


@dataclass(slots=True, kw_only=True)
class Correlating:
    """The correlation rules of one version of the packs, each behind those whose matches it looks at."""

    home: Home
    run_id: str
    rules: Sequence[CorrelationRule]
    stager: Stager
    now: Callable[[], float]
    lateness_seconds: float = 0.0
    """How late events may come."""
    matches: int = 0
    """Said by us."""
    cut: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(who looks, whose matches): how many of them had more values than are looked at."""
    kept_without: list[KeptWithout] = field(default_factory=list)
    """What rules that are new, or have changed, did not see in their first turn."""
    left: dict[str, str] = field(default_factory=dict)
    """Of which rules something was left to others last time: by id, in words; see `left_rules`."""
    _looked: int = 0
    """Up to this decision there was nothing to do."""

    def finish(self) -> None:
        """The turn at the end of a run: everything has come. While a server follows sources, or is down for
        a moment, it knows better than we what is yet to come: rules that wait and that it runs have their
        turn there, when we have ended.

        Raises:
            WorldError: the home cannot be read or written.
        """
        if self.rules:
            everything = Arrived(until=Micros(self._micros() + AHEAD), is_all=True)
            self._turn(everything, left_to=Role.serve)

    def go_on(self, arrived: Arrived | None) -> None:
        """A turn while sources are followed. While somebody goes over the past, rules that wait have none: of
        a time that they have waited for already, they would take for absent what is only not read yet.

        Raises:
            WorldError: the home cannot be read or written.
        """
        self._turn(arrived, left_to=Role.past)

    def _turn(self, arrived: Arrived | None, *, left_to: Role) -> None:
        """Has a turn where there is something to do."""
        with self.home.database.read() as state:
            now, looked = self._micros(), last_decision(state)
            having, self.left = left_rules(
                state, self.rules, left_to=left_to, now=now, lateness=self._lateness
            )
            is_something = is_due(
                state, having, run_id=self.run_id, arrived=arrived, now=now, looked=self._looked
            )
        if is_something:
            self._take(arrived, left_to)
        elif len(having) == len(self.rules):
            self._looked = looked

    def _take(self, arrived: Arrived | None, left_to: Role) -> None:
        for attempt in range(1, MOST_STAGED + 1):
            try:
                said = correlate_now(
                    self.home.database,
                    self.rules,
                    run_id=self.run_id,
                    arrived=arrived,
                    stage=self._staged,
                    warehouse=self.home.iceberg.warehouse,
                    left_to=left_to,
                    now=self._micros,
                    lateness=self._lateness,
                )
                break
            except FilesGone:
                if attempt == MOST_STAGED:
                    raise
        self.left = said.left
        self.matches += len(said.come)
        self.cut += said.cut
        self.kept_without += said.kept_without

    def _staged(self, said: Sequence[Match], vanished: Sequence[Match]) -> list[StagedFile]:
        try:
            return list(self.stager.derived(said, vanished, str(ULID()), parse_time=self._micros()))
        except OSError as error:
            raise cannot_write(error, "a file of the lake", path=self.home.path) from None

    @property
    def _lateness(self) -> Micros:
        return Micros(int(self.lateness_seconds * SECOND))

    def _micros(self) -> Micros:
        return Micros(int(self.now() * 1_000_000))
