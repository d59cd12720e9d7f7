"""How much of its memory a worker has taken, and which rule keeps what it was given.

A rule that keeps a little of every event fills the memory that all rules of its worker share; who then asks
for more, another rule or our own code, is not to blame.
"""

import ctypes
import errno
import gc
import os
import resource
from collections.abc import Callable, Sequence

_SHARE = 8
"""Memory is short when less than this part of it is left, and a rule keeps much when it keeps this part."""

_PAGE_BYTES = resource.getpagesize()


def taken_bytes() -> int:
    """What this process has taken of what RLIMIT_DATA limits (proc(5), statm); 0 where nothing tells it."""
    try:
        statm = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(statm, 128).split()[5]) * _PAGE_BYTES
    finally:
        os.close(statm)


def is_for_want_of_memory(error: OSError) -> bool:
    """Whether that is what an error is about; what packs the files of the lake tells it by words alone."""
    return error.errno == errno.ENOMEM or (error.errno is None and "alloc" in str(error).lower())


class _Malloc(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def _free_bytes() -> Callable[[], int]:
    """How much this process has taken and holds ready; 0 where the C library does not tell it."""
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return lambda: 0
    ask.restype = _Malloc
    return lambda: int(ask().fordblks)


class Scales:
    """What rules keep, by their numbers, of the memory that this process may take at this moment.

    What somebody has given back counts as nobody's, although the process still has it: else who needs much
    for a moment would seem to keep it.
    """

    def __init__(self) -> None:
        self._free_bytes = _free_bytes()
        limit_bytes, _ = resource.getrlimit(resource.RLIMIT_DATA)
        self._limit_bytes = limit_bytes if limit_bytes != resource.RLIM_INFINITY else 0
        self._in_use = 0
        self._kept: dict[int, int] = {}
        self._pairs: dict[int, Sequence[int]] = {}

    @property
    def are_short(self) -> bool:
        """Whether memory is as good as used up."""
        return taken_bytes() > self._limit_bytes - self._limit_bytes // _SHARE > 0

    def rest(self) -> None:
        """What is in use by now is nobody's."""
        self._in_use = taken_bytes() - self._free_bytes()

    def weigh(self, rule: int, in_hand: Sequence[int]) -> bool:
        """Notes that a rule keeps what came into use since the last look; whether it now fills the memory."""
        self._add(rule)
        self._pairs[rule] = in_hand
        if not self._is_filled_by(rule):
            return False
        gc.collect()  # what it does not reach any more, it does not keep
        self._add(rule)
        return self._is_filled_by(rule)

    def _add(self, rule: int) -> None:
        before = self._in_use
        self.rest()
        self._kept[rule] = self._kept.get(rule, 0) + self._in_use - before

    def _is_filled_by(self, rule: int) -> bool:
        kept = self._kept[rule]
        return kept >= self._limit_bytes // _SHARE and self.are_short and kept == max(self._kept.values())

    def heaviest(self) -> Sequence[int] | None:
        """What was in hand last of the rule that keeps more than half of the memory."""
        rule = max(self._kept, key=self._kept.__getitem__, default=-1)
        if rule < 0 or not 0 < self._limit_bytes < 2 * self._kept[rule]:
            return None
        return self._pairs[rule]
