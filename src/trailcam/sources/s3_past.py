"""The past of a bucket as a source that comes to an end: what a listing finds is announced once."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trailcam.contracts.source import Blob, Exhausted, Notice
from trailcam.errors import WorldError, code
from trailcam.model.text import storable
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects

_AT_ONCE = 200
_LOOKED_EVERY_SECONDS = 0.05

PATIENCE_SECONDS = 60.0
"""For how long credentials that do not hold are waited for: clocks are set, and keys renewed."""


class S3Past:
    """See `trailcam.contracts.source.Source`. `find` begins a listing, which is read as far as it is needed.

    A listing that breaks off is begun again: what comes twice is known by then, or in hand. One that is
    refused is at its end: waiting would not help, and nobody may be there to see it wait.

    `per_second` bounds how many objects are fetched; 0 is no bound. `stop` ends every wait, that for its turn
    too. The counters are of objects and bytes: those that were announced, and those that are settled.
    """

    pollers = 1
    hold_seconds = 3600.0

    def __init__(
        self,
        find: Callable[[], Iterator[S3Object]],
        objects: Objects,
        *,
        per_second: float = 0,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._found = find()
        self._objects = objects
        self._pause = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._stop = stop
        self._next_fetch = 0.0
        self._again: deque[tuple[float, Notice]] = deque()
        self._listed = False
        self._open = 0
        self._refused_from: float | None = None
        """Since when nothing could be fetched for our credentials."""
        self._lock = threading.Lock()
        self.refused: WorldError | None = None
        """Why not all could be listed, or why nothing can be fetched any more."""
        self.is_shut_out = False
        """Whether nothing can be fetched any more: our credentials do not hold, and have not for a while."""
        self.announced = self.announced_bytes = self.settled = self.settled_bytes = 0

    @property
    def is_listed(self) -> bool:
        """Whether all is announced."""
        return self._listed

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See `trailcam.contracts.source.Source`."""
        until = self._clock() + wait_seconds
        while True:
            notices = self._due() or self._more()
            if notices:
                return notices
            with self._lock:
                if not self._open:
                    raise Exhausted
            if self._clock() >= until or self._stop.wait(_LOOKED_EVERY_SECONDS):
                return ()

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:
        """See `trailcam.contracts.source.Source`."""
        with self._lock:
            begin = max(self._clock(), self._next_fetch)
            self._next_fetch = begin + self._pause
        self._stop.wait(max(0.0, begin - self._clock()))
        try:
            blob = self._objects.fetch(notice.receipt, spool=spool)
        except WorldError as error:
            if _is_refusal(error):
                self._shut_out(error)
            raise
        self._refused_from = None
        return blob

    def hold(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`: nobody else has them."""

    def settle(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`."""
        with self._lock:
            self._open -= len(notices)
            self.settled += len(notices)
            self.settled_bytes += sum(notice.size_bytes for notice in notices)

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        """See `trailcam.contracts.source.Source`."""
        due = self._clock() + seconds
        with self._lock:
            self._again.extend((due, _notice(notice.receipt, notice.tries + 1)) for notice in notices)

    def close(self) -> None:
        """See `trailcam.contracts.source.Source`."""

    def _shut_out(self, error: WorldError) -> None:
        now = self._clock()
        with self._lock:
            if self._refused_from is None:
                self._refused_from = now
            if now - self._refused_from >= PATIENCE_SECONDS:
                self.refused, self.is_shut_out = error, True

    def _due(self) -> list[Notice]:
        with self._lock:
            due = [it for at, it in self._again if at <= self._clock()]
            self._again = deque((at, it) for at, it in self._again if it not in due)
            return due

    def _more(self) -> list[Notice]:
        notices = []
        try:
            for it in self._found:
                notices.append(_notice(it, 1))
                if len(notices) == _AT_ONCE:
                    break
        except WorldError as error:
            if not _is_refusal(error):
                self._found = self._find()
                with self._lock:
                    self.announced = self.announced_bytes = self.settled = self.settled_bytes = 0
                raise
            self.refused, self._found = error, iter(())
        with self._lock:
            self._listed = not notices
            self._open += len(notices)
            self.announced += len(notices)
            self.announced_bytes += sum(notice.size_bytes for notice in notices)
        return notices


def _is_refusal(error: WorldError) -> bool:
    return any(problem.code == code("source_refused") for problem in error.problems)


def _notice(it: S3Object, tries: int) -> Notice:
    return Notice(
        name=it.name,
        origin_id=storable(it.origin_id) if it.origin_id else None,
        size_bytes=it.size_bytes,
        tries=tries,
        receipt=it,
    )
