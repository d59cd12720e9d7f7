"""A server of AWS's APIs on this machine, and AWS's command line talking to it and to nothing else."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.docs.markdown import ROOT

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
class Ministack:
    """A server that runs, with commands of AWS's command line in front of it."""

    url: str
    folder: Path

    def client(self, service: str, *, region: str, account: str) -> Any:
        """A client of boto3. The server takes a key id of 12 digits for the account that asks."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="not-a-secret",
        )

    def run(
        self, script: str, *, account: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What a script prints whose `aws` is AWS's command line, asking as this account."""
        env = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **(environment or {}),
        }
        return subprocess.run(
            ["sh"], input=script, env=env, capture_output=True, text=True, check=False, timeout=120
        )


@contextmanager
def ministack(folder: Path) -> Iterator[Ministack]:
    """A server while this is open, and its command line loaded once, for an interpreter each is slow."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    listening = folder / "aws.socket"
    program = folder / "aws"
    program.write_text(f"#!{sys.executable} -IS\n{_CLIENT.format(socket=str(listening))}", encoding="utf-8")
    program.chmod(0o755)
    commands: tuple[tuple[list[str], dict[str, str]], ...] = (
        ([sys.executable, "-m", "ministack"], {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}),
        ([sys.executable, "-m", "tests.aws_command_line", str(listening), url], {}),
    )
    with (folder / "log").open("wb") as log:
        started = [
            subprocess.Popen(
                words,
                env={**os.environ, "TMPDIR": str(folder), **environment},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            for words, environment in commands
        ]
        try:
            until = time.monotonic() + 60
            while not (listening.exists() and _answers(f"{url}/_ministack/health")):
                assert all(process.poll() is None for process in started), (folder / "log").read_text()
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.05)
            yield Ministack(url, folder)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
