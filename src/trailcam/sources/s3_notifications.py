"""Reads what a queue says of new objects in S3, in every form in which AWS says it.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (S3 itself),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (EventBridge),
https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html (the envelope of SNS) and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
(CloudTrail's own), read 2026-11-28.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Object:
    """An object that was announced or listed. `etag` has no quotes; what was not said is empty or 0."""

    bucket: str
    key: str
    etag: str = ""
    version: str = ""
    size_bytes: int = 0
    region: str = ""
    written_at: datetime | None = field(default=None, compare=False)
    """When it was written, where a listing has told."""

    @property
    def day(self) -> date | None:
        """On which it was written, where a listing has told."""
        return None if self.written_at is None else self.written_at.date()

    @property
    def name(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def origin_id(self) -> str | None:
        """Its identity: by place and etag, which notifications and listings both tell; None without an etag.

        A version would be the better name, but listings do not have it, and what was followed live and what
        is listed later must be one and the same.
        """
        return f"{self.name}#{self.etag}" if self.etag else None


class NotUnderstood(Exception):
    """A message that tells of no object in any known form."""


def announced(body: str) -> list[S3Object]:
    """The objects that a message announces; none for what is no news of an object: tests, removals, folders.

    Raises:
        NotUnderstood: it is no notification.
    """
    try:
        said = json.loads(body)
    except ValueError as error:
        raise NotUnderstood(f"not JSON: {error}") from None
    if isinstance(said, dict) and said.get("Type") == "Notification" and isinstance(said.get("Message"), str):
        try:
            said = json.loads(said["Message"])
        except ValueError as error:
            raise NotUnderstood(f"a message of SNS that does not hold JSON: {error}") from None
    if not isinstance(said, dict):
        raise NotUnderstood("no JSON object")
    try:
        return [it for it in _objects(said) if it.key and not (it.key.endswith("/") and not it.size_bytes)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotUnderstood(f"looks like a notification, but {type(error).__name__}: {error}") from None


def _objects(said: dict[str, Any]) -> Iterator[S3Object]:
    if said.get("Event") == "s3:TestEvent":
        return
    if isinstance(said.get("Records"), list) and said["Records"]:
        for record in said["Records"]:
            if "s3" not in record:
                raise NotUnderstood(f"a record of {record.get('eventSource', 'no source')}, not of S3")
            if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
                yield _of_s3(record)
    elif said.get("source") == "aws.s3" and isinstance(said.get("detail"), dict):
        if said.get("detail-type") == "Object Created":
            yield _of_eventbridge(said)
    elif isinstance(said.get("s3ObjectKey"), list):
        for key in said["s3ObjectKey"]:
            yield S3Object(bucket=_text(said["s3Bucket"]), key=_text(key))
    elif said.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise NotUnderstood(f"a {said['Type']} of SNS: somebody has to confirm the subscription of the queue")
    else:
        raise NotUnderstood(f"no notification in any known form; its keys: {', '.join(sorted(said)[:8])}")


def _of_s3(record: dict[str, Any]) -> S3Object:
    held = record["s3"]["object"]
    return S3Object(
        bucket=_text(record["s3"]["bucket"]["name"]),
        key=unquote_plus(_text(held["key"])),  # only S3's own form has it encoded
        etag=_text(held.get("eTag") or "").strip('"'),
        version=_version(held.get("versionId")),
        size_bytes=int(held.get("size") or 0),
        region=_text(record.get("awsRegion") or ""),
    )


def _of_eventbridge(said: dict[str, Any]) -> S3Object:
    held = said["detail"]["object"]
    return S3Object(
        bucket=_text(said["detail"]["bucket"]["name"]),
        key=_text(held["key"]),
        etag=_text(held.get("etag") or "").strip('"'),
        version=_version(held.get("version-id")),
        size_bytes=int(held.get("size") or 0),
        region=_text(said.get("region") or ""),
    )


def _version(value: Any) -> str:
    """Empty where the bucket has no versions: S3 then says nothing, or `null`."""
    return "" if value in (None, "null") else _text(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
