"""The trail that live tests read: its numbers, its keys, what is announced of it, and what a run finds in it."""

import gzip
import json
import re
import statistics
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from tests.kept import differences, everything
from tests.servers.announcements import announcement, announcements, send
from tests.servers.detections import RULES, undisturbed, write_detections
from tests.servers.ministack import Ministack
from tests.servers.seaweed import Seaweed
from tests.servers.trail import Trail, make_trail
from tests.support import trailcam

KEY = re.compile(
    r"AWSLogs/(?:o-exampleorgid/)?(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)/"
    r"\1_CloudTrail_\2_\3\4\5T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz"
)


@pytest.fixture(scope="module")
def trail() -> Trail:
    return make_trail(7, objects=200, events=3_000)


def records(trail: Trail) -> list[tuple[int, Any]]:
    """(number of the object, record)"""
    return [
        (number, record)
        for number, one in enumerate(trail.objects)
        for record in json.loads(gzip.decompress(one.body))["Records"]
    ]


def test_a_trail_has_the_numbers_that_were_asked_for() -> None:
    trail = make_trail(1)
    sizes = sorted(one.records for one in trail.objects)
    assert len(sizes) == 3_000 and sizes[0] == 1 and sum(sizes) == trail.records == 38_100
    assert len(trail.event_ids) == 30_000 and trail.copies == 8_100
    assert 4 <= statistics.median(sizes) <= 6 and sizes[2_700] > 20 and sizes[-1] > 150
    assert len({one.body for one in trail.objects}) == len({one.key for one in trail.objects}) == 3_000


def test_copies_lie_byte_by_byte_in_another_object(trail: Trail) -> None:
    by_id: dict[str, list[tuple[int, str]]] = {}
    for number, record in records(trail):
        by_id.setdefault(record["eventID"], []).append((number, json.dumps(record)))
    assert by_id.keys() == trail.event_ids
    assert Counter(map(len, by_id.values())) == {1: 3_000 - 810, 2: 810}
    for copies in by_id.values():
        assert len({number for number, _ in copies}) == len(copies)
        assert len({raw for _, raw in copies}) == 1


def test_events_are_late_and_out_of_order(trail: Trail) -> None:
    late: dict[str, float] = {}
    for number, record in records(trail):
        seconds = (
            trail.objects[number].delivered - datetime.fromisoformat(record["eventTime"])
        ).total_seconds()
        late[record["eventID"]] = min(seconds, late.get(record["eventID"], seconds))
    assert min(late.values()) >= 0 and max(late.values()) > 3 * 3_600
    assert statistics.median(late.values()) < 15 * 60
    times = [record["eventTime"] for _, record in records(trail)]
    assert times != sorted(times)


def test_keys_are_those_of_cloudtrail() -> None:
    for organisation in (False, True):
        trail = make_trail(1, objects=40, events=100, prefix="a b+c/", organisation=organisation)
        for one in trail.objects:
            assert one.key.startswith("a b+c/")
            found = KEY.fullmatch(one.key.removeprefix("a b+c/"))
            assert found and ("o-exampleorgid" in one.key) == organisation
        assert len({one.key.split("/CloudTrail/")[1].split("/")[0] for one in trail.objects}) == 3


def test_one_seed_gives_one_trail() -> None:
    one, again, other = (make_trail(seed, objects=20, events=100) for seed in (1, 1, 2))
    assert one == again != other


def test_every_object_is_announced_twice_in_all_forms() -> None:
    trail = make_trail(1, objects=200, events=400, prefix="a b+c/")
    messages = [json.loads(body) for body in announcements("logs", trail.objects, seed=1)]
    wrapped = [
        json.loads(message["Message"]) for message in messages if message.get("Type") == "Notification"
    ]
    plain = [message for message in messages if "Type" not in message]
    assert wrapped and plain and len(wrapped) + len(plain) == len(messages)
    assert Counter("Records" in message for message in wrapped + plain)[False] == 10
    told = [message["Records"] for message in wrapped + plain if "Records" in message]
    assert {len(together) for together in told} == {1, 2}
    objects = {one.key: one for one in trail.objects}
    keys: Counter[str] = Counter()
    for record in (record for together in told for record in together):
        assert record["s3"]["bucket"]["name"] == "logs"
        held = record["s3"]["object"]
        key = unquote_plus(held["key"])
        assert "+" in held["key"] and " " not in held["key"]
        assert (held["size"], held["eTag"]) == (len(objects[key].body), objects[key].etag)
        keys[key] += 1
    assert keys == dict.fromkeys(objects, 2)


def test_what_is_announced_is_what_s3_announces(ministack: Ministack) -> None:
    s3, sqs = ministack.client("s3"), ministack.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket="logs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_notification_configuration(
        Bucket="logs",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    (one, *_) = make_trail(1, objects=2, events=4).objects
    s3.put_object(Bucket="logs", Key=one.key, Body=one.body)
    found: list[Any] = []
    while not found:
        got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        found = [body for message in got if "Records" in (body := json.loads(message["Body"]))]
    assert shape(found[0]) == shape(json.loads(announcement("logs", [one])))
    ours, theirs = json.loads(announcement("logs", [one])), found[0]
    for name in ("key", "size", "eTag"):
        assert ours["Records"][0]["s3"]["object"][name] == theirs["Records"][0]["s3"]["object"][name]


def shape(value: Any) -> Any:
    """The names of a value, and the kinds of what they hold."""
    if isinstance(value, dict):
        return {name: shape(held) for name, held in value.items()}
    return [shape(held) for held in value] if isinstance(value, list) else type(value)


def test_a_trail_is_put_and_announced(trail: Trail, seaweed: Seaweed, ministack: Ministack) -> None:
    seaweed.empty("trail")
    trail.put(seaweed.store("trail"))
    listed = seaweed.client().list_objects_v2(Bucket="trail")["Contents"]
    assert {one["Key"]: one["ETag"] for one in listed} == {one.key: f'"{one.etag}"' for one in trail.objects}
    sqs = ministack.client("sqs")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    messages = announcements("trail", trail.objects, seed=1)
    send(sqs, url, messages)
    (waiting,) = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])[
        "Attributes"
    ].values()
    assert int(waiting) == len(messages)


def test_a_run_finds_what_is_true_of_a_trail(trail: Trail, tmp_path: Path) -> None:
    whole = undisturbed(trail, tmp_path)
    assert len(whole["events"]) == len(trail.event_ids)
    assert whole["event rows"] == trail.records
    assert len(whole["ledger"]) == len(trail.objects)
    assert (
        {match[0] for match in whole["matches"]}
        == {window[0].rule_id for window in whole["windows"]}
        == set(RULES)
    )
    named = Counter(record["eventName"] for record in {r["eventID"]: r for _, r in records(trail)}.values())
    by_rule = Counter(match[0] for match in whole["matches"])
    assert by_rule["Trail.Stopped"] == named["StopLogging"] > 0
    assert by_rule["Many.Addresses"] == named["ConsoleLogin"]
    qualify = Counter(window[-1] for window in whole["windows"])
    assert qualify[True] > 5 and qualify[False] > 5

    half = tmp_path / "half"
    for one in trail.objects[:100]:
        path = half / "logs" / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.body)
    home = half / "home"
    trailcam("run", half / "logs", "--packs", write_detections(half / "rules"), "--home", home)
    assert differences(whole, everything(home)).keys() >= {"events", "matches", "windows"}
    trailcam("run", tmp_path / "logs", "--packs", half / "rules", "--home", home)
    assert differences(whole, everything(home)) == {}
