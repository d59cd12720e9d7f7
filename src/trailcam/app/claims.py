"""Claims the files of a run and sorts them out by the ledger: new, to be seen by some rule, or known."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.commit.ledger import Ledger
from trailcam.contracts.source import Blob
from trailcam.engines.messages import WorkGroup
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import Micros
from trailcam.sources import files

_GROUP_ORIGINS = 500


@dataclass(slots=True)
class Claims:
    """Claims the files one after another and gathers small ones into groups."""

    found: files.Found
    spool: Path
    group_bytes: int
    run_id: str
    ledger: Ledger
    repeated: int = 0
    """Files whose bytes were those of a file claimed before."""
    size_bytes: int = 0
    """Of all files that are not repeated."""
    empty: list[str] = field(default_factory=list)
    """Names of files without bytes."""
    passed_bytes: int = 0
    """Of files that need not be worked on."""
    bytes_all: int = 0
    _seen: set[str] = field(default_factory=set)
    _claimed: list[Blob] = field(default_factory=list)

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *_: object) -> None:
        """However a run ends, copies of streams do not outlive it."""
        for blob in self._claimed:
            blob.acknowledge()

    def groups(self, refuse: Callable[[Sequence[DeadLetter]], None]) -> Iterator[WorkGroup]:
        """Groups of new origins, and of known ones that some rule has not seen."""
        self.bytes_all = sum(_size(path) for path in self.found.files)
        waiting: list[Blob] = []
        size = 0
        for path in self.found.files:
            claimed = files.claim(path, spool=self.spool)
            if isinstance(claimed, DeadLetter):
                refuse([claimed])
                continue
            origin = claimed.origin
            if claimed.spooled:
                self._claimed.append(claimed)
            if origin.id in self._seen:
                self.repeated += 1
                self.passed_bytes += origin.size_bytes
                claimed.acknowledge()
                continue
            if not origin.size_bytes:
                self.empty.append(origin.name)
            self._seen.add(origin.id)
            self.size_bytes += origin.size_bytes
            waiting.append(claimed)
            size += origin.size_bytes
            if size >= self.group_bytes or len(waiting) >= _GROUP_ORIGINS:
                yield from self._sorted_out(waiting)
                waiting, size = [], 0
        yield from self._sorted_out(waiting)

    def _sorted_out(self, blobs: Sequence[Blob]) -> Iterator[WorkGroup]:
        """What of these is new, what some rule has not seen; the rest is passed over."""
        standing = self.ledger.look_up([blob.origin.id for blob in blobs])
        new = tuple(blob for blob in blobs if blob.origin.id not in standing)
        again = tuple(blob for blob in blobs if standing.get(blob.origin.id))
        known = [blob for blob in blobs if standing.get(blob.origin.id) == frozenset()]
        self.ledger.note(self.run_id, [blob.origin.id for blob in known])
        self.ledger.answer(
            self.run_id, [blob.origin.name for blob in known], now=Micros(time.time_ns() // 1_000)
        )
        for blob in known:
            self.passed_bytes += blob.origin.size_bytes
            blob.acknowledge()
        if new:
            yield WorkGroup(new)
        if again:
            yield WorkGroup(again, whole=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is told when it is claimed
        return 0
