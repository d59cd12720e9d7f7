"""Reads what a queue says of new objects in S3, in every form in which AWS says it.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html (S3 itself),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html (EventBridge),
https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html (the envelope of SNS) and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html
(CloudTrail's own), read 2026-11-28.

Whoever may send to the queue says what stands in a message, so names in it are those of S3 or it is refused:
they become parts of addresses.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote_plus

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
"""Of before 2018 too, which may have capitals and underlines.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, read 2026-11-28.
"""

_IN_HEADERS = re.compile(r"[\x21-\x7e]{0,1024}")
"""Of etags, and of versions, which can stand in URLs as they are.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersioningEnabledBuckets.html,
read 2026-11-28.
"""

_REGION = re.compile(r"[a-z0-9-]{0,40}")
_LONGEST_KEY_BYTES = 1024
_LARGEST_BYTES = 1 << 62

_OF_THE_TRAIL = "CloudTrail validation message."
"""What CloudTrail sends to a topic when a trail is made or changed; it is the whole message."""

_DETAIL_CHARACTERS = 500


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
        return _announced(body)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        detail = f"looks like a notification, but {type(error).__name__}: {error}"
        raise NotUnderstood(detail[:_DETAIL_CHARACTERS]) from None


def _announced(body: str) -> list[S3Object]:
    said = _from_json(body, "not JSON")
    if isinstance(said, dict) and said.get("Type") == "Notification" and isinstance(said.get("Message"), str):
        said = _from_json(said["Message"], "a message of SNS that does not hold JSON")
    if said == _OF_THE_TRAIL:
        return []
    if not isinstance(said, dict):
        raise NotUnderstood("no JSON object")
    return [it for it in _objects(said) if it.key and not (it.key.endswith("/") and not it.size_bytes)]


def _from_json(text: str, otherwise: str) -> Any:
    """What stands there; CloudTrail's greeting, which is no JSON, as it is."""
    if text.strip() == _OF_THE_TRAIL:
        return _OF_THE_TRAIL
    try:
        return json.loads(text)
    except ValueError as error:
        raise NotUnderstood(f"{otherwise}: {error}") from None
    except RecursionError:
        raise NotUnderstood(f"{otherwise}: it is nested too deep") from None


def _objects(said: dict[str, Any]) -> Iterator[S3Object]:
    if said.get("Event") == "s3:TestEvent":
        return
    if isinstance(said.get("Records"), list) and said["Records"]:
        for record in said["Records"]:
            if "s3" not in record:
                raise NotUnderstood(f"a record of {record.get('eventSource', 'no source')!s:.100}, not of S3")
            if str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated:"):
                yield _of_s3(record)
    elif said.get("source") == "aws.s3" and isinstance(said.get("detail"), dict):
        kind = _text(said["detail-type"])
        if kind == "Object Created":
            yield _of_eventbridge(said)
        elif not kind.startswith("Object "):  # such as calls of the API, which a rule may send by mistake
            raise NotUnderstood(f'an event "{kind:.100}" of EventBridge, which announces no object')
    elif isinstance(said.get("s3ObjectKey"), list):
        for key in said["s3ObjectKey"]:
            yield S3Object(bucket=_bucket(said["s3Bucket"]), key=_key(_text(key)))
    elif said.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise NotUnderstood(f"a {said['Type']} of SNS: somebody has to confirm the subscription of the queue")
    else:
        keys = ", ".join(sorted(said)[:8])
        raise NotUnderstood(f"no notification in any known form; its keys: {keys:.200}")


def _of_s3(record: dict[str, Any]) -> S3Object:
    held = record["s3"]["object"]
    return S3Object(
        bucket=_bucket(record["s3"]["bucket"]["name"]),
        key=_key(unquote_plus(_text(held["key"]))),  # only S3's own form has it encoded
        etag=_etag(held.get("eTag")),
        version=_version(held.get("versionId")),
        size_bytes=_size(held.get("size")),
        region=_region(record.get("awsRegion")),
    )


def _of_eventbridge(said: dict[str, Any]) -> S3Object:
    held = said["detail"]["object"]
    return S3Object(
        bucket=_bucket(said["detail"]["bucket"]["name"]),
        key=_key(_text(held["key"])),
        etag=_etag(held.get("etag")),
        version=_version(held.get("version-id")),
        size_bytes=_size(held.get("size")),
        region=_region(said.get("region")),
    )


def _version(value: Any) -> str:
    """Empty where the bucket has no versions: S3 then says nothing, or `null`."""
    return "" if value in (None, "null") else _of_a_header(value)


def _etag(value: Any) -> str:
    """Empty where none is said."""
    return _of_a_header(value or "").strip('"')


def _of_a_header(value: Any) -> str:
    """What is sent to S3 again as it is: no control characters, which end requests."""
    if not _IN_HEADERS.fullmatch(_text(value)):
        raise ValueError(f"{value!r:.100} is neither an etag nor a version")
    return str(value)


def _bucket(value: Any) -> str:
    if not _BUCKET.fullmatch(_text(value)):
        raise ValueError(f"{value!r} is no name of a bucket")
    return str(value)


def _region(value: Any) -> str:
    """Empty where none is said."""
    region = _text(value or "")
    if not _REGION.fullmatch(region):
        raise ValueError(f"{region!r} is no name of a region")
    return region


def _key(key: str) -> str:
    if len(key.encode()) > _LONGEST_KEY_BYTES:
        raise ValueError(f"a key of S3 has at most {_LONGEST_KEY_BYTES} bytes, and not {len(key.encode())}")
    return key


def _size(value: Any) -> int:
    """0 where it is not said."""
    size = int(value or 0)
    if not 0 <= size <= _LARGEST_BYTES:
        raise ValueError("the size of an object is beyond all bounds")
    return size


def _text(value: Any) -> str:
    """Text that can be sent and stored: JSON may hold halves of characters."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.100} is no text")
    value.encode()
    return value
