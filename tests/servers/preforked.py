"""A program that is loaded once: each command of it costs a fork instead of an interpreter and its libraries.

`serve` is what the program does, which answers on a socket until its standard input ends; `started` starts it, and
`ask` has it run a command with the caller's environment, folder and open files, as if it had been started for it.
"""

import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

_INT = 4


def serve(path: str, run: Callable[[list[str]], int]) -> None:
    """Answers commands, several at once; `run` is called in a process of its own and gives the exit code."""
    waiting = f"{path}.waiting"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(waiting)
        server.listen(64)
        Path(waiting).rename(path)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
        while server.fileno() in select.select([server.fileno(), 0], [], [])[0]:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                _answer(connection, run)
            connection.close()


@contextmanager
def started(module: str, path: Path, *words: str) -> Iterator[None]:
    """The program, which is `python -m module path words...`."""
    import subprocess

    command = [sys.executable, "-m", module, str(path), *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]) as program:
        try:
            while not path.exists():
                assert program.poll() is None, f"{module} has ended"
                time.sleep(0.01)
            yield
        finally:
            assert program.stdin is not None
            program.stdin.close()


def ask(
    path: str | Path,
    arguments: Sequence[str],
    files: Sequence[int],
    *,
    environment: Mapping[str, str],
    folder: str,
    started: Callable[[int], object] = lambda _: None,
) -> int:
    """The exit code of a command, negative for the signal that ended it; `started` is told its process id.

    `files` become the first of its descriptors.
    """
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(str(path))
        asked = json.dumps([arguments, dict(environment), folder]).encode()
        socket.send_fds(server, [len(asked).to_bytes(_INT, "big")], files)
        server.sendall(asked)
        started(int.from_bytes(_read(server, _INT), "big"))
        return int.from_bytes(_read(server, _INT), "big", signed=True)


def _answer(connection: socket.socket, run: Callable[[list[str]], int]) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        head, files, _, _ = socket.recv_fds(connection, _INT, 3)
        arguments, environment, folder = json.loads(_read(connection, int.from_bytes(head, "big")))
        child = os.fork()
        if child == 0:
            connection.close()
            _become(arguments, environment, folder, files, run)
        for file in (0, 1, 2, *files):
            os.close(file)
        connection.sendall(child.to_bytes(_INT, "big"))
        _, status = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(_INT, "big", signed=True))
    finally:
        os._exit(0)


def _become(
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    files: Sequence[int],
    run: Callable[[list[str]], int],
) -> NoReturn:
    """Runs the command as an interpreter would that was started for it, and ends like it."""
    code = 255
    try:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            before = getattr(sys, name)
            opened = open(  # noqa: SIM115  # it stays open
                number, "w" if number else "r", encoding=before.encoding, errors=before.errors, closefd=False
            )
            setattr(sys, name, opened)
            setattr(sys, f"__{name}__", opened)
        code = run(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # a child that returns would answer commands beside its parent
        code = 1
        traceback.print_exc()
    finally:
        _end(code)


def _end(code: int) -> NoReturn:
    import atexit

    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as an interpreter does at its end
    atexit._run_exitfuncs()
    for output in (sys.stdout, sys.stderr):
        try:
            output.flush()
        except (OSError, ValueError):
            code = code or 120  # as an interpreter says it
    os._exit(code & 0xFF)


def _read(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        if not (some := connection.recv(size - len(read))):
            raise ConnectionError("it ended before it had answered")
        read += some
    return read
