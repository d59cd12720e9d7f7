"""The versions of the rules as a server holds them: what is in force, and what is to come into force next."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from ulid import ULID

from trailcam.app.deploy import record, snapshot, wishes
from trailcam.app.deploy.checking import Bad, Check, Checker, Good, Question
from trailcam.app.deploy.cleaning import clean
from trailcam.app.deploy.deployment import Deployment, Refused, Started
from trailcam.app.deploy.record import By, Deployed, Status
from trailcam.app.deploy.running import hold
from trailcam.app.deploy.snapshot import Snapshot
from trailcam.app.deploy.watching import Watch
from trailcam.app.deploy.wishes import Answer, Outcome, What, Wish
from trailcam.app.home import Home
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings

_AGAIN = frozenset({code("worker_broken")})
"""Of what a check says, this may be otherwise the next time."""

_CANDIDATE = "candidate"
"""What was done when packs were refused that had been copied, or could not be."""


class Deployments:
    """What comes into force, for one server on one home; a context manager.

    `read` gives the settings anew: of these, packs, rules and how often to look follow the file, and all else
    stays as it was first. A server calls `start`, then `look` every second or so from a thread of its own;
    what `look` gives comes into force at the server's next group, and then `switched` is called, or `failed`.

    Several servers may share a home: each follows what another has brought into force.
    """

    def __init__(
        self,
        read: Callable[[], Settings],
        home: Home,
        *,
        log_types: Sequence[Path] = (),
        checker: Check | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._home = home
        self._log_types = tuple(log_types)
        self._own_checker = Checker()
        self._checker: Check = checker or self._own_checker
        self._now = now
        self._watch = Watch(read, home.path, clock=clock, pause=pause)
        self._running: IO[str] | None = None
        self._current = ""
        """Id of what is in force in this process."""
        self._waiting: Deployment | None = None
        """Given out, and not in force yet."""
        self._wish: Wish | None = None
        """Whose answer waits for that."""
        self._refused_content = ""
        self._told: dict[str, tuple[str, ...]] = {}
        """The last refusals, by what was done; they are not told again while they last."""
        self._not_followed = ""
        self._unclean = False
        """Copies have become too many, and wait for the thread that may take its time."""
        self._closed = False

    def __enter__(self) -> "Deployments":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends a check that is going on; from now on no server runs here."""
        self._closed = True
        self._own_checker.stop()
        if self._running is not None:
            self._running.close()

    # -- what a server calls -----------------------------------------------------------------------------

    def start(self) -> Started:
        """What to begin with: the packs of the settings if they are well, else the last version.

        Raises:
            TrailcamError: the settings are not well; or the packs are not, and there is no last version: all
                problems.
            WorldError: something outside failed, and there is no last version.
        """
        self._watch.settings()
        self._running = hold(self._home)
        found = self._candidate(By.START)
        if isinstance(found, Deployment):
            return Started(deployment=self._given(found))
        last = self._last()
        if last is None:
            assert found is not None  # without a last version nothing is unchanged
            raise found.error()
        resumed = self._from_copy(last, by=last.by, not_again=last.not_again)
        if isinstance(resumed, Deployment):
            return Started(deployment=self._given(resumed), refused=found)
        problems = (*(found.problems if found else ()), *resumed.problems)
        raise replace(found or resumed, problems=problems).error()

    def look(self) -> Deployment | Refused | None:
        """What is to come into force next, or why something does not; None when there is nothing new.

        A refusal is told once, and not again while it is the same. While something that was given out is not
        in force yet, there is nothing new.

        Raises:
            WorldError: the state cannot be read or written.
        """
        if self._waiting is not None:
            return None
        self._clean()
        wish = wishes.take(self._home.database, now=self._micros())
        if wish is not None:
            return self._granted(wish)
        active = record.active(self._home.database)
        if active is not None and active.id not in (self._current, self._not_followed):
            return self._followed(active)
        return self._looked()

    def switched(self, deployment: Deployment) -> None:
        """The version is in force: every group from now on is decided under it."""
        record.put_in_force(
            self._home.database,
            deployment.id,
            by=deployment.by,
            now=self._micros(),
            not_again=deployment.not_again,
        )
        self._current = deployment.id
        self._well()
        self._answer(Answer(outcome=Outcome.SWITCHED, deployed_id=deployment.id))
        self._unclean = True
        self._waiting = None  # last: from here on, another thread may be given the next

    def failed(self, deployment: Deployment, problems: Sequence[Problem]) -> None:
        """The version cannot come into force after all: what is in force goes on."""
        record.refuse(self._home.database, deployment.id, problems, now=self._micros())
        self._refused_content, self._not_followed = deployment.content, deployment.id
        self._answer(Answer(outcome=Outcome.REFUSED, deployed_id=deployment.id, reasons=tuple(problems)))
        self._waiting = None

    # -- what a command calls where no server runs -------------------------------------------------------

    def act(self, what: What, *, deployed_id: str = "") -> Answer:
        """Does at once what a server would be asked for; the next server begins with it.

        Raises:
            TrailcamError: the settings are not well.
            WorldError: the state cannot be read or written.
        """
        self._watch.settings()
        return self._acted(Wish(id="", what=what, deployed_id=deployed_id))

    def _acted(self, wish: Wish) -> Answer:
        found = self._wished(wish)
        if isinstance(found, Refused):
            return Answer(outcome=Outcome.REFUSED, deployed_id=found.id, reasons=found.problems)
        if found is None:
            return self._unchanged()
        self.switched(found)
        self._clean()
        return Answer(outcome=Outcome.SWITCHED, deployed_id=found.id)

    # -- wishes ------------------------------------------------------------------------------------------

    def _granted(self, wish: Wish) -> Deployment | Refused | None:
        found = self._wished(wish)
        self._wish = wish
        if self._closed:  # who asked finds that no server runs
            return None
        if isinstance(found, Deployment):
            return self._given(found)
        if found is None:
            self._answer(self._unchanged())
        else:
            self._answer(Answer(outcome=Outcome.REFUSED, deployed_id=found.id, reasons=found.problems))
        return found

    def _wished(self, wish: Wish) -> Deployment | Refused | None:
        if wish.what is What.ROLLBACK:
            return self._earlier(wish.deployed_id)
        return self._candidate(By.RELOAD, asked=True)

    def _unchanged(self) -> Answer:
        active = record.active(self._home.database)
        return Answer(outcome=Outcome.UNCHANGED, deployed_id=active.id if active else "")

    def _answer(self, said: Answer) -> None:
        if self._wish is not None:
            wishes.answer(self._home.database, self._wish, said, now=self._micros())
            self._wish = None

    # -- versions ----------------------------------------------------------------------------------------

    def _given(self, deployment: Deployment) -> Deployment:
        self._waiting = deployment
        return deployment

    def _looked(self) -> Deployment | Refused | None:
        changed = False
        for look in (self._watch.folders, self._watch.repositories):
            try:
                found = look()
            except TrailcamError as error:
                refused = self._refused(By.CHANGE, error, while_=look.__name__)
                if refused is not None:
                    return refused
                continue
            if found is not None:
                self._told.pop(look.__name__, None)
                changed = changed or found
        made = self._candidate(By.CHANGE) if changed else None
        return self._given(made) if isinstance(made, Deployment) else made

    def _candidate(self, by: By, *, asked: bool = False) -> Deployment | Refused | None:
        """The packs as they are now; None when they are what is in force, or are not to come back unasked."""
        new = _New(str(ULID()), by, self._micros())
        try:
            settings = self._watch.settings()
            commits = self._watch.commits(settings, anew=asked)
            if by is By.CHANGE:
                self._watch.settle(settings)
            self._watch.see(settings)
            taken = snapshot.take(settings, home=self._home.path, snapshot_id=new.id, commits=commits)
        except TrailcamError as error:
            if isinstance(error, WorldError):
                self._watch.forget()
            return self._refused(by, error, new=new)
        last = self._last()
        known = {last.content, *(() if asked else last.not_again)} if last is not None else set()
        if taken.content in known or (taken.content == self._refused_content and not asked):
            snapshot.remove(self._home.path, new.id)
            if taken.content in known:
                self._well()
            return None
        try:
            answer = self._check(taken, settings, tests=True)
        except BaseException:
            snapshot.remove(self._home.path, new.id)
            raise
        if isinstance(answer, Bad):
            snapshot.remove(self._home.path, new.id)
            if self._closed:  # it says that the check was ended, and nothing of the packs
                return None
            if _AGAIN & {problem.code for problem in answer.problems}:
                self._watch.forget()
            else:
                self._refused_content = taken.content
            return self._refused(by, TrailcamError(taken.told(answer.problems)), new=new, taken=taken)
        self._record(new, status=Status.READY, taken=taken, good=answer)
        return _deployment(new.id, by, taken, answer)

    def _earlier(self, name: str) -> Deployment | Refused | None:
        """A version that was in force before; without a name the one before that which is in force."""
        active = record.active(self._home.database)
        try:
            target = _target(self._home, active, name)
        except TrailcamError as error:
            return Refused(by=By.ROLLBACK, problems=tuple(error.problems))
        if active is not None and target.id == active.id:
            return None
        left = {active.content, *active.not_again} if active is not None else set[str]()
        return self._from_copy(target, by=By.ROLLBACK, not_again=frozenset(left - {target.content}))

    def _followed(self, active: Deployed) -> Deployment | Refused:
        """What another process has brought into force."""
        found = self._from_copy(active, by=active.by, not_again=active.not_again)
        if isinstance(found, Deployment):
            return self._given(found)
        self._not_followed = active.id
        return found

    def _from_copy(self, row: Deployed, *, by: By, not_again: frozenset[str]) -> Deployment | Refused:
        """A version from the copy that is kept of it; its rules are executed, its tests were run before."""
        try:
            taken = snapshot.kept(self._home.path, row.id)
        except WorldError as error:
            return Refused(by=by, problems=tuple(error.problems), id=row.id, world=True)
        answer = self._check(taken, self._watch.last, tests=False)
        if isinstance(answer, Bad):
            return Refused(by=by, problems=tuple(taken.told(answer.problems)), id=row.id)
        return _deployment(row.id, by, taken, answer, not_again)

    def _check(self, taken: Snapshot, settings: Settings, *, tests: bool) -> Good | Bad:
        return self._checker.check(
            Question(settings=taken.settings(settings), log_types=self._log_types, tests=tests)
        )

    def _last(self) -> Deployed | None:
        """What is in force, if its copy is whole."""
        found = record.active(self._home.database)
        try:
            if found is not None:
                snapshot.kept(self._home.path, found.id)
        except WorldError:
            return None
        return found

    def _refused(
        self,
        by: By,
        error: TrailcamError,
        *,
        new: "_New | None" = None,
        taken: Snapshot | None = None,
        while_: str = _CANDIDATE,
    ) -> Refused | None:
        """Writes a refusal down; None for one that was told already and that nobody has asked for."""
        problems = tuple(error.problems)
        told = tuple(problem.render() for problem in problems)
        if by is By.CHANGE and told in self._told.values():
            return None
        self._told[while_] = told
        new = new or _New(str(ULID()), by, self._micros())
        self._record(new, status=Status.REFUSED, taken=taken, problems=problems)
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
        named = taken.sources if taken is not None else tuple(map(str, self._watch.last.packs))
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

    def _well(self) -> None:
        """What was refused is gone: should it come again, it is told again."""
        self._refused_content = ""
        self._told.pop(_CANDIDATE, None)

    def _clean(self) -> None:
        if self._unclean:
            self._unclean = False
            clean(self._home, now=self._now())

    def _micros(self) -> Micros:
        return Micros(int(self._now() * 1_000_000))


@dataclass(frozen=True, slots=True)
class _New:
    """A version that is looked at for the first time."""

    id: str
    by: By
    taken_at: Micros


def _target(home: Home, active: Deployed | None, name: str) -> Deployed:
    """What to go back to.

    Raises:
        TrailcamError: TC0818 there is nothing, or not of this name, or it was never in force.
    """
    if name:
        found = record.find(home.database, name)
        if found.in_force_at is not None:
            return found
        message = f"{found.id} was never in force"
    else:
        before = record.before(home.database, active.id) if active is not None else None
        if before is not None:
            return before
        message = "there is no earlier version to go back to"
    raise TrailcamError(Problem(code=code("no_such_deployment"), message=message))


def _deployment(
    deployed_id: str, by: By, taken: Snapshot, good: Good, not_again: frozenset[str] = frozenset()
) -> Deployment:
    return Deployment(
        id=deployed_id,
        by=by,
        pack=good.pack,
        loaded=good.loaded,
        rules=good.rules,
        sources=taken.sources,
        content=taken.content,
        not_again=not_again,
    )
