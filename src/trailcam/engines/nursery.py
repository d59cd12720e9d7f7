"""Where worker processes are forked from: a process without threads that has imported what they need."""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from typing import Any

_IMPORTED = (__name__, "trailcam.engines.worker")
_FOR_STAGING = "trailcam.commit.stage"
_PR_SET_PDEATHSIG = 1
"""prctl(2), <linux/prctl.h>."""


def nursery(*, staging: bool = False) -> ForkServerContext:
    """What starts worker processes, for such as stage files of the lake or for such as do not."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_IMPORTED, *([_FOR_STAGING] if staging else [])])
    return context


def live(*arguments: Any) -> None:
    """What a worker process does: `trailcam.engines.worker.main`, which only workers have to import."""
    leave_the_others()
    from trailcam.engines.worker import main  # noqa: PLC0415  # see above

    main(*arguments)


def leave_the_others() -> None:
    """From here on, a signal to the worker's process group reaches the worker alone, and on Linux it ends
    with the process that it was forked from.

    That one ends with the parent, once no worker holds the pipe by which it sees so. The kernel ends a worker
    whatever a rule of it does, be it in C; so it is not done by a thread of the worker, which could not run
    then. The fork server forks from its only thread, to which the kernel ties this.
    """
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    server: Any = forkserver._forkserver  # nothing public gives the pipe up
    os.close(server._forkserver_alive_fd)
    server._forkserver_alive_fd = None


def prepare() -> None:
    """Begins to import what workers need, beside whatever the caller does until it starts the first of them.

    Nothing else changes: where this is impossible, so is the first worker, and that is told.
    """
    nursery()
    with suppress(OSError, EOFError), without_interrupts():
        forkserver.ensure_running()


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Ctrl-C is the parent's business, and comes to it afterwards; processes that are started meanwhile
    inherit that they hear none, from their first moment on."""
    resource_tracker.ensure_running()  # once: to start it lets interrupts in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
