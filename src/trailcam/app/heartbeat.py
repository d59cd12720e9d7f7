"""The heartbeat of a process that runs for long, in a thread: by it others know that it goes on, whatever its
main thread waits for."""

import threading
from collections.abc import Callable

from trailcam.errors import WorldError
from trailcam.model.timestamps import Micros
from trailcam.state import processes
from trailcam.state.database import Database


class Heartbeat:
    """A context manager, at whose end it ends. `id_` is the process's own; `now` gives the time."""

    def __init__(
        self, database: Database, id_: str, *, role: processes.Role, now: Callable[[], Micros]
    ) -> None:
        self._database = database
        self._id = id_
        self._role = role
        self._now = now
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Heartbeat":
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._tell(processes.end)

    def begin(self) -> None:
        """Is heard from now on, if it is not.

        Raises:
            WorldError: the state cannot be written.
        """
        if self._thread is None:
            processes.begin(self._database, self._role, now=self._now, id_=self._id)
            self._thread = threading.Thread(target=self._run, name="trailcam-heartbeat", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(processes.BEAT_SECONDS):
            self._tell(processes.beat)

    def _tell(self, what: Callable[..., None]) -> None:
        try:
            what(self._database, self._id, now=self._now)
        except WorldError:
            return  # who is not heard is not waited for, and what we do ourselves tells what is wrong
