"""Trailcam's command line, loaded once; see `tests.servers.preforked`.

`python -m tests.servers.trailcam_command SOCKET` is the program; `run` is for tests.
"""

import atexit
import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from tests.servers.preforked import ask, serve, started

_LOADED = (
    "trailcam.__main__",
    "trailcam.cli.application",
    "trailcam.app.run",
    "trailcam.app.report",
    "trailcam.app.verify",
    "trailcam.query.lake",
    "duckdb",
    "pyarrow.parquet",
    "pyiceberg.catalog.sql",
    "sqlalchemy.dialects.sqlite",
)
_OF_THE_INTERPRETER = ("PYTHON", "LANG", "LC_", "TZ", "LD_", "MALLOC")
"""Variables that say how an interpreter starts: where they differ, a real one has to."""

_lock = threading.Lock()
_socket: Path | None = None


def run(
    arguments: list[str], *, stdin: bytes, folder: str, environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[bytes] | None:
    """What a command says and how it ends; None when only an interpreter of its own can tell."""
    if any(
        environment.get(name) != os.environ.get(name)
        for name in {*environment, *os.environ}
        if name.startswith(_OF_THE_INTERPRETER)
    ):
        return None
    pid: list[int] = []
    with ExitStack() as stack:
        ours, theirs = [], []
        for number in range(3):
            reads, writes = os.pipe()
            mine, its = (writes, reads) if number == 0 else (reads, writes)
            ours.append(stack.enter_context(os.fdopen(mine, "wb" if number == 0 else "rb")))
            theirs.append(stack.enter_context(os.fdopen(its, "rb" if number == 0 else "wb")))

        def end() -> None:
            os.kill(pid[0], signal.SIGKILL)

        def feed() -> None:
            try:
                with ours[0] as pipe:
                    pipe.write(stdin)
            except BrokenPipeError:
                pass

        def is_there(number: int) -> None:
            pid.append(number)
            for file in theirs:
                file.close()
            timer.start()

        timer = threading.Timer(seconds, end)
        stack.callback(timer.cancel)
        threads = stack.enter_context(ThreadPoolExecutor(3))
        out, err = (threads.submit(ours[number].read) for number in (1, 2))
        threads.submit(feed)
        begun = time.monotonic()
        code = ask(
            _started(),
            arguments,
            [file.fileno() for file in theirs],
            environment=environment,
            folder=folder,
            started=is_there,
        )
        words = [sys.executable, "-m", "trailcam", *arguments]
        done = subprocess.CompletedProcess(words, code, out.result(), err.result())
        if time.monotonic() - begun >= seconds:
            raise subprocess.TimeoutExpired(words, seconds, done.stdout, done.stderr)
        return done


def _started() -> Path:
    """Where the program listens; it is started when it is first asked, and ends with us."""
    global _socket  # noqa: PLW0603  # one for all tests of a process
    with _lock:
        if _socket is None:
            stack = ExitStack()
            atexit.register(stack.close)
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trailcam-")))
            _socket = folder / "socket"
            stack.enter_context(started("tests.servers.trailcam_command", _socket))
        return _socket


def main(path: str) -> None:
    """The program."""
    for name in _LOADED:
        import_module(name)
    ours = sys.modules["trailcam.__main__"]

    def command(arguments: list[str]) -> int:
        from trailcam.cli import main as trailcam

        sys.modules["__main__"] = ours  # whose processes look for the program they belong to
        sys.argv = [str(ours.__file__), *arguments]
        sys.path[0] = os.getcwd()  # noqa: PTH109  # as `python -m` does it
        trailcam()
        return 0

    gc.collect()
    gc.freeze()
    serve(path, command)
    os._exit(0)  # libraries that are unloaded tell of leaks of their own


if __name__ == "__main__":
    main(sys.argv[1])
