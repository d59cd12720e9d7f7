"""New versions of the rules are got ready in a thread of their own, and come into force between groups."""

import threading
from collections.abc import Callable, Sequence

from trailcam.app.deploy.deployment import Deployment, Refused
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.line import Line
from trailcam.app.load import Loaded
from trailcam.errors import Problem, TrailcamError, WorldError

LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 10.0
"""How long what the world refused waits before it is tried again."""

_MOST_FAILURES = 6
_TOLD_AT_MOST = 10


class Switching:
    """A context manager. `made` makes a line for some rules, `switch` gives groups to it from then on;
    `refused` is called with the problems of what is refused."""

    def __init__(
        self,
        deployments: Deployments,
        *,
        made: Callable[[Loaded], Line],
        switch: Callable[[Line], None],
        told: Callable[..., None],
        refused: Callable[[Sequence[Problem]], None],
    ) -> None:
        self._deployments = deployments
        self._made = made
        self._switch = switch
        self._told = told
        self._say_refused = refused
        self._ready: tuple[Deployment, Line] | None = None
        self._pending: Deployment | None = None
        """To be got ready again: the world has failed it."""
        self._failures = 0
        self._told_of: tuple[str, ...] = ()
        """The codes of what the world refuses now; they are told once."""
        self._stopping = threading.Event()
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._watched, name="trailcam-versions", daemon=True)

    def __enter__(self) -> "Switching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._deployments.close()
        self._thread.join()
        if self._ready is not None:
            self._ready[1].__exit__(None, None, None)

    @property
    def has_news(self) -> bool:
        """Whether there is something for `switch_if_ready` to do."""
        return self._ready is not None or self._broken is not None

    def switch_if_ready(self) -> None:
        """Brings the next version into force, if there is one; called between two groups.

        Raises:
            WorldError: the state cannot be written; it is tried again.
            BaseException: what has ended our thread: a defect, which must not go unseen.
        """
        if self._broken is not None:
            raise self._broken
        if self._ready is not None:
            deployment, line = self._ready
            is_in_force = self._deployments.switched(deployment)
            self._ready = None
            if is_in_force:
                self._switch(line)
            else:
                line.__exit__(None, None, None)

    def _watched(self) -> None:
        try:
            while not self._stopping.wait(LOOK_SECONDS):
                if self._ready is None:
                    self._look()
        except BaseException as error:
            self._broken = error

    def _look(self) -> None:
        if self._pending is not None:
            self._get_ready(self._pending)
            return
        try:
            found = self._deployments.look()
        except WorldError as error:
            codes = tuple(problem.code for problem in error.problems)
            if codes != self._told_of:
                self._refused("versions cannot be looked at", error.problems)
            self._told_of = codes
            self._stopping.wait(_PAUSE_SECONDS)
            return
        self._told_of = ()
        if isinstance(found, Refused):
            self._refused("refused: the rules in force go on", found.problems)
            self._say_refused(found.problems)
        elif found is not None:
            self._get_ready(found)

    def _get_ready(self, deployment: Deployment) -> None:
        """Executes its rules in a worker before anything goes through them."""
        try:
            line = self._made(deployment.loaded)
            line.__enter__()
        except TrailcamError as error:
            self._failures += 1
            if isinstance(error, WorldError) and self._failures < _MOST_FAILURES:
                self._try_again(deployment, error)
                return
            try:
                refused = self._deployments.failed(deployment, error)
            except WorldError as unwritten:
                self._try_again(deployment, unwritten)
                return
            if refused is not None:
                self._refused("refused: the rules in force go on", refused.problems)
                self._say_refused(refused.problems)
        else:
            self._ready = (deployment, line)
        self._pending, self._failures = None, 0

    def _try_again(self, deployment: Deployment, error: WorldError) -> None:
        """The world fails, not the rules: they are not refused for it."""
        if self._pending is None:
            self._refused("new rules cannot be brought into force now", error.problems)
        self._pending = deployment
        self._stopping.wait(_PAUSE_SECONDS)

    def _refused(self, what: str, problems: Sequence[Problem]) -> None:
        for problem in list(problems)[:_TOLD_AT_MOST]:
            self._told(what, code=problem.code, why=problem.message, where=str(problem.path or ""))
