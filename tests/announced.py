"""A trail in a bucket, announced in a queue, and what an undisturbed run makes of it: for tests that disturb one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kept import differences, everything, verified
from tests.live import Following, eventually
from tests.servers.announcements import announcements, send
from tests.servers.trail import Trail

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

BUCKET = "trail"


@dataclass(frozen=True)
class Known:
    """A trail, a folder with its rules, and what comes of it."""

    trail: Trail
    rules: Path
    comes_of_it: dict[str, Any]


@dataclass
class Announced:
    """A bucket with the objects of a trail, and a queue. Whoever reads may reach both by other addresses."""

    server: "Ministack"
    known: Known = field(repr=False)
    queue: str = field(init=False)
    messages: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        s3, sqs = self.server.client("s3"), self.server.client("sqs")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.known.trail.put(self.server.store(BUCKET))
        self.queue = sqs.create_queue(QueueName="announcements")["QueueUrl"]
        self.messages = announcements(BUCKET, self.known.trail.objects, seed=3)

    def announce(self, begin: float = 0, end: float = 1) -> None:
        """Announces a share of the objects: from where to where of the messages."""
        count = len(self.messages)
        send(self.server.client("sqs"), self.queue, self.messages[round(begin * count) : round(end * count)])

    def queue_at(self, endpoint: str) -> str:
        """The address of the queue behind a proxy."""
        return self.queue.replace(self.server.endpoint, endpoint)

    def visible(self) -> int:
        """Messages that somebody could receive now."""
        return self._count("ApproximateNumberOfMessages")

    def left(self) -> int:
        """Messages in the queue, in hand or not."""
        return self.visible() + self._count("ApproximateNumberOfMessagesNotVisible")

    def is_read(self, process: Following, *, seconds: float = 60) -> None:
        """Waits until no message is left."""
        eventually(lambda: self.left() == 0, seconds=seconds, process=process)

    def holds(self, home: Path) -> None:
        """Asserts that a home holds what comes of the trail, once, and that `trailcam verify` is content."""
        assert differences(self.known.comes_of_it, everything(home), besides=("ledger", "event rows")) == {}
        assert verified(home).holds

    def _count(self, name: str) -> int:
        found = self.server.client("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=[name])
        return int(found["Attributes"][name])
