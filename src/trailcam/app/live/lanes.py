"""Has turns of rules that keep state while sources are followed, in a thread and a worker of its own: a rule
that asks for what it remembers, and the groups that come in, do not wait for one another.
"""

import threading
from collections.abc import Callable

from trailcam.app.line import Line
from trailcam.errors import TrailcamError

_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 5.0
"""How long what the world refused waits before it is tried again."""


class Lanes:
    """A context manager. `line` gives the line whose rules are in force: from its next turn on, also what was
    queued under others is run under these."""

    def __init__(self, line: Callable[[], Line], *, told: Callable[..., None]) -> None:
        self._line = line
        self._told = told
        self._stopping = threading.Event()
        self._fails = False
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._watched, name="trailcam-lane", daemon=True)

    def __enter__(self) -> "Lanes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """A turn in hand is given up: it is nowhere yet, and whoever comes next has it."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Looks whether it goes on.

        Raises:
            BaseException: what has ended our thread: a defect, which must not go unseen.
        """
        if self._broken is not None:
            raise self._broken

    def _watched(self) -> None:
        try:
            while not self._stopping.wait(_LOOK_SECONDS):
                self._trying(self._of_one_line)
        except BaseException as error:
            self._broken = error

    def _of_one_line(self) -> None:
        """Turns under one version of the rules; a worker starts with the first, and ends with the line."""
        line = self._line()
        if not line.lane.is_due():
            return
        with line.new_engine(1) as engine:
            while not self._is_over(line):
                line.lane.drain(engine, stopped=lambda: self._is_over(line))
                self._works()
                self._stopping.wait(_LOOK_SECONDS)

    def _is_over(self, line: Line) -> bool:
        return self._stopping.is_set() or self._line() is not line

    def _trying(self, act: Callable[[], None]) -> None:
        try:
            act()
        except TrailcamError as error:  # of rules too: what they import may have gone since they came in
            if not self._fails:
                for problem in error.problems:
                    self._told("rules that keep state wait", code=problem.code, why=problem.message)
            self._fails = True
            self._stopping.wait(_PAUSE_SECONDS)

    def _works(self) -> None:
        if self._fails:
            self._fails = False
            self._told("rules that keep state run again")
