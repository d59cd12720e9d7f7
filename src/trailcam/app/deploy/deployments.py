"""The versions of the rules as a server holds them: what is in force, and what is to come into force next."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import IO

from trailcam.app.deploy import record, wishes
from trailcam.app.deploy.candidates import Candidates
from trailcam.app.deploy.changes import Changes
from trailcam.app.deploy.checking import Check, Checker
from trailcam.app.deploy.cleaning import clean
from trailcam.app.deploy.deployment import Deployment, Refused, Started
from trailcam.app.deploy.record import By, Deployed
from trailcam.app.deploy.running import hold
from trailcam.app.deploy.wishes import Answer, Outcome, What, Wish
from trailcam.app.home import Home
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings

_AGAIN_SECONDS = 10.0
"""How long a version that the world keeps from being followed rests before it is tried again."""


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
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._home = home
        self._own_checker = Checker()
        self._now = now
        self._clock = clock
        self._ended = Event()
        pause = pause or self._ended.wait
        self._changes = Changes(read, home.path, clock=clock, pause=pause, ended=self._ended)
        self._candidates = Candidates(
            home, self._changes, checker or self._own_checker, log_types=log_types, micros=self._micros
        )
        self._running: IO[str] | None = None
        self._current = ""
        """Id of what is in force in this process."""
        self._waiting: Deployment | None = None
        """Given out, and not in force yet."""
        self._wish: Wish | None = None
        """Taken, and not answered yet."""
        self._not_followed: Refused | None = None
        """What is in force elsewhere and could not be here."""
        self._not_followed_at = clock()
        self._unclean = False
        """Copies have become too many, and wait for the thread that may take its time."""

    def __enter__(self) -> "Deployments":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends a check that is going on, and what git does; from now on no server runs here."""
        self._ended.set()
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
        self._changes.settings()
        self._running = self._running or hold(self._home)
        found = self._candidates.made(By.START)
        if isinstance(found, Deployment):
            return Started(deployment=self._given(found))
        last = self._candidates.last()
        if last is None:
            assert found is not None  # without a last version nothing is unchanged
            raise found.error()
        resumed = self._candidates.from_copy(last, by=last.by, over=last.id)
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
        wish = self._taken() or wishes.take(self._home.database, now=self._micros())
        if wish is not None:
            return self._granted(wish)
        active = record.active(self._home.database)
        if active is not None and active.id != self._current and self._can_follow(active):
            return self._followed(active)
        return self._looked()

    def switched(self, deployment: Deployment) -> bool:
        """Whether the version is in force: then every group from now on is decided under it.

        False where another process was faster: what that has brought is followed, and the packs are looked at
        anew.
        """
        is_in_force = record.put_in_force(
            self._home.database,
            deployment.id,
            by=deployment.by,
            now=self._micros(),
            over=deployment.over,
        )
        if is_in_force:
            self._current = deployment.id
            self._not_followed = None
            self._candidates.well()
            self._answer(Answer(outcome=Outcome.SWITCHED, deployed_id=deployment.id))
            self._unclean = True
        else:
            self._changes.forget()
            self._answer(self._unchanged())
        self._waiting = None  # last: from here on, another thread may be given the next
        return is_in_force

    def failed(self, deployment: Deployment, error: TrailcamError) -> Refused | None:
        """The version cannot come into force after all: what is in force goes on. None for what was told."""
        problems = tuple(error.problems)
        record.refuse(self._home.database, deployment.id, problems, now=self._micros())
        self._candidates.not_again(deployment.content)
        self._answer(Answer(outcome=Outcome.REFUSED, deployed_id=deployment.id, reasons=problems))
        told = self._left(
            Refused(
                by=deployment.by,
                problems=problems,
                id=deployment.id,
                world=isinstance(error, WorldError),
            )
        )
        self._waiting = None
        return told

    # -- what a command calls where no server runs -------------------------------------------------------

    def act(self, what: What, *, deployed_id: str = "") -> Answer:
        """Does at once what a server would be asked for; the next server begins with it.

        Raises:
            TrailcamError: the settings are not well.
            WorldError: the state cannot be read or written.
        """
        self._changes.settings()
        found = self._wished(what, deployed_id)
        if isinstance(found, Refused):
            return Answer(outcome=Outcome.REFUSED, deployed_id=found.id, reasons=found.problems)
        if found is None or not self.switched(found):
            return self._unchanged()
        self._clean()
        return Answer(outcome=Outcome.SWITCHED, deployed_id=found.id)

    # -- wishes ------------------------------------------------------------------------------------------

    def _taken(self) -> Wish | None:
        """What was taken when the state failed, and somebody still waits for."""
        if self._wish is not None and self._wish.until <= self._micros():
            self._wish = None
        return self._wish

    def _granted(self, wish: Wish) -> Deployment | Refused | None:
        self._wish = wish
        found = self._wished(wish.what, wish.deployed_id)
        if self._ended.is_set():  # who asked finds that no server runs
            return None
        if isinstance(found, Deployment):
            return self._given(found)
        if found is None:
            self._answer(self._unchanged())
        else:
            self._answer(Answer(outcome=Outcome.REFUSED, deployed_id=found.id, reasons=found.problems))
        return found

    def _wished(self, what: What, deployed_id: str) -> Deployment | Refused | None:
        if what is What.ROLLBACK:
            return self._earlier(deployed_id)
        return self._candidates.made(By.RELOAD, asked=True)

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
        for look in (self._changes.folders, self._changes.repositories):
            try:
                found = look()
            except TrailcamError as error:
                refused = self._candidates.refused(By.CHANGE, error, what=look.__name__)
                if refused is not None:
                    return refused
                continue
            if found is not None:
                self._candidates.well(look.__name__)
                changed = changed or found
        made = self._candidates.made(By.CHANGE) if changed else None
        return self._given(made) if isinstance(made, Deployment) else made

    def _earlier(self, name: str) -> Deployment | Refused | None:
        """A version that was in force before; without a name the one before that which is in force."""
        active = record.active(self._home.database)
        try:
            target = _target(self._home, active, name)
        except TrailcamError as error:
            return Refused(by=By.ROLLBACK, problems=tuple(error.problems))
        if active is not None and target.id == active.id:
            return None
        return self._candidates.from_copy(target, by=By.ROLLBACK)

    def _can_follow(self, active: Deployed) -> bool:
        left = self._not_followed
        if left is None or left.id != active.id:
            return True
        return left.world and self._clock() - self._not_followed_at >= _AGAIN_SECONDS

    def _followed(self, active: Deployed) -> Deployment | Refused | None:
        """What another process has brought into force."""
        found = self._candidates.from_copy(active, by=active.by, over=active.id)
        return self._given(found) if isinstance(found, Deployment) else self._left(found)

    def _left(self, refused: Refused) -> Refused | None:
        """What is to be told of a version that is not followed: nothing the second time."""
        told = refused == self._not_followed
        self._not_followed, self._not_followed_at = refused, self._clock()
        return None if told else refused

    def _clean(self) -> None:
        if self._unclean:
            self._unclean = False
            clean(self._home, now=self._now())

    def _micros(self) -> Micros:
        return Micros(int(self._now() * 1_000_000))


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
