"""A server of SQS, SNS, S3, STS and CloudFormation in one process: the package `ministack`."""

import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from tests.servers.clients import REGION, client, credentials
from tests.servers.process import HOST, free_ports, running

ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Ministack:
    """The running server; its clients are kept until it ends."""

    endpoint: str
    pid: int
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """The client of boto3 for `sqs`, `sns`, `s3`, `sts` and so on; safe for several threads."""
        if service not in self._clients:
            self._clients[service] = client(service, self.endpoint)
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        """What a process must have in its environment to reach this server by its own means."""
        return {**credentials(), "AWS_ENDPOINT_URL": self.endpoint}

    def reset(self) -> None:
        """Forgets all queues, topics and buckets; takes some milliseconds."""
        request = urllib.request.Request(f"{self.endpoint}/_ministack/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def close(self) -> None:
        """Closes the clients."""
        for one in self._clients.values():
            one.close()


@contextmanager
def ministack(folder: Path) -> Iterator[Ministack]:
    """Starts the server; it keeps everything in memory, and its log in the folder."""
    (port,) = free_ports(1)
    endpoint = f"http://{HOST}:{port}"
    environment = {
        **os.environ,
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,  # as it stands in the addresses of queues
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/none.sock",  # it would end containers of the machine that bear its name
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
    }
    command = [sys.executable, "-W", "ignore", "-m", "ministack"]
    with running(
        command,
        log=folder / "ministack.log",
        environment=environment,
        answers=lambda: _answers(f"{endpoint}/_ministack/ready"),
    ) as pid:
        server = Ministack(endpoint, pid)
        try:
            yield server
        finally:
            server.close()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
