"""Processes that follow sources, as tests start them: in homes of their own, with sources on this machine."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from tests.servers.clients import credentials

from trailcam.app.home import open_home
from trailcam.commit import tables as t
from trailcam.errors import WorldError, code

_COMMAND = """
import sys
from trailcam.cli.application import run_command_line
sys.exit(run_command_line(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Following:
    """A process that follows sources."""

    process: subprocess.Popen[bytes]
    log: Path

    def told(self) -> list[dict[str, Any]]:
        """What it has told by now."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def stop(self, *, seconds: float = 40) -> int:
        """Asks it to finish; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=seconds)


def write_settings(
    folder: Path, sources: str, *, packs: list[Path], more: str = "", quick: bool = True
) -> Path:
    """A settings file whose home lies beside it; at a pace that tests can wait for, or the usual one."""
    path = folder / "trailcam.toml"
    names = json.dumps([str(pack) for pack in packs])
    live = "[live]\ngroup_seconds = 0.2\npublish_seconds = 1\nwait_seconds = 1\n"
    path.write_text(f'home = "home"\npacks = {names}\n{live if quick else ""}{more}\n{sources}')
    return path


def s3_source(queue: str, endpoint: str, *, name: str = "trail", more: str = "") -> str:
    """Settings of a source of S3 whose objects lie at `endpoint`."""
    return f'[sources.{name}]\ntype = "s3"\nqueue = "{queue}"\nendpoint = "{endpoint}"\n{more}'


@contextmanager
def following(
    settings: Path,
    *,
    command: str = "serve",
    workers: int = 1,
    log: str = "log",
    env: dict[str, str] | None = None,
    first: str = "",
    wrap: Callable[[list[str]], list[str]] = list,
) -> Iterator[Following]:
    """`trailcam serve`, ended with the test.

    `first` is Python that its process executes before all else; `wrap` makes the command another one.
    """
    path = settings.parent / f"{log}.jsonl"
    arguments = [command, "--config", str(settings), "--log-format", "json", "--workers", str(workers)]
    program = ["-c", f"{first}\n{_COMMAND}"] if first else ["-m", "trailcam"]
    with path.open("ab") as file:
        process = subprocess.Popen(
            wrap([sys.executable, *program, *arguments]),
            stdout=subprocess.DEVNULL,
            stderr=file,
            cwd=settings.parent,
            env=os.environ | credentials() | {"TRAILCAM_HOME": str(settings.parent / "home")} | (env or {}),
        )  # fmt: skip
    try:
        yield Following(process, path)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()


def eventually(condition: Callable[[], Any], *, seconds: float = 60, process: Following | None = None) -> Any:
    """Waits until something is true; what it is then."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        if process is not None:
            assert process.process.poll() is None, process.log.read_text()
        assert time.monotonic() < until, process.log.read_text() if process else "it never came true"
        time.sleep(0.05)
    return found


def count(home: Path, table: Any = t.match) -> int:
    """Rows of a table of the state; 0 where there is no home yet."""
    try:
        with open_home(home).database.read() as state:
            return int(state.execute(select(func.count()).select_from(table)).scalar() or 0)
    except WorldError as error:
        if error.problems[0].code != code("nothing_kept"):
            raise
        return 0
