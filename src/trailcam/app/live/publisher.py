"""Publishes what is decided now and then, in a thread of its own: the line does not wait for the lake."""

from collections.abc import Callable

from trailcam.app.home import Home
from trailcam.app.live.beside import Beside
from trailcam.commit.publish import publish
from trailcam.errors import WorldError


class Publisher(Beside):
    """A context manager that publishes every so many seconds, and once more when it is left."""

    def __init__(self, home: Home, *, every_seconds: float, told: Callable[..., None]) -> None:
        super().__init__("trailcam-publish", told=told)
        self._home = home
        self._every_seconds = every_seconds

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        try:
            publish(self._home.database, self._home.iceberg)
        except WorldError as error:
            self._failed("lake refuses", error)
        else:
            self._works("lake works again")
