"""Candidates: versions of the rules that could come into force, out of packs or of copies that are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ulid import ULID

from trailcam.app.deploy import record, snapshot
from trailcam.app.deploy.changes import Changes
from trailcam.app.deploy.checking import Bad, Check, Good, Question
from trailcam.app.deploy.deployment import Deployment, Refused
from trailcam.app.deploy.record import By, Deployed, Status
from trailcam.app.deploy.snapshot import Snapshot
from trailcam.app.home import Home
from trailcam.errors import Problem, TrailcamError, WorldError
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings

CANDIDATE = "candidate"
"""What was done when packs were refused that had been copied, or could not be."""


class Candidates:
    """Makes candidates, writes them down, and knows what was refused last."""

    def __init__(
        self,
        home: Home,
        changes: Changes,
        checker: Check,
        *,
        log_types: Sequence[Path],
        micros: Callable[[], Micros],
    ) -> None:
        self._home = home
        self._changes = changes
        self._checker = checker
        self._log_types = tuple(log_types)
        self._micros = micros
        self._refused_content = ""
        self._told: dict[str, tuple[str, ...]] = {}
        """The last refusals, by what was done; they are not told again while they last."""

    def made(self, by: By, *, asked: bool = False) -> Deployment | Refused | None:
        """The packs as they are now; None when they are what is in force, or are not to come back unasked.

        Raises:
            WorldError: the state cannot be read or written; the packs count as changed from then on.
        """
        try:
            return self._made(by, asked=asked)
        except WorldError:
            self._changes.forget()
            raise

    def _made(self, by: By, *, asked: bool) -> Deployment | Refused | None:
        new = _New(str(ULID()), by, self._micros())
        active = record.active(self._home.database)  # before the copy: what comes after may have newer packs
        try:
            settings = self._changes.settings()
            commits = self._changes.commits(settings, anew=asked)
            if by is By.CHANGE:
                self._changes.settle(settings)
            self._changes.see(settings)
            taken = snapshot.take(
                settings,
                home=self._home.path,
                snapshot_id=new.id,
                commits=commits,
                ended=self._changes.ended,
            )
        except TrailcamError as error:
            if isinstance(error, WorldError):
                self._changes.forget()
            return self.refused(by, error, new=new)
        last = self._whole(active)
        known = {last.content, *(() if asked else last.not_again)} if last is not None else set()
        if taken.content in known or (taken.content == self._refused_content and not asked):
            snapshot.remove(self._home.path, new.id)
            if taken.content in known:
                self.well()
            return None
        try:
            answer = self._check(taken, settings, tests=True)
            if not isinstance(answer, Bad):
                self._record(new, status=Status.READY, taken=taken, good=answer)
        except BaseException:
            snapshot.remove(self._home.path, new.id)
            raise
        if isinstance(answer, Bad):
            snapshot.remove(self._home.path, new.id)
            refused = self.refused(by, answer.error(), new=new, taken=taken)
            if answer.world:
                self._changes.forget()
            else:
                self._refused_content = taken.content
            return refused
        over = None if asked else active.id if active is not None else ""
        return _deployment(new.id, by, taken, answer, over=over)

    def from_copy(self, row: Deployed, *, by: By, over: str | None = None) -> Deployment | Refused:
        """A version from the copy that is kept of it; its rules are executed, its tests were run before."""
        try:
            taken = snapshot.kept(self._home.path, row.id)
        except WorldError as error:
            return Refused(by=by, problems=tuple(error.problems), id=row.id, world=True)
        answer = self._check(taken, self._changes.last, tests=False)
        if isinstance(answer, Bad):
            return Refused(by=by, problems=answer.problems, id=row.id, world=answer.world)
        return _deployment(row.id, by, taken, answer, over=over)

    def _check(self, taken: Snapshot, settings: Settings, *, tests: bool) -> Good | Bad:
        answer = self._checker.check(
            Question(settings=taken.settings(settings), log_types=self._log_types, tests=tests)
        )
        return (
            replace(answer, problems=tuple(taken.told(answer.problems)))
            if isinstance(answer, Bad)
            else answer
        )

    def not_again(self, content: str) -> None:
        """A content that could not come into force is refused as one that was not well."""
        self._refused_content = content

    def last(self) -> Deployed | None:
        """What is in force, if its copy is whole."""
        return self._whole(record.active(self._home.database))

    def _whole(self, found: Deployed | None) -> Deployed | None:
        try:
            if found is not None:
                snapshot.kept(self._home.path, found.id)
        except WorldError:
            return None
        return found

    def refused(
        self,
        by: By,
        error: TrailcamError,
        *,
        new: "_New | None" = None,
        taken: Snapshot | None = None,
        what: str = CANDIDATE,
    ) -> Refused | None:
        """Writes a refusal down; None for one that was told already and that nobody has asked for, and for
        one that says of a check or a repository that nobody waits for it any more."""
        if self._changes.ended.is_set():
            return None
        problems = tuple(error.problems)
        told = tuple(problem.render() for problem in problems)
        if by is By.CHANGE and told in self._told.values():
            return None
        new = new or _New(str(ULID()), by, self._micros())
        self._record(new, status=Status.REFUSED, taken=taken, problems=problems)
        self._told[what] = told
        return Refused(by=by, problems=problems, id=new.id, world=isinstance(error, WorldError))

    def _record(
        self,
        new: "_New",
        *,
        status: Status,
        taken: Snapshot | None,
        good: Good | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        named = taken.sources if taken is not None else tuple(map(str, self._changes.last.packs))
        record.add(
            self._home.database,
            Deployed(
                id=new.id,
                status=status,
                by=new.by,
                sources=named,
                content=taken.content if taken is not None else "",
                pack=good.pack if good is not None else "",
                rules=good.rules if good is not None else {},
                reasons=tuple(problems),
                reasons_all=len(problems),
                taken_at=new.taken_at,
                decided_at=self._micros(),
                in_force_at=None,
                not_again=frozenset(),
            ),
        )

    def well(self, what: str = CANDIDATE) -> None:
        """What was refused is gone: should it come again, it is told again."""
        self._told.pop(what, None)
        if what == CANDIDATE:
            self._refused_content = ""


@dataclass(frozen=True, slots=True)
class _New:
    """A version that is looked at for the first time."""

    id: str
    by: By
    taken_at: Micros


def _deployment(deployed_id: str, by: By, taken: Snapshot, good: Good, *, over: str | None) -> Deployment:
    return Deployment(
        id=deployed_id,
        by=by,
        pack=good.pack,
        loaded=good.loaded,
        rules=good.rules,
        sources=taken.sources,
        content=taken.content,
        over=over,
    )
