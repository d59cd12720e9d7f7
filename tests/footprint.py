"""What a process and all that it started hold of a machine, over time, and whether that stays flat."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Self

_MOST_POINTS = 400
"""Of which all pairs are looked at: 80,000, a tenth of a second."""
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class Footprint:
    """Of one moment; what processes share is counted in each of them."""

    seconds: float
    rss_bytes: int
    files: int
    """Open file descriptors: files, sockets, pipes."""
    threads: int
    processes: int


def footprint(pid: int) -> Footprint:
    """What a process and its descendants hold now: nothing if it has ended."""
    rss = files = threads = processes = 0
    for one in tree(pid):
        folder = Path(f"/proc/{one}")
        try:
            pages = int((folder / "statm").read_text().split()[1])
            opened = sum(1 for _ in (folder / "fd").iterdir())
            tasks = sum(1 for _ in (folder / "task").iterdir())
        except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended meanwhile
            continue
        rss, files, threads, processes = rss + pages, files + opened, threads + tasks, processes + 1
    return Footprint(time.monotonic(), rss * _PAGE_BYTES, files, threads, processes)


@dataclass
class Watch:
    """Takes samples of a process in a thread, from `with` to its end."""

    pid: int
    every_seconds: float = 1.0
    samples: list[Footprint] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="watch")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(self.every_seconds):
            found = footprint(self.pid)
            if found.processes:
                self.samples.append(found)


def growth(values: Sequence[float], *, warm_up: float = 0.25) -> float:
    """By how much a series grows from its beginning to its end, without its first part; less than 0 if it falls.

    The median of the slopes of all pairs of points, so that waves and single peaks do not count, while a leak does
    that is small against the waves.

    Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.
    """
    kept = values[int(len(values) * warm_up) :]
    if len(kept) < 3:
        raise ValueError(f"{len(values)} values are too few to tell")
    step = -(-len(kept) // _MOST_POINTS)
    points = [median(kept[at : at + step]) for at in range(0, len(kept), step)]
    count = len(points)
    slopes = (
        (points[later] - points[at]) / (later - at) for at in range(count) for later in range(at + 1, count)
    )
    return median(slopes) * (count - 1)


def flat(values: Sequence[float], *, share: float = 0.05, least: float = 0.0, warm_up: float = 0.25) -> bool:
    """Whether a series grows by no more than a share of its median, or than `least` if that is more."""
    return growth(values, warm_up=warm_up) <= max(share * median(values), least)


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, ())
    return found
