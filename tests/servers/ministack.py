"""A server of SQS, SNS, S3, STS and CloudFormation in one process: the package `ministack`.

Up in 0.8 s with 45 MB, 65 MB with a few thousand messages and objects (ministack 1.4.21, two cores). It takes 3,300
messages a second in batches of ten, gives and deletes 1,600, and takes 220 objects a second.

What it does as AWS does: a message that was received comes again after its visibility timeout, `ApproximateReceiveCount`
grows, and past `maxReceiveCount` it goes to the dead-letter queue; long polling; the `s3:TestEvent` that comes when a
notification is set; filters by prefix and suffix; what SNS wraps around a message, and raw delivery; EventBridge.
What it does not, found by trying and pinned by tests/e2e/test_servers.py:

- Keys stand in notifications as they are. S3 encodes them as a form is (`a b` is `a+b`, `+` is `%2B`), so that a reader
  that decodes reads another key wherever one holds `+` or `%`. `tests.servers.trail` writes them as S3 does.
- `sequencer` is always `0`, and the version of the structure 2.1; S3 has gone on to 2.5 and later.
- It asks no one for a permission: any key, any signature, any role of any account, no policy of a queue.
- A receipt of an earlier reception, or of a message that is deleted, is refused (`ReceiptHandleIsInvalid`). SQS says
  that deleting succeeds then, and may not delete. A receipt whose time is over holds until the message is received
  again, for deleting and for more time; SQS may refuse more time (`MessageNotInflight`).
- No limit is kept but the size of a message, 256 KiB where SQS takes 1 MiB: 11 messages at once, 21 s of waiting and
  13 hours of invisibility are all taken.
- Messages come in the order in which they were sent, ten at once if there are ten, and never twice. SQS promises none
  of it.

Sources, read 2026-11-28:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

from obstore.store import S3Store
from tests.servers.clients import KEY, REGION, client, credentials, store
from tests.servers.process import HOST, free_ports, running

ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Ministack:
    """The running server; its clients are kept until it ends."""

    endpoint: str
    pid: int
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def client(self, service: str, *, account: str = KEY) -> Any:
        """The client of boto3 for `sqs`, `sns`, `s3`, `sts` and so on, in this account if it is one of 12 digits;
        safe for several threads."""
        if (service, account) not in self._clients:
            self._clients[service, account] = client(service, self.endpoint, key=account)
        return self._clients[service, account]

    def store(self, bucket: str) -> S3Store:
        """The client of obstore for a bucket."""
        return store(self.endpoint, bucket)

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
