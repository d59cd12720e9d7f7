"""The heartbeat of who goes over the past, in a thread: by it others know that it goes on."""

import threading
from collections.abc import Callable

from trailcam.errors import WorldError
from trailcam.model.timestamps import Micros
from trailcam.state import processes
from trailcam.state.database import Database


class Heartbeat:
    """A context manager. `id_` is the process's own; `now` gives the time.

    Raises on entering:
        WorldError: the state cannot be written.
    """

    def __init__(self, database: Database, id_: str, *, now: Callable[[], Micros]) -> None:
        self._database = database
        self._id = id_
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trailcam-heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        processes.begin(self._database, processes.Role.past, now=self._now, id_=self._id)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._tell(processes.end)

    def _run(self) -> None:
        while not self._stopping.wait(processes.BEAT_SECONDS):
            self._tell(processes.beat)

    def _tell(self, what: Callable[..., None]) -> None:
        try:
            what(self._database, self._id, now=self._now)
        except WorldError:
            return  # who is not heard is not waited for, and what we do ourselves tells what is wrong
