"""What a queue holds when objects were announced to it: doubled, in any order, by SNS or not, and test events.

Sources, read 2026-11-28:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
"""

import json
import random
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote_plus

from tests.servers.clients import REGION
from tests.servers.trail import TrailObject

TOPIC = f"arn:aws:sns:{REGION}:111122223333:trail"


def announcement(bucket: str, objects: Iterable[TrailObject], *, version: str = "2.1") -> str:
    """The message of S3 that objects were put, with the keys encoded as S3 does."""
    return json.dumps({"Records": [_record(bucket, one, version) for one in objects]})


def probe(bucket: str) -> str:
    """What S3 sends when a notification is set: an `s3:TestEvent`."""
    return json.dumps(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": "2026-11-28T11:59:59.000Z",
            "Bucket": bucket,
            "RequestId": "5582815E1AEA5ADF",
            "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
        }
    )


def by_sns(message: str) -> str:
    """The message as it comes to a queue by a topic that wraps it."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon S3 Notification",
            "Message": message,
            "Timestamp": "2026-11-28T12:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-EXAMPLE.pem",
            "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
        }
    )


def announcements(
    bucket: str,
    objects: Sequence[TrailObject],
    *,
    seed: int,
    times: int = 2,
    wrapped: float = 0.2,
    paired: float = 0.1,
    probes: int = 10,
) -> list[str]:
    """Messages that announce each object so many times, in no order.

    By chance a share comes by SNS, a share announces two objects, and the versions of S3's form differ.
    """
    rng = random.Random(seed)
    owed = [one for one in objects for _ in range(times)]
    rng.shuffle(owed)
    made = [probe(bucket) for _ in range(probes)]
    while owed:
        together = [owed.pop() for _ in range(min(len(owed), 2 if rng.random() < paired else 1))]
        made.append(announcement(bucket, together, version=rng.choice(["2.1", "2.5", "2.6"])))
    rng.shuffle(made)
    return [by_sns(message) if rng.random() < wrapped else message for message in made]


def send(sqs: Any, url: str, messages: Sequence[str]) -> None:
    """Puts the messages into a queue, ten at once."""
    for begin in range(0, len(messages), 10):
        batch = messages[begin : begin + 10]
        entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(batch)]
        answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert len(answer["Successful"]) == len(batch), answer


def _record(bucket: str, one: TrailObject, version: str) -> dict[str, Any]:
    return {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": f"{one.delivered:%Y-%m-%dT%H:%M:%S}.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:EXAMPLE:delivery"},
        "requestParameters": {"sourceIPAddress": "192.0.2.10"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "trail",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "EXAMPLE"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(one.key, safe="/"),
                "size": len(one.body),
                "eTag": one.etag,
                "sequencer": f"{int(one.delivered.timestamp() * 1e6):018X}",
            },
        },
    }
