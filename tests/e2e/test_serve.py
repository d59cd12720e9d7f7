"""Sources followed live: from an object in a bucket to an alert, with real servers of S3 and SQS."""

import gzip
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from tests.kept import everything, verified, write_rules
from tests.live import count, eventually, following, s3_source, write_settings
from tests.support import record, trailcam

from trailcam.alerts.tables import alert

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/28/111122223333_CloudTrail_eu-central-1_20261128T1000Z_{}.json.gz"


class Trail:
    """A bucket whose new objects are announced in a queue."""

    def __init__(self, server: "Ministack", bucket: str = "trail") -> None:
        self.server = server
        self.bucket = bucket
        self.s3 = server.client("s3")
        self.sqs = server.client("sqs")
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.queue = self.sqs.create_queue(QueueName="announcements")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            },
        )

    def put(self, records: list[Any], name: str) -> str:
        key = name if "/" in name else KEY.format(name)
        self.s3.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=gzip.compress(json.dumps({"Records": records}).encode(), mtime=0),
        )
        return key

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())

    def close(self) -> None:
        self.s3.close()
        self.sqs.close()


@pytest.fixture
def trail(ministack: "Ministack") -> Any:
    trail = Trail(ministack)
    yield trail
    trail.close()


def settings_of(tmp_path: Path, trail: Trail, more: str = "") -> Path:
    rules = write_rules(tmp_path / "rules")
    return write_settings(tmp_path, s3_source(trail.queue, trail.server.endpoint, more=more), packs=[rules])


def opened(home: Path) -> int:
    """Alerts of a rule of which nothing fails."""
    return count(home, select(alert).where(alert.c.rule_id == "Every.Hour").subquery())


def test_what_is_announced_becomes_an_alert_and_its_message_is_gone(tmp_path: Path, trail: Trail) -> None:
    settings = settings_of(tmp_path, trail)
    home = tmp_path / "home"
    trail.put([record(1, eventName="RunInstances")], "before")
    with following(settings) as process:
        eventually(lambda: opened(home) == 1, process=process)
        begun = time.monotonic()
        trail.put([record(2, eventName="RunInstances", userIdentity={"userName": "bob"})], "while")
        eventually(lambda: opened(home) == 2, process=process)
        assert time.monotonic() - begun < 10
        eventually(lambda: trail.left() == 0, process=process)
        assert process.stop() == 0
    told = [line["event"] for line in process.told()]
    assert told == ["started", "stopping", "stopped"]
    assert verified(home).holds
    assert len(everything(home)["events"]) == 2
    done = trailcam(
        "query", "--home", home, "SELECT DISTINCT p_source_label, p_source_file FROM events ORDER BY 2"
    )
    assert f"s3://trail/{KEY.format('before')}" in done.stdout


def test_what_comes_by_sns_under_a_wanted_prefix_is_read_and_a_second_start_goes_on(
    tmp_path: Path, ministack: "Ministack"
) -> None:
    trail = Trail(ministack)
    sns = ministack.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue_arn = trail.sqs.get_queue_attributes(QueueUrl=trail.queue, AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    trail.s3.put_bucket_notification_configuration(
        Bucket=trail.bucket,
        NotificationConfiguration={
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    settings = settings_of(tmp_path, trail, more='prefixes = ["wanted/"]\n')
    home = tmp_path / "home"
    trail.put([record(1, eventName="RunInstances")], "wanted/a.json.gz")
    trail.put([record(2, eventName="RunInstances", userIdentity={"userName": "bob"})], "other/a.json.gz")
    with following(settings) as process:
        eventually(lambda: opened(home) == 1 and trail.left() == 0, process=process)
        assert process.stop() == 0
    trail.put([record(3, eventName="RunInstances", userIdentity={"userName": "eve"})], "wanted/b.json.gz")
    with following(settings) as process:
        eventually(lambda: opened(home) == 2 and trail.left() == 0, process=process)
        assert process.stop() == 0
    assert len(everything(home)["events"]) == 2
    trail.close()


def test_there_must_be_something_to_follow(tmp_path: Path) -> None:
    settings = write_settings(tmp_path, "", packs=[])
    done = trailcam("serve", "--config", settings)
    assert done.returncode == 2
    assert "TC0803" in done.stderr
