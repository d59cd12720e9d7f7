"""Messages of a queue and the objects they announce: a message is gone when all of it is decided, not before."""

import json
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.servers.clients import REGION, credentials
from tests.unit.sources.test_s3_notifications import record, records

from trailcam.contracts.source import Notice, Unreadable
from trailcam.errors import WorldError, code
from trailcam.sources.live.s3 import S3Source, open_source
from trailcam.state.database import Database

if TYPE_CHECKING:
    from tests.servers.faults import Faults
    from tests.servers.ministack import Ministack


class Queue:
    """A queue, reached directly by the test and through a proxy by the source."""

    def __init__(self, server: "Ministack", faults: "Faults") -> None:
        self.sqs = server.client("sqs")
        self.url = self.sqs.create_queue(QueueName="trail")["QueueUrl"]
        self.faults = faults
        self.seen_as = self.url.replace(server.endpoint, faults.endpoint)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        """Messages that are not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def source(self, **options: Any) -> S3Source:
        return open_source("trail", {"queue": self.seen_as, **options}, database=Database(Path("none")))


@pytest.fixture
def queue(ministack: "Ministack", monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    from tests.servers.proxy import proxy

    for name, value in credentials().items():
        monkeypatch.setenv(name, value)
    with proxy(ministack.endpoint) as faults:
        yield Queue(ministack, faults)


@pytest.fixture
def source(queue: Queue) -> Iterator[S3Source]:
    opened = queue.source()
    yield opened
    opened.close()


def received(source: S3Source) -> list[Notice]:
    return list(source.receive(wait_seconds=0))


def names(notices: list[Notice]) -> list[str]:
    return [it.name for it in notices]


def test_a_message_with_several_objects_is_deleted_with_the_last_of_them(
    queue: Queue, source: S3Source
) -> None:
    queue.send(records(record("a"), record("b"), record("c"), record("a")))
    a, b, c = received(source)
    assert names([a, b, c]) == ["s3://trail/a", "s3://trail/b", "s3://trail/c"]
    source.settle([a, b])
    source.settle([a])
    assert queue.left() == 1
    source.settle([c])
    assert queue.left() == 0


def test_what_is_given_back_brings_its_whole_message_again(queue: Queue, source: S3Source) -> None:
    queue.send(records(record("a"), record("b")))
    a, b = received(source)
    source.settle([a])
    source.postpone([b], seconds=0)
    again = received(source)
    assert (names(again), [it.tries for it in again]) == (["s3://trail/a", "s3://trail/b"], [2, 2])
    source.settle(again)
    assert queue.left() == 0


def test_of_canaries_written_over_while_nobody_listened_the_last_is_read(
    queue: Queue, ministack: "Ministack", tmp_path: Path
) -> None:
    ministack.client("s3").create_bucket(
        Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    source = queue.source(canary_place="s3://trail/canaries/", endpoint=ministack.endpoint)
    key = "canaries/trailcam-canary-trail.json"
    for text in (b"first", b"last"):
        source.plant(text)
        queue.send(records(record(key, eTag=md5(text).hexdigest())))
    notices = received(source)
    blobs = [source.fetch(it, spool=tmp_path) for it in notices]
    assert [it.origin.id for it in blobs] == [f"s3://trail/{key}#{md5(b'last').hexdigest()}"] * 2
    source.settle(notices)
    assert queue.left() == 0
    source.close()


def test_what_announces_nothing_that_is_wanted_is_deleted_at_once(queue: Queue) -> None:
    source = queue.source(prefixes=["AWSLogs/", "Other/"])
    queue.send(
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}),
        records(record("a", event="ObjectRemoved:Delete")),
        records(record("elsewhere/a"), record("AWSLog")),
        records(record("elsewhere/a"), record("Other/b")),
        "CloudTrail validation message.",
    )
    (notice,) = received(source)
    assert notice.name == "s3://trail/Other/b"
    assert queue.left() == 1
    source.settle([notice])
    assert queue.left() == 0
    source.close()


def test_what_is_no_notification_is_one_unreadable_announcement(queue: Queue, source: S3Source) -> None:
    queue.send("hello ü")
    (notice,) = received(source)
    assert isinstance(notice, Unreadable)
    assert (notice.reason, notice.raw) == (code("notice_unreadable"), "hello ü".encode())
    assert notice.size_bytes == len(notice.raw)
    assert "not JSON" in notice.detail
    source.postpone([notice], seconds=0)
    (again,) = received(source)
    assert (again.origin_id, again.tries) == (notice.origin_id, 2)
    source.settle([again])
    assert queue.left() == 0


def test_more_than_ten_messages_are_held_given_back_and_settled_in_turns(
    queue: Queue, source: S3Source
) -> None:
    queue.send(*(records(record(f"{number:02}")) for number in range(25)))
    notices = [it for _ in range(3) for it in received(source)]
    assert len(notices) == 25
    source.hold(notices)
    assert len(queue.faults.requests(operation="ChangeMessageVisibilityBatch")) == 3
    source.postpone(notices[:12], seconds=0)
    again = received(source) + received(source)
    assert len(again) == 12
    source.settle(notices[12:] + again)
    assert queue.left() == 0


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (403, "RequestThrottled", "source_unreachable"),
        (503, "ServiceUnavailable", "source_unreachable"),
        (403, "OverLimit", "source_unreachable"),
        (400, "QueueDoesNotExist", "source_refused"),
        (403, "AccessDenied", "source_refused"),
        (403, "ExpiredToken", "source_refused"),
    ],
)
def test_a_queue_that_does_not_answer_says_why(
    queue: Queue, source: S3Source, status: int, said: str, expected: str
) -> None:
    from tests.servers.faults import Refuse

    queue.faults.add(Refuse(status, said, "in other words"))
    with pytest.raises(WorldError) as failed:
        received(source)
    (problem,) = failed.value.problems
    assert problem.code == code(expected)
    assert problem.message.startswith(f"{queue.seen_as} gives no messages: ")


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_what_cannot_be_settled_or_held_raises_nothing_and_comes_again(
    queue: Queue, source: S3Source, operation: str
) -> None:
    from tests.servers.faults import ACCESS_DENIED

    queue.send(records(record("a")))
    notices = received(source)
    queue.faults.add(ACCESS_DENIED, operation=operation)
    source.hold(notices)
    source.postpone(notices, seconds=0)
    if operation == "DeleteMessageBatch":
        source.settle(notices)
        queue.faults.clear()
        assert names(received(source)) == ["s3://trail/a"]
    assert queue.left() == 1


def test_no_message_is_hidden_for_longer_than_sqs_takes(
    queue: Queue, source: S3Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.send(records(record("a")))
    notices = received(source)
    asked: list[int] = []

    def hide(*, Entries: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803  # as boto3 has it
        asked.extend(it["VisibilityTimeout"] for it in Entries)

    monkeypatch.setattr(source._sqs(), "change_message_visibility_batch", hide)
    source.postpone(notices, seconds=1e9)
    assert asked == [12 * 3600]


def test_who_has_no_credentials_or_region_is_told_so(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for gone in (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], ["AWS_REGION", "AWS_DEFAULT_REGION"]):
        for name in gone:
            monkeypatch.delenv(name)
        nobody = queue.source()
        with pytest.raises(WorldError) as failed:
            received(nobody)
        assert failed.value.problems[0].code == code("source_refused")
        nobody.hold([])
        nobody.close()
