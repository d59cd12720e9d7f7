"""AWS's command line, talking to a server of this machine and to nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT
from tests.servers.clients import credentials
from tests.servers.process import running

_CLIENT = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({socket!r})
    asked = json.dumps([sys.argv[1:], dict(os.environ)]).encode()
    socket.send_fds(server, [len(asked).to_bytes(4, "big")], [1, 2])
    server.sendall(asked)
    sys.exit(server.recv(1)[0])
"""


@dataclass(frozen=True)
class CommandLine:
    """Runs scripts that ask for `aws`, a program in `folder`."""

    folder: Path

    def run(
        self, script: str, *, account: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What a script prints that asks as this account: a key of 12 digits is one of the account."""
        known = credentials(key=account)
        env = {name: value for name, value in known.items() if not name.endswith("REGION")}
        env |= {"PATH": f"{self.folder}:{os.environ['PATH']}", **(environment or {})}
        return subprocess.run(
            ["sh"], input=script, env=env, capture_output=True, text=True, check=False, timeout=120
        )


@contextmanager
def command_line(folder: Path, endpoint: str) -> Iterator[CommandLine]:
    """The command line while this is open, loaded once, for an interpreter for every command is slow."""
    listening = folder / "aws.socket"
    program = folder / "aws"
    program.write_text(f"#!{sys.executable} -IS\n{_CLIENT.format(socket=str(listening))}", encoding="utf-8")
    program.chmod(0o755)
    with running(
        [sys.executable, "-m", "tests.servers.aws_command_line", str(listening), endpoint],
        log=folder / "aws.log",
        environment={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        answers=listening.exists,
    ):
        yield CommandLine(folder)
