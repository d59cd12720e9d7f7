"""A thread that works beside the line: what the world refuses it tells once, a defect never goes unseen."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

from trailcam.errors import TrailcamError


class Beside(ABC):
    """A context manager: the thread runs from `with` to its end. `told` takes an event and its values."""

    def __init__(self, name: str, *, told: Callable[..., None]) -> None:
        self._told = told
        self._stopping = threading.Event()
        self._fails = False
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._watched, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Looks whether it goes on.

        Raises:
            BaseException: what has ended our thread: a defect, which must not go unseen.
        """
        if self._broken is not None:
            raise self._broken

    @abstractmethod
    def _run(self) -> None:
        """Works until `_stopping` is set."""

    def _failed(self, event: str, error: TrailcamError) -> None:
        """Tells what is wrong, unless that was told and is so still."""
        if not self._fails:
            for problem in error.problems:
                self._told(event, code=problem.code, why=problem.message)
        self._fails = True

    def _works(self, event: str) -> None:
        """Tells that nothing is wrong any more, where something was."""
        if self._fails:
            self._told(event)
        self._fails = False

    def _watched(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._broken = error
