"""Turns of correlation rules while sources are followed, in a thread of their own."""

from collections.abc import Callable

from trailcam.app.line import Line
from trailcam.app.live.beside import Beside
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.kept_without import KeptWithout
from trailcam.errors import WorldError

_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 5.0
"""How long what the world refused waits before it is tried again."""


class Correlations(Beside):
    """A context manager. `line` gives the line whose rules are in force: what was decided under others is
    taken in by these. `arrived` gives what has arrived by now."""

    def __init__(
        self, line: Callable[[], Line], *, arrived: Callable[[], Arrived | None], told: Callable[..., None]
    ) -> None:
        super().__init__("trailcam-correlate", told=told)
        self._line = line
        self._arrived = arrived
        self._is_held = False

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self._turn()
        self._turn()

    def _tell(self, found: list[KeptWithout]) -> None:
        while found:
            it = found.pop(0)
            self._told(
                "a correlation rule does not see what earlier matches hold",
                rule=it.rule_id,
                matches=it.matches,
                kept_without=",".join(it.fields),
                cure=f"trailcam backfill --rule {it.rule_id}",
            )

    def _tell_held(self, rules: int) -> None:
        """Tells that somebody goes over the past, and that nobody does any more."""
        if rules and not self._is_held:
            self._told("absence waits", rules=rules, why="a run, a backfill or a retry goes on")
        elif self._is_held and not rules:
            self._told("absence goes on")
        self._is_held = bool(rules)

    def _turn(self) -> None:
        try:
            correlating = self._line().correlating
            if correlating.rules:
                correlating.go_on(self._arrived())
                for (rule_id, of), number in sorted(correlating.cut.items()):
                    self._told("first values alone", rule=rule_id, looks_at=of, matches=number)
                correlating.cut.clear()
                self._tell(correlating.kept_without)
            self._tell_held(len(correlating.left))
        except WorldError as error:
            self._failed("correlation rules wait", error)
            self._stopping.wait(_PAUSE_SECONDS)
        else:
            self._works("correlation rules go on")
