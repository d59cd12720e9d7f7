"""Has turns of rules that keep state while sources are followed, in a thread and a worker of its own: a rule
that asks for what it remembers, and the groups that come in, do not wait for one another.
"""

from collections.abc import Callable

from trailcam.app.line import Line
from trailcam.app.live.beside import Beside
from trailcam.errors import TrailcamError

_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 5.0
"""How long what the world refused waits before it is tried again."""


class Turns(Beside):
    """A context manager. `line` gives the line whose rules are in force: from its next turn on, also what was
    queued under others is run under these. A turn in hand when it is left is given up: it is nowhere yet, and
    whoever comes next has it."""

    def __init__(self, line: Callable[[], Line], *, told: Callable[..., None]) -> None:
        super().__init__("trailcam-lane", told=told)
        self._line = line

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self._of_one_line()
            except TrailcamError as error:  # of rules too: what they import may have gone since they came in
                self._failed("rules that keep state wait", error)
                self._stopping.wait(_PAUSE_SECONDS)

    def _of_one_line(self) -> None:
        """Turns under one version of the rules; a worker starts with the first, and ends with the line."""
        line = self._line()
        if not line.lane.is_due():
            return
        with line.new_engine(1) as engine:
            while not self._is_over(line):
                line.lane.drain(engine, stopped=lambda: self._is_over(line))
                self._works("rules that keep state run again")
                self._stopping.wait(_LOOK_SECONDS)

    def _is_over(self, line: Line) -> bool:
        return self._stopping.is_set() or self._line() is not line
