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
from tests.servers.preforked import started

_CLIENT = """\
import os, sys
sys.path.insert(0, {root!r})
from tests.servers.preforked import ask
sys.exit(ask({socket!r}, sys.argv[1:], [0, 1, 2], environment=os.environ, folder=os.getcwd()))
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
    asking = _CLIENT.format(root=str(ROOT), socket=str(listening))
    program.write_text(f"#!{sys.executable} -IS\n{asking}", encoding="utf-8")
    program.chmod(0o755)
    with started("tests.servers.aws_command_line", listening, endpoint):
        yield CommandLine(folder)
