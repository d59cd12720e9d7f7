"""Objects of S3 as a queue of SQS announces them: from S3 itself, by SNS, by EventBridge or by CloudTrail.

A message is deleted when all its objects are decided. Until then it is held: hidden from others for a while
that is prolonged again and again, so that whoever dies holding it has lost nothing.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html,
read 2026-11-28.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailcam.contracts.source import Blob, Finding, Notice, Surroundings, Unreadable
from trailcam.errors import Problem, WorldError, code
from trailcam.model.text import storable
from trailcam.sources import s3_checks, s3_settings
from trailcam.sources.aws import endpoint_of_queue, world_error
from trailcam.sources.s3_listing import bucket_and_prefix
from trailcam.sources.s3_notifications import NotUnderstood, S3Object, announced
from trailcam.sources.s3_settings import LONGEST_SECONDS, S3Settings
from trailcam.state.database import Database

_AT_ONCE = 10
"""The most messages that SQS gives, or takes, in one call."""

FORM = s3_settings.FORM


@dataclass(slots=True, eq=False)
class _Message:
    """A message and what is still to be done of it."""

    id: str
    handle: str
    open: set[S3Object] = field(default_factory=set)


def open_source(name: str, options: dict[str, Any], *, database: Database) -> "S3Source":  # noqa: ARG001  # the queue remembers
    """See `trailcam.contracts.source.SourceType`."""
    return S3Source(S3Settings(name=name, **options))


def examine(name: str, options: dict[str, Any], *, surroundings: Surroundings) -> Iterator[Finding]:
    """See `trailcam.contracts.source.SourceType`."""
    return s3_checks.examine(S3Settings(name=name, **options), surroundings=surroundings)


class S3Source:
    """See `trailcam.contracts.source.Source`."""

    def __init__(self, settings: S3Settings) -> None:
        self.pollers = settings.pollers
        self.hold_seconds = settings.hidden_seconds / 4
        self._settings = settings
        self._queue = settings.queue
        self._prefixes = tuple(settings.prefixes)
        self._session = settings.session()
        self._objects = settings.objects(self._session)
        self._client: Any = None
        self._lock = threading.Lock()

    def receive(self, *, wait_seconds: float) -> Sequence[Notice]:
        """See `trailcam.contracts.source.Source`: the objects of up to ten messages.

        What announces nothing that is wanted is settled at once.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        try:
            answer = self._sqs().receive_message(
                QueueUrl=self._queue,
                MaxNumberOfMessages=_AT_ONCE,
                WaitTimeSeconds=min(20, max(0, round(wait_seconds))),
                VisibilityTimeout=self._settings.hidden_seconds,
                AttributeNames=["ApproximateReceiveCount"],
            )
        except (BotoCoreError, ClientError) as error:
            raise world_error(error, what=f"{self._queue} gives no messages") from None
        notices: list[Notice] = []
        done = []
        for message in answer.get("Messages", ()):
            found = list(self._notices(message))
            notices += found
            if not found:
                done.append(_Message(message["MessageId"], message["ReceiptHandle"]))
        self._delete(done)
        return notices

    def fetch(self, notice: Notice, *, spool: Path) -> Blob:
        """See `trailcam.contracts.source.Source`."""
        _, it = notice.receipt
        return self._objects.fetch(it, spool=spool)

    def hold(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`."""
        self._hide(_messages(notices), self._settings.hidden_seconds)

    def settle(self, notices: Sequence[Notice]) -> None:
        """See `trailcam.contracts.source.Source`."""
        finished = []
        with self._lock:
            for notice in notices:
                message, it = notice.receipt
                message.open.discard(it)
                if not message.open:
                    finished.append(message)
        self._delete(list(dict.fromkeys(finished)))

    def postpone(self, notices: Sequence[Notice], *, seconds: float) -> None:
        """See `trailcam.contracts.source.Source`: the message with all its objects comes again."""
        self._hide(_messages(notices), min(LONGEST_SECONDS, round(seconds)))

    def plant(self, data: bytes) -> None:
        """See `trailcam.contracts.source.Plants`."""
        if not self._settings.canary_place:
            message = f"the source {self._settings.name} has no canary_place to plant a canary in"
            raise WorldError(Problem(code=code("source_refused"), message=message))
        bucket, key = self._canary
        self._objects.put(bucket, key, data)

    def close(self) -> None:
        """See `trailcam.contracts.source.Source`."""
        with self._lock:
            if self._client is not None:
                self._client.close()
        self._objects.close()

    def _notices(self, message: dict[str, Any]) -> Iterator[Notice]:
        body = message["Body"]
        tries = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
        held = _Message(message["MessageId"], message["ReceiptHandle"])
        try:
            wanted = (self._as_it_lies(it) for it in announced(body) if self._is_wanted(it))
            objects = list(dict.fromkeys(wanted))
        except NotUnderstood as error:
            raw = body.encode("utf-8", "surrogatepass")
            yield Unreadable(
                name=f"message {held.id} of {self._queue}",
                origin_id=storable(f"{self._queue}#{held.id}"),
                size_bytes=len(raw),
                tries=tries,
                receipt=(held, None),
                reason=code("notice_unreadable"),
                detail=str(error),
                raw=raw,
            )
            return
        held.open.update(objects)
        for it in objects:
            yield Notice(
                name=it.name,
                origin_id=storable(it.origin_id) if it.origin_id else None,
                size_bytes=it.size_bytes,
                tries=tries,
                receipt=(held, it),
            )

    @property
    def _canary(self) -> tuple[str, str]:
        """Bucket and key of the canary: each is written over the one before."""
        bucket, prefix = bucket_and_prefix(self._settings.canary_place)
        return bucket, f"{prefix.rstrip('/')}/trailcam-canary-{self._settings.name}.json".lstrip("/")

    def _as_it_lies(self, it: S3Object) -> S3Object:
        """A canary that was written over while nobody listened is missed by nobody: the last one is read."""
        if self._settings.canary_place and (it.bucket, it.key) == self._canary:
            return S3Object(bucket=it.bucket, key=it.key, region=it.region)
        return it

    def _is_wanted(self, it: S3Object) -> bool:
        if self._settings.canary_place and it.name.startswith(self._settings.canary_place):
            return True
        return not self._prefixes or it.key.startswith(self._prefixes)

    def _hide(self, messages: Sequence[_Message], seconds: int) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        for start in range(0, len(messages), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.handle, "VisibilityTimeout": seconds}
                for number, message in enumerate(messages[start : start + _AT_ONCE])
            ]
            try:
                self._sqs().change_message_visibility_batch(QueueUrl=self._queue, Entries=entries)
            except (BotoCoreError, ClientError):  # then they come again sooner, and are passed over
                return

    def _delete(self, messages: Sequence[_Message]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        for start in range(0, len(messages), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.handle}
                for number, message in enumerate(messages[start : start + _AT_ONCE])
            ]
            try:
                self._sqs().delete_message_batch(QueueUrl=self._queue, Entries=entries)
            except (BotoCoreError, ClientError):  # the same
                return

    def _sqs(self) -> Any:
        from botocore.config import Config  # noqa: PLC0415  # with boto3

        with self._lock:
            if self._client is None:
                config = Config(
                    connect_timeout=10,
                    read_timeout=30,  # longer than SQS may wait before it answers
                    retries={"max_attempts": 3, "mode": "standard"},
                    max_pool_connections=self.pollers + 4,
                )
                own = endpoint_of_queue(self._queue) or None
                self._client = self._session.client("sqs", endpoint_url=own, config=config)
            return self._client


def _messages(notices: Sequence[Notice]) -> list[_Message]:
    return list(dict.fromkeys(notice.receipt[0] for notice in notices))
