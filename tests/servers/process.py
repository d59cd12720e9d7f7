"""Starts a server, waits until it answers, and ends it, also when the tests are killed."""

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"

_PORTS = range(15_000, 32_000)
"""Below the ports that Linux gives to outgoing connections, which would be taken between choice and use."""


class NotUp(Exception):
    """A server ended, or did not answer in time; its last words are told."""


def free_ports(count: int) -> list[int]:
    """So many ports that no one listens on: chosen at random, since workers of the suite choose side by side."""
    chosen: list[int] = []
    with ExitStack() as held:
        while len(chosen) < count:
            port = random.SystemRandom().choice(_PORTS)
            bound = held.enter_context(socket.socket())
            with suppress(OSError):
                bound.bind((HOST, port))
                chosen.append(port)
    return chosen


@contextmanager
def running(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    answers: Callable[[], bool],
    seconds: float = 60,
) -> Iterator[int]:
    """The process id of a server that answers; what it says goes to `log`.

    It is killed at the end, and by the kernel when the thread that started it ends: start it from the main one.

    Raises:
        NotUp: it ended, or `answers` was not true within `seconds`.
    """
    bound = shutil.which("setpriv")  # of util-linux; elsewhere a server outlives tests that are killed
    with log.open("wb") as said:
        process = subprocess.Popen(
            [bound, "--pdeathsig", "KILL", *command] if bound else command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=log.parent,
        )
    try:
        _wait(process, log, answers, time.monotonic() + seconds)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool], deadline: float) -> None:
    while process.poll() is None:
        if answers():
            return
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    told = log.read_text(errors="replace")[-2_000:]
    raise NotUp(f"{process.args!r}: exit code {process.poll()}\n{told}")
