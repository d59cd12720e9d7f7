"""What sources announce goes through the line, until they come to an end or somebody says stop.

Whatever fails in the world is told, waited for and tried again; nothing of it is lost. When a new version of
the rules comes into force, groups that are given out from then on go through a line of its own, and the old
line finishes what it has.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.dialects.sqlite import insert as upsert
from ulid import ULID

from trailcam.app.heartbeat import Heartbeat
from trailcam.app.home import Home
from trailcam.app.line import Line
from trailcam.app.live.conditions import Condition
from trailcam.app.live.correlations import Correlations
from trailcam.app.live.in_hand import Followed, InHand, Refused
from trailcam.app.live.intake import Intake
from trailcam.app.live.publisher import Publisher
from trailcam.app.live.switching import Switching
from trailcam.app.live.turns import Turns
from trailcam.app.live.watch import Watch
from trailcam.app.live.watermarks import arrived
from trailcam.app.load import Loaded
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.naming import FilesGone
from trailcam.commit.publish import republish_rolled_back
from trailcam.commit.run_kind import RunKind
from trailcam.contracts.source import Blob
from trailcam.engines.local import GroupResult
from trailcam.engines.messages import WorkGroup
from trailcam.errors import WorldError
from trailcam.model.timestamps import BEGINNING, SECOND, Micros
from trailcam.settings.schema import Settings
from trailcam.sources.tables import source as source_table
from trailcam.state.processes import BEAT_SECONDS, Role

_TICK_SECONDS = 0.25
_PAUSE_SECONDS = 5.0
"""How long what the world refused waits before it is tried again."""

_HELD_UP = 120 * SECOND
"""Who looks at the wall clock less often, or sees it go back, was held up, or the clock was set: what did not
come meanwhile says nothing of its source."""

Told = Callable[..., None]
"""Takes what happened, and values by name."""


@dataclass(slots=True)
class _Later:
    """What the world refused, to be tried again."""

    due: float
    line: Line
    result: GroupResult


@dataclass(slots=True, kw_only=True)
class Follower:
    """One process that follows sources.

    `role` is None for what comes to an end; who only works leaves publishing, which is needed once for a
    home, to others. `ticked` is called several times a second. `versions` brings new versions of the rules.
    """

    settings: Settings
    home: Home
    kind: RunKind
    role: Role | None
    stop: threading.Event
    told: Told
    workers: int
    followed: Sequence[Followed]
    versions: Callable[["Follower"], Switching] | None = None
    ticked: Callable[[Line], None] = lambda _: None
    watch: Watch | None = None
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    intake: Intake = field(init=False)
    followed_since: Micros | None = None
    publisher: Publisher | None = None
    turns: Turns | None = None
    correlations: Correlations | None = None
    process_id: str = ""
    """Ours among the processes; empty without a role."""
    line: Line = field(init=False)
    """Through which groups go that are given out now."""
    leaving: list[Line] = field(default_factory=list)
    """Lines of earlier versions, which finish what they have."""
    later: list[_Later] = field(default_factory=list)
    faults: dict[str, set[str]] = field(default_factory=dict)
    """Of what does not work now, the parts that do not: it works again when all of them do."""
    started: float = 0.0
    records: int = 0
    """Of lines that have ended."""
    matches: int = 0
    refusing_from: float = 0.0
    looked: Micros | None = None
    """At the wall clock, the last time."""

    def run(self, loaded: Loaded) -> Line:
        """Follows them to the end, and finishes what is in hand; the line that it went through at last.

        A run that has no role is not noted as finished: the caller knows more of it.

        Raises:
            TrailcamError, WorldError: those of `Line`, before anything is followed.
        """
        self.started = self.clock()
        self.process_id = str(ULID()) if self.role is not None else ""
        self.followed_since = self._micros() if self.kind is RunKind.live else None
        self._trying("lake", lambda: republish_rolled_back(self.home.database, self.home.iceberg))
        self.intake = self._intake()
        with ExitStack() as stack:
            self.line = self.made(loaded)
            if self.role is not Role.worker:
                publishing = Publisher(
                    self.home, every_seconds=self.settings.live.publish_seconds, told=self.told
                )
                self.publisher = stack.enter_context(publishing)
            stack.callback(self._end_lines)
            self.line.__enter__()
            if self.role is not None:
                heart = Heartbeat(self.home.database, self.process_id, role=self.role, now=self._micros)
                stack.enter_context(heart).begin()
            switching = stack.enter_context(self.versions(self)) if self.versions is not None else None
            if self.role is not None:
                self.turns = stack.enter_context(Turns(lambda: self.line, told=self.told))
            if self.role is Role.serve:
                self.correlations = stack.enter_context(
                    Correlations(lambda: self.line, arrived=self._arrived, told=self.told)
                )
            stack.enter_context(self.intake)
            self.told(
                "started",
                kind=self.kind.value,
                sources=",".join(it.name for it in self.followed),
                rules=len(self.line.rules),
                pack=self.line.pack[:12],
            )
            self._follow(switching)
            if self.role is None and not self.stop.is_set():
                self.line.drain()
            if self.role is not None:
                self._trying("state", self._note_conditions, part="sources")
                self._trying("state", lambda: self._finish(self.line))
        self.told(
            "stopped",
            records=self.records + self.line.keeper.records,
            matches=self.matches + self.line.matches,
        )
        return self.line

    def made(self, loaded: Loaded) -> Line:
        """A line of this process for some rules; see `Line` for what it raises."""
        return Line(
            loaded,
            self.settings,
            self.home,
            kind=self.kind,
            told=[it.name for it in self.followed],
            workers=self.workers,
            now=self.now,
            done=self._done,
            followed_since=self.followed_since,
            process_id=self.process_id,
        )

    def switch(self, line: Line) -> None:
        """Gives groups to another line from now on; the line has been entered, and is ended by us."""
        self.leaving.append(self.line)
        self.line = line
        self.told("switched", rules=len(line.rules), pack=line.pack[:12])

    def _done(self, blob: Blob) -> None:
        self.intake.hand.done(blob)

    def _arrived(self) -> Arrived | None:
        if self.stop.is_set():
            return None  # what is given back now comes to whoever is next
        return arrived(
            self.home.database,
            [it.name for it in self.settings.sources],
            lateness_seconds=self.settings.live.lateness_seconds,
            followed_since=self.followed_since or BEGINNING,
            now=self._micros(),
            held_seconds=self.intake.hand.held_seconds(),
        )

    def _intake(self) -> Intake:
        sort_out = _passing_over if self.kind is RunKind.live else _going_over
        return Intake(
            followed=self.followed,
            hand=InHand(
                group_bytes=self.settings.limits.group_bytes,
                group_seconds=self.settings.live.group_seconds,
                ahead_bytes=self.settings.live.ahead_bytes,
            ),
            spool=self.home.spool,
            known=lambda origin_ids: sort_out(self.line, origin_ids),
            told=self.told,
            wait_seconds=self.settings.live.wait_seconds,
            now=self.now,
        )

    def _follow(self, switching: Switching | None) -> None:
        noted = -BEAT_SECONDS
        while True:
            if self.stop.is_set():
                self.intake.stop()
            self._see_time()
            self.ticked(self.line)
            if self.publisher is not None:
                self.publisher.look()
            if self.turns is not None:
                self.turns.look()
            if self.correlations is not None:
                self.correlations.look()
            if self.role is not None and self.clock() - noted >= BEAT_SECONDS:
                noted = self.clock()
                self._trying("state", self._note_conditions, part="sources")
            if switching is not None and switching.has_news and not self.stop.is_set():
                self._trying("state", switching.switch_if_ready, part="switch")
            if self.watch is not None and self.watch.is_due and not self.stop.is_set():
                self._trying("state", partial(self._look, self.watch), part="watch")
            self._again()
            if self.clock() >= self.refusing_from:
                for refused in self.intake.hand.refused():
                    self._refuse(refused)
            self._give()
            self._collect()
            self._let_go()
            if self._is_idle and (self.intake.is_drained or (self.stop.is_set() and self._is_refused)):
                return  # what the world refuses to keep now comes again: its sources still have it

    @property
    def _is_refused(self) -> bool:
        """Whether the home refuses to keep something."""
        return bool(self.later) or self.refusing_from > self.clock()

    # -- groups ------------------------------------------------------------------------------------------

    @property
    def _lines(self) -> list[Line]:
        return [self.line, *self.leaving]

    @property
    def _is_idle(self) -> bool:
        return all(line.engine.is_idle for line in self._lines)

    def _give(self) -> None:
        while not self.later and self.line.engine.has_room:
            group = self.intake.next_group()
            if group is None:
                return
            self.line.engine.give(group)

    def _collect(self) -> None:
        self.intake.wait(_TICK_SECONDS if self._is_idle else 0)
        for line in self._lines:
            if line.engine.is_idle:
                continue
            try:
                results = line.engine.collect(timeout=_TICK_SECONDS)
            except WorldError as error:
                self._fails("workers", error)
                time.sleep(_TICK_SECONDS)
                continue
            self._works("workers")
            for result in results:
                self._keep(line, result)

    def _let_go(self) -> None:
        """Ends lines of earlier versions that have finished."""
        waiting = {id(it.line) for it in self.later}
        for line in [it for it in self.leaving if it.engine.is_idle and id(it) not in waiting]:
            self.leaving.remove(line)
            self.records += line.keeper.records
            self.matches += line.matches
            self._trying("state", partial(self._finish, line))
            line.__exit__(None, None, None)

    def _keep(self, line: Line, result: GroupResult) -> None:
        """Decides what came of a group, or has it tried again in a while."""
        if result.failure is not None:
            self._fails("home", result.failure)
            self.later.append(_Later(self.clock() + _PAUSE_SECONDS, line, GroupResult(result.group)))
            return
        try:
            line.decides()
            again: Sequence[WorkGroup] = line.keeper.keep(result)
        except WorldError as error:
            self._fails("home", error)
            gone = isinstance(error, FilesGone)  # then it has to be worked on anew
            self.later.append(
                _Later(self.clock() + _PAUSE_SECONDS, line, GroupResult(result.group) if gone else result)
            )
            return
        self._works("home")
        for group in again:
            line.engine.give(group)

    def _again(self) -> None:
        due = [it for it in self.later if it.due <= self.clock()]
        self.later = [it for it in self.later if it not in due]
        for it in due:
            if it.result.chunks or it.result.dead_letters:
                self._keep(it.line, it.result)
            else:
                it.line.engine.give(it.result.group)

    def _refuse(self, refused: Refused) -> None:
        letter = refused.letter
        try:
            self.line.keeper.refuse([letter], source=refused.source)
        except WorldError as error:
            self._fails("home", error)
            self.intake.hand.refuse_again(refused)
            self.refusing_from = self.clock() + _PAUSE_SECONDS
            return
        self._works("home")
        self.told(
            "dead letter",
            source=refused.source,
            what=letter.origin_name,
            code=letter.reason,
            why=letter.detail,
        )
        self.intake.hand.kept(refused)

    def _look(self, watch: Watch) -> None:
        watch.look(self._lines, self.intake, now=self._micros())

    # -- how it stands -----------------------------------------------------------------------------------

    def _see_time(self) -> None:
        """After a time that was not watched, it is as if we had begun to listen now."""
        now, before = self._micros(), self.looked
        self.looked = now
        if before is None or 0 <= now - before < _HELD_UP or self.followed_since is None:
            return
        self.followed_since = now
        for line in self._lines:
            line.keeper.followed_since = now
        if self.watch is not None:
            self.watch.begin_anew(now)

    def _note_conditions(self) -> None:
        types = {it.name: it.type for it in self.settings.sources}
        rows = [_row(name, types[name], it) for name, it in self.intake.conditions.items() if name in types]
        with self.home.database.write() as connection:
            for row in rows:
                statement = upsert(source_table).values(row)
                known = {key: value for key, value in row.items() if key != "name" and value is not None}
                known |= {"fault": row["fault"], "fault_since": row["fault_since"]}
                connection.execute(
                    statement.on_conflict_do_update(index_elements=[source_table.c.name], set_=known)
                )

    def _finish(self, line: Line) -> None:
        line.finish(
            {
                "records": line.keeper.records,
                "matches": line.matches,
                "bytes": line.keeper.bytes_done,
                "seconds": round(self.clock() - self.started, 3),
            }
        )

    def _end_lines(self) -> None:
        for line in self._lines:
            line.__exit__(None, None, None)

    def _trying(self, what: str, act: Callable[[], object], *, part: str = "") -> None:
        try:
            act()
        except WorldError as error:
            self._fails(what, error, part=part)
        else:
            self._works(what, part=part)

    def _fails(self, what: str, error: WorldError, *, part: str = "") -> None:
        if what not in self.faults:
            for problem in error.problems:
                self.told(f"{what} fails", code=problem.code, why=problem.message)
        self.faults.setdefault(what, set()).add(part)

    def _works(self, what: str, *, part: str = "") -> None:
        if what in self.faults:
            self.faults[what].discard(part)
            if not self.faults[what]:
                del self.faults[what]
                self.told(f"{what} works again")

    def _micros(self) -> Micros:
        return Micros(int(self.now() * 1_000_000))


def _passing_over(line: Line, origin_ids: Sequence[str]) -> dict[str, bool]:
    """What is known is passed over, also by rules that have not seen it: a backfill runs those."""
    return dict.fromkeys(line.ledger.known(origin_ids), False)


def _going_over(line: Line, origin_ids: Sequence[str]) -> dict[str, bool]:
    """What is known is gone over for rules that have not seen it; all of it is what the run came upon."""
    unseen = line.ledger.unseen(origin_ids)
    line.ledger.note(line.run_id, [origin_id for origin_id, again in unseen.items() if not again])
    return unseen


def _row(name: str, type_: str, condition: Condition) -> dict[str, object]:
    fault, since = min(condition.faults.values(), key=lambda it: it[1], default=(None, None))
    return {
        "name": name,
        "type": type_,
        "asked_at": _at(condition.asked_at),
        "announced_at": _at(condition.announced_at),
        "fault": fault,
        "fault_since": _at(since),
    }


def _at(seconds: float | None) -> Micros | None:
    return None if seconds is None else Micros(int(seconds * 1_000_000))
