"""Publishes what is decided now and then, in a thread of its own: the line does not wait for the lake."""

import threading
from collections.abc import Callable

from trailcam.app.home import Home
from trailcam.commit.publish import publish
from trailcam.errors import WorldError


class Publisher:
    """A context manager that publishes every so many seconds, and once more when it is left."""

    def __init__(self, home: Home, *, every_seconds: float, told: Callable[..., None]) -> None:
        self._home = home
        self._every_seconds = every_seconds
        self._told = told
        self._stopping = threading.Event()
        self._fails = False
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._watched, name="trailcam-publish", daemon=True)

    def __enter__(self) -> "Publisher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Looks whether publishing goes on.

        Raises:
            BaseException: what has ended our thread: a defect, which must not go unseen.
        """
        if self._broken is not None:
            raise self._broken

    def _watched(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._broken = error

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            self._publish()
        self._publish()

    def _publish(self) -> None:
        try:
            publish(self._home.database, self._home.iceberg)
        except WorldError as error:
            if not self._fails:
                for problem in error.problems:
                    self._told("lake refuses", code=problem.code, why=problem.message)
            self._fails = True
        else:
            if self._fails:
                self._told("lake works again")
            self._fails = False
