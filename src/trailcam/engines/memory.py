"""How much of the memory that a worker may take is left.

A rule that keeps a little of every event uses up what all rules of its process share. Who then gets too
little, another rule or our own code, is not to blame, and a rule may say no for want of memory. So what is
done when little is left is done again in a fresh process, where what rules kept is gone; at last event by
event. Only there it can be told soundly whose memory it is: of a rule that takes most of it for one event.
"""

import errno
import os
import resource

_SHARE = 8
"""Memory is short when less is left than this part of what there was at first."""

_RESERVE_BYTES = 4 << 20
"""Without any memory left, CPython may not even raise: it loops where it would handle the error."""

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


class Memory:
    """What this process may take, from now on."""

    def __init__(self) -> None:
        limit_bytes, _ = resource.getrlimit(resource.RLIMIT_DATA)
        at_first = taken_bytes()
        room = max(0, limit_bytes - at_first)
        is_limited = limit_bytes != resource.RLIM_INFINITY
        self._most_bytes = limit_bytes - room // _SHARE if is_limited else 0
        self._much_bytes = room // 2 if is_limited else 0
        self._noted_bytes = at_first
        self.reserve = bytes(_RESERVE_BYTES)
        """To be given up by who has to say that there is no memory, which takes some."""

    @property
    def is_short(self) -> bool:
        """Whether it is as good as used up."""
        return 0 < self._most_bytes < taken_bytes()

    def has_lost_much(self) -> bool:
        """Whether more than half of what there was at first was taken since this was asked last."""
        before, self._noted_bytes = self._noted_bytes, taken_bytes()
        return 0 < self._much_bytes < self._noted_bytes - before
