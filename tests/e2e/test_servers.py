"""What tests rely on in the servers they start, and where those differ from AWS."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from tests.servers.clients import REGION, client
from tests.servers.ministack import ACCOUNT, Ministack
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
    for left in re.findall(r"/tmp/seaweedfs-\S+\.sock", (tmp_path / "second/seaweed.log").read_text()):
        Path(left).unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    """Not if it waits for its exit code to be read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_an_object_of_seaweed_is_read_as_it_was_put(seaweed: Seaweed) -> None:
    s3, bucket = seaweed.client(), f"bucket-{uuid4().hex}"
    seaweed.empty(bucket)
    for key in ("a/b c+d%20ü.json.gz", "x"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"123")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"123"
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


def test_seaweed_lists_folder_by_folder_and_knows_no_empty_names(seaweed: Seaweed) -> None:
    s3, bucket = seaweed.client(), f"bucket-{uuid4().hex}"
    seaweed.empty(bucket)
    for key in ("a-b", "a/b", "a.b", "a/c", "z//y"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    assert keys_of(s3, bucket) == ["a/b", "a/c", "a-b", "a.b", "z/y"]
    assert keys_of(s3, bucket, StartAfter="a/b") == ["a/c", "a-b", "a.b", "z/y"]
    assert keys_of(s3, bucket, Prefix="a/") == ["a/b", "a/c"]


@pytest.mark.parametrize("name", ["seaweed", "ministack"])
def test_an_etag_is_a_digest_of_the_object_or_of_its_parts(name: str, request: pytest.FixtureRequest) -> None:
    s3, bucket = request.getfixturevalue(name).client("s3"), f"bucket-{uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    part = bytes(5 << 20)
    assert s3.put_object(Bucket=bucket, Key="whole", Body=part)["ETag"] == f'"{md5(part).hexdigest()}"'
    upload = {"Bucket": bucket, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"]}
        for number in (1, 2)
    ]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert done["ETag"] == f'"{md5(md5(part).digest() * 2).hexdigest()}-2"'


def keys_of(s3: Any, bucket: str, **asked: str) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, **asked)["Contents"]]


def queue(server: Ministack, name: str, **attributes: str) -> tuple[str, str]:
    """(its address, its name in AWS)"""
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def received(server: Ministack, url: str, *, seconds: int = 0) -> list[Any]:
    found = server.client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=seconds,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return list(found.get("Messages", ()))


def test_ministack_announces_objects_with_keys_as_they_are(ministack: Ministack) -> None:
    url, arn = queue(ministack, "queue")
    s3 = ministack.client("s3")
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": REGION})
    rules = [{"Name": "prefix", "Value": "AWSLogs/"}, {"Name": "suffix", "Value": ".gz"}]
    announced = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    s3.put_bucket_notification_configuration(
        Bucket="logs", NotificationConfiguration={"QueueConfigurations": [announced]}
    )
    for key in ("AWSLogs/a b+c%ü.gz", "AWSLogs/a.json", "Other/a.gz"):
        s3.put_object(Bucket="logs", Key=key, Body=b"123")
    first, second = map(json.loads, bodies(ministack, url, 2))
    assert (first["Event"], first["Bucket"]) == ("s3:TestEvent", "logs")
    (record,) = second["Records"]
    assert (record["eventVersion"], record["eventName"], record["awsRegion"]) == (
        "2.1",
        "ObjectCreated:Put",
        REGION,
    )
    assert record["s3"]["bucket"]["name"] == "logs"
    assert record["s3"]["object"] == {
        "key": "AWSLogs/a b+c%ü.gz",  # of S3 it would be AWSLogs/a+b%2Bc%25%C3%BC.gz
        "size": 3,
        "eTag": md5(b"123").hexdigest(),
        "sequencer": "0",
    }
    assert not received(ministack, url)


def test_ministack_wraps_what_goes_by_a_topic(ministack: Ministack) -> None:
    (wrapped, to_wrapped), (raw, to_raw) = queue(ministack, "wrapped"), queue(ministack, "raw")
    s3, sns = ministack.client("s3"), ministack.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=to_wrapped)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=to_raw, Attributes={"RawMessageDelivery": "true"})
    s3.create_bucket(Bucket="logs")
    announced = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="logs", NotificationConfiguration={"TopicConfigurations": [announced]}
    )
    s3.put_object(Bucket="logs", Key="a", Body=b"123")
    for body, inner in zip(bodies(ministack, wrapped, 2), bodies(ministack, raw, 2), strict=True):
        envelope = json.loads(body)
        assert (envelope["Type"], envelope["TopicArn"]) == ("Notification", topic)
        assert envelope["Message"] == inner


def bodies(server: Ministack, url: str, count: int) -> list[str]:
    """So many messages: what S3 announces comes a moment later."""
    found: list[str] = []
    deadline = time.monotonic() + 10
    while len(found) < count:
        assert time.monotonic() < deadline, found
        found += [message["Body"] for message in received(server, url, seconds=1)]
    assert len(found) == count
    return found


def test_a_message_of_ministack_comes_again_until_it_is_a_dead_letter(ministack: Ministack) -> None:
    dead, to_dead = queue(ministack, "dead")
    policy = json.dumps({"deadLetterTargetArn": to_dead, "maxReceiveCount": "2"})
    url, _ = queue(ministack, "queue", VisibilityTimeout="1", RedrivePolicy=policy)
    sqs = ministack.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    counts = []
    while messages := received(ministack, url, seconds=2):
        counts += [message["Attributes"]["ApproximateReceiveCount"] for message in messages]
    assert counts == ["1", "2"]
    assert [message["Body"] for message in received(ministack, dead)] == ["poison"]


def test_a_receipt_of_ministack_holds_until_the_message_is_received_again(ministack: Ministack) -> None:
    url, _ = queue(ministack, "queue", VisibilityTimeout="1")
    sqs = ministack.client("sqs")
    for body in ("late", "more time", "again"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    late, more, again = (message["ReceiptHandle"] for message in received(ministack, url))
    time.sleep(1.1)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=late)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=more, VisibilityTimeout=60)
    assert [message["Body"] for message in received(ministack, url)] == ["again"]
    for refused in (late, again):
        with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=refused)
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again, VisibilityTimeout=1)


def test_ministack_asks_no_one_for_a_permission(ministack: Ministack) -> None:
    queue(ministack, "queue")
    role = "arn:aws:iam::444455556666:role/reader"
    answer = ministack.client("sts").assume_role(RoleArn=role, RoleSessionName="trailcam")
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::444455556666:assumed-role/reader/trailcam"
    other = client("sqs", ministack.endpoint, key="other")
    try:
        assert other.get_queue_url(QueueName="queue")["QueueUrl"].endswith(f"/{ACCOUNT}/queue")
    finally:
        other.close()


def test_ministack_forgets_everything_when_it_is_told_to(ministack: Ministack) -> None:
    queue(ministack, "queue")
    ministack.client("s3").create_bucket(Bucket="logs")
    ministack.reset()
    assert not ministack.client("sqs").list_queues().get("QueueUrls")
    assert ministack.client("s3").list_buckets()["Buckets"] == []
