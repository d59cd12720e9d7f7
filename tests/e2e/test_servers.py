"""What tests rely on in the servers they start, and where those differ from AWS."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from tests.servers.clients import client
from tests.servers.ministack import Ministack
from tests.servers.seaweed import Seaweed

_STARTS_BOTH = """
import pathlib, sys, time
from tests.servers.ministack import ministack
from tests.servers.seaweed import seaweed
first, second = pathlib.Path("first"), pathlib.Path("second")
first.mkdir(), second.mkdir()
with ministack(first.absolute()) as one, seaweed(second.absolute()) as other:
    print(one.pid, other.pid, flush=True)
    time.sleep(60)
"""


def test_servers_end_with_tests_that_are_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTS_BOTH],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as tests:
        assert tests.stdout is not None
        servers = [int(pid) for pid in tests.stdout.readline().split()]
        assert len(servers) == 2
        assert all(map(_lives, servers))
        tests.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(map(_lives, servers)):
        assert time.monotonic() < deadline, "a server outlives its tests"
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Not if it waits for its exit code to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_object_of_seaweed_is_read_as_it_was_put(seaweed: Seaweed) -> None:
    s3, bucket = seaweed.client(), f"bucket-{uuid4().hex}"
    seaweed.empty(bucket)
    s3.put_object(Bucket=bucket, Key="a/b c+d.json.gz", Body=b"123")
    assert s3.get_object(Bucket=bucket, Key="a/b c+d.json.gz")["Body"].read() == b"123"
    seaweed.empty(bucket)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_seaweed_checks_signatures(seaweed: Seaweed) -> None:
    other = client("s3", seaweed.endpoint, key="other")
    try:
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            other.list_buckets()
    finally:
        other.close()
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(seaweed.endpoint)
    refused.value.close()


def test_ministack_carries_messages(ministack: Ministack) -> None:
    sqs = ministack.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert message["Body"] == "{}"
