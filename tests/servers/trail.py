"""A trail of several accounts and regions by a seed, as CloudTrail delivers it: late, out of order, some events twice.

The simulator of the product is not used here: it tells stories and gives them a day's shape, with a median of 13
records a file, 3 % delivered twice, and no say in the number of files. Here the numbers are what counts. 3,000
objects of 30,000 events take 2 s to make, and 5 s to put; their announcements take 0.4 s and 4 s.

Sources, read 2026-11-28:
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html (names of files)
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html (keys, of organisations)
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import asyncio
import gzip
import hashlib
import json
import random
import string
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import obstore
from obstore.store import S3Store

ACCOUNTS = ("111122223333", "444455556666", "123456789012")
REGIONS = ("eu-central-1", "us-east-1", "ap-southeast-2")
ORGANISATION = "o-exampleorgid"
UNTIL = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOURS = 24

_SPREAD = 1.28
"""Of the logarithm of the number of records: with a mean of 13 the median is 5, and the largest has some 500."""
_SOON_RECORDS = 300
"""How far after it the copy of a record comes at most."""
_CALLS = [
    ("ec2", "DescribeInstances", 300), ("s3", "GetObject", 250), ("sts", "AssumeRole", 160), ("kms", "Decrypt", 120),
    ("s3", "ListBuckets", 60), ("iam", "GetRole", 40), ("signin", "ConsoleLogin", 30), ("iam", "CreateUser", 8),
    ("ec2", "RunInstances", 20), ("cloudtrail", "StopLogging", 1),
]  # fmt: skip


@dataclass(frozen=True)
class TrailObject:
    """One object of the bucket."""

    key: str
    body: bytes
    """Packed by gzip."""
    records: int
    delivered: datetime

    @property
    def etag(self) -> str:
        """As S3 gives it to an object that was put at once."""
        return hashlib.md5(self.body).hexdigest()


@dataclass(frozen=True)
class Trail:
    """The objects in the order of their delivery, and what is true of them."""

    objects: tuple[TrailObject, ...]
    event_ids: frozenset[str]
    copies: int
    """Events that lie in two objects, byte by byte."""

    @property
    def records(self) -> int:
        """What lies in all objects."""
        return len(self.event_ids) + self.copies

    def write(self, folder: Path) -> Path:
        """The objects as files, under their keys."""
        for one in self.objects:
            path = folder / one.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one.body)
        return folder

    def put(self, store: S3Store) -> None:
        """The objects into a bucket, in no order."""
        asyncio.run(self._put(store))

    async def _put(self, store: S3Store) -> None:
        places = asyncio.Semaphore(16)

        async def put(one: TrailObject) -> None:
            async with places:
                await obstore.put_async(store, one.key, one.body, use_multipart=False)

        await asyncio.gather(*map(put, self.objects))


def make_trail(
    seed: int,
    *,
    objects: int = 3_000,
    events: int = 30_000,
    twice: float = 0.27,
    prefix: str = "",
    organisation: bool = False,
) -> Trail:
    """So many events in so many objects, of which a share lies in two of one account and region.

    The key of every object begins with the prefix. An organisation's stand under its id.
    """
    rng = random.Random(seed)
    sizes = _sizes(rng, objects, events)
    places = [(account, region) for account in ACCOUNTS for region in REGIONS][: max(1, objects // 4)]
    owed = _shares(int(events * twice), [sum(sizes[at :: len(places)]) for at in range(len(places))])
    names = _names(rng)
    made: list[TrailObject] = []
    event_ids: list[str] = []
    for at, place in enumerate(places):
        of_place = sizes[at :: len(places)]
        of_place.append(of_place.pop(of_place.index(min(of_place))))  # nothing of the last one comes again
        moments = sorted(UNTIL - timedelta(minutes=5 * rng.randrange(HOURS * 12)) for _ in of_place)
        held: list[list[bytes]] = []
        for size, moment in zip(of_place, moments, strict=True):
            ids = [str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(size)]
            held.append([_record(rng, event_id, *place, moment) for event_id in ids])
            event_ids += ids
        _again(rng, held, owed[at])
        root = "/".join([*([ORGANISATION] if organisation else []), place[0]])
        for moment, records in zip(moments, held, strict=True):
            folder = f"{prefix}AWSLogs/{root}/CloudTrail/{place[1]}/{moment:%Y/%m/%d}"
            name = f"{place[0]}_CloudTrail_{place[1]}_{moment:%Y%m%dT%H%MZ}_{next(names)}.json.gz"
            packed = gzip.compress(b'{"Records":[' + b",".join(records) + b"]}", 6, mtime=0)
            made.append(TrailObject(f"{folder}/{name}", packed, len(records), moment))
    made.sort(key=lambda one: (one.delivered, one.key))
    return Trail(tuple(made), frozenset(event_ids), sum(owed))


def _again(rng: random.Random, held: list[list[bytes]], copies: int) -> None:
    """Puts so many of the records into a later object too, rather a large one, and all records into some order."""
    numbers = [number for number, records in enumerate(held) for _ in records]
    firsts = [(number, raw) for number, records in enumerate(held[:-1]) for raw in records]
    for number, raw in rng.sample(firsts, copies):
        later = bisect_right(numbers, number)
        held[rng.choice(numbers[later : later + _SOON_RECORDS])].append(raw)
    known: set[tuple[bytes, ...]] = set()
    for records in held:
        rng.shuffle(records)
        while tuple(records) in known:  # two objects that hold the same two events
            rng.shuffle(records)
        known.add(tuple(records))


def _sizes(rng: random.Random, objects: int, events: int) -> list[int]:
    """How many events each object holds: few in most, many in some, at least one in all."""
    assert events >= objects >= 2
    drawn = [rng.lognormvariate(0, _SPREAD) for _ in range(objects)]
    scale = events / sum(drawn)
    sizes = [max(1, int(one * scale)) for one in drawn]
    order = sorted(range(objects), key=sizes.__getitem__, reverse=True)
    step = 1 if sum(sizes) < events else -1
    while sum(sizes) != events:
        for number in order[: min(objects, abs(events - sum(sizes)))]:
            sizes[number] = max(1, sizes[number] + step)
    return sizes


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total in parts by weight."""
    ends = [total * sum(weights[: at + 1]) // sum(weights) for at in range(len(weights))]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _names(rng: random.Random) -> Iterator[str]:
    letters = string.ascii_letters + string.digits
    while True:
        yield "".join(rng.choices(letters, k=16))


def _record(rng: random.Random, event_id: str, account: str, region: str, delivered: datetime) -> bytes:
    minutes = rng.expovariate(1 / 6) if rng.random() < 0.9 else rng.uniform(15, 6 * 60)  # some late by hours
    (service, name, _) = rng.choices(_CALLS, [weight for *_, weight in _CALLS])[0]
    user = f"user-{min(rng.randrange(12), rng.randrange(12)):02}"
    error = {"errorCode": "AccessDenied", "errorMessage": "Access Denied"} if rng.random() < 0.04 else {}
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"EXAMPLE{user.upper()}",
            "arn": f"arn:aws:iam::{account}:user/{user}",
            "accountId": account,
            "userName": user,
        },
        "eventTime": f"{delivered - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": f"198.51.100.{rng.randrange(1, 40)}",
        "userAgent": "aws-cli/2.31.0",
        **error,
        "requestParameters": {"name": f"thing-{rng.randrange(1_000)}"},
        "responseElements": None,
        "requestID": str(UUID(int=rng.getrandbits(128), version=4)),
        "eventID": event_id,
        "readOnly": name.startswith(("Describe", "Get", "List")),
        "eventType": "AwsConsoleSignIn" if service == "signin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    return json.dumps(record, separators=(",", ":")).encode()
