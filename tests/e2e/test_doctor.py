"""`trailcam doctor` against real servers: what is broken on the way from a bucket to an alert is named."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.aws_setups import BUCKET, HERE, LOGS, REGION, setup
from tests.kept import write_rules
from tests.live import count, eventually, following, s3_source, write_settings
from tests.servers.faults import ACCESS_DENIED, UNAVAILABLE, Faults, Refuse, Request
from tests.servers.proxy import proxy
from tests.support import record, trailcam, write_log

from trailcam.alerts.tables import alert
from trailcam.app import doctor
from trailcam.app.aws_setup import queues
from trailcam.app.aws_setup.notification import configuration
from trailcam.app.aws_setup.policies import queue_policy
from trailcam.contracts.source import Finding, Grade
from trailcam.errors import TrailcamError, code
from trailcam.settings.read import read_settings

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

FOLLOWED = f"AWSLogs/{LOGS}/CloudTrail"
KEY = f"{FOLLOWED}/{REGION}/2026/11/28/a.json.gz"
TOPIC = f"arn:aws:sns:{REGION}:{LOGS}:new-objects"
HOUR = 3600.0


@dataclass
class Way:
    """A bucket, a queue and all between, as `trailcam aws setup` has them."""

    server: "Ministack"
    folder: Path
    queue: str = ""
    made: Any = field(default_factory=lambda: setup(principal=HERE))
    ahead_seconds: float = 0.0
    """By how much our clock goes forward."""

    def __post_init__(self) -> None:
        self.sqs, self.s3, self.sns = (self.server.client(name) for name in ("sqs", "s3", "sns"))
        dead = _attributes(queues.dead_letters(self.made))
        self.dead = self.sqs.create_queue(QueueName=self.made.dead_letters_name, Attributes=dead)["QueueUrl"]
        self.queue = self.sqs.create_queue(
            QueueName=self.made.queue_name, Attributes=_attributes(queues.objects_with_policy(self.made))
        )["QueueUrl"]
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.tell(configuration(self.made))

    def tell(self, said: dict[str, Any]) -> None:
        """Sets whom the bucket tells, and takes S3's test event out of the queue."""
        self.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=said)
        self.sqs.purge_queue(QueueUrl=self.queue)

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=b'{"Records": []}')

    def put_unannounced(self, key: str) -> None:
        """Puts an object and takes its announcement, which comes some time later, out of the queue."""
        self.put(key)
        names = ["ApproximateNumberOfMessages"]
        eventually(
            lambda: (
                self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"][
                    names[0]
                ]
                != "0"
            )
        )
        self.sqs.purge_queue(QueueUrl=self.queue)

    def write(self, *, by: Faults | None = None, queue: str = "", more: str = "") -> Path:
        """Settings of the source, whose queue and objects are reached by a proxy if there is one."""
        here = self.server.endpoint
        endpoint = here if by is None else by.endpoint
        queue = queue or self.queue.replace(here, endpoint)
        text = s3_source(queue, endpoint, more=f'prefixes = ["{FOLLOWED}"]\n{more}')
        return write_settings(self.folder, text, packs=[])

    def look(
        self,
        *,
        bucket: str | None = BUCKET,
        peek: bool = False,
        by: Faults | None = None,
        queue: str = "",
        more: str = "",
    ) -> list[Finding]:
        """What is found of the source."""
        file = self.write(by=by, queue=queue, more=more)
        settings = read_settings(folder=self.folder, environment={}, file=file)
        now = time.time() + self.ahead_seconds
        _, source = doctor.examine(
            settings, settings.home, places=[bucket] if bucket else [], peek=peek, now=lambda: now
        )
        return list(source.findings)


def _attributes(attributes: dict[str, Any]) -> dict[str, str]:
    return {key: it if isinstance(it, str) else json.dumps(it) for key, it in attributes.items()}


@pytest.fixture
def way(ministack: "Ministack", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Way:
    for name, value in ministack.environment().items():
        monkeypatch.setenv(name, value)
    return Way(ministack, tmp_path)


@pytest.fixture
def between(way: Way, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """A proxy before all servers of AWS."""
    with proxy(way.server.endpoint) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.endpoint)
        yield faults


def only(findings: list[Finding], grade: Grade) -> Finding:
    found = [it for it in findings if it.grade is grade]
    assert len(found) == 1, findings
    return found[0]


def why(findings: list[Finding]) -> str:
    return doctor.sentence("trail", findings, home=[])


def checks(findings: list[Finding]) -> list[str]:
    return [it.check for it in findings]


# -- the way as it should be ---------------------------------------------------------------------------------


def test_where_all_is_as_set_up_nothing_is_broken_and_the_object_waits(way: Way) -> None:
    way.put(KEY)
    found = way.look()
    assert {it.grade for it in found} == {Grade.OK}, found
    assert [it.found for it in found if it.check == "waiting"] == ["1 messages, and 0 that somebody works on"]
    assert checks(found) == [
        "credentials", "clock", "queue", "messages", "retention", "dead letters", "waiting", "bucket",
        "policy", "notification", "filter", "newest", "reading",
    ]  # fmt: skip


def test_the_bucket_is_known_from_the_policy_of_the_queue(way: Way) -> None:
    found = way.look(bucket=None)
    assert [it.found for it in found if it.check == "bucket"] == [f"{BUCKET} in {REGION}"]


def test_looking_takes_no_message_and_counts_none(way: Way) -> None:
    way.put(KEY)
    way.look()
    (message,) = way.sqs.receive_message(
        QueueUrl=way.queue, AttributeNames=["ApproximateReceiveCount"], VisibilityTimeout=0
    )["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_what_is_read_by_a_server_arrives(way: Way) -> None:
    rules = write_rules(way.folder / "rules")
    file = write_settings(way.folder, s3_source(way.queue, way.server.endpoint), packs=[rules])
    body = write_log(way.folder / "a.json.gz", [record(1, eventName="RunInstances")])
    way.s3.put_object(Bucket=BUCKET, Key=KEY, Body=body.read_bytes())
    with following(file, env=way.server.environment()) as process:
        eventually(lambda: count(way.folder / "home"), process=process)
        done = trailcam("doctor", "--config", file, "--home", way.folder / "home", "--format", "jsonl")
        assert done.returncode == 0, done.stdout
        found = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
        assert found["followed by"]["found"].startswith("serve on ")
        assert found["newest"]["found"].startswith(f"the newest object was read: s3://{BUCKET}/{KEY}, ")
        assert done.stderr.splitlines()[-1] == "trail: what is there was read"
        process.process.kill()
        process.process.wait()
    assert count(way.folder / "home", alert)


# -- the queue -----------------------------------------------------------------------------------------------


def test_a_queue_that_is_not_there_is_told(way: Way) -> None:
    way.sqs.delete_queue(QueueUrl=way.queue)
    found = way.look()
    assert only(found, Grade.BROKEN).check == "queue"
    assert why(found) == f"nothing arrives from trail because there is no queue trailcam-objects in {REGION}"


def test_a_region_that_is_not_that_of_the_url_is_told_before_anything_is_asked_of_it(way: Way) -> None:
    url = f"https://sqs.eu-west-1.amazonaws.com/{LOGS}/trailcam-objects"
    found = way.look(queue=url, more=f'region = "{REGION}"\n', bucket=None)
    assert only(found, Grade.BROKEN).found == f"the queue lies in eu-west-1, and the settings say {REGION}"
    assert "region eu-central-1, and the queue lies in eu-west-1" in why(found)


def test_a_queue_that_lies_in_the_region_of_the_bucket_is_found_there(way: Way) -> None:
    found = way.look(more='region = "eu-west-1"\n')
    assert (
        why(found) == f"nothing arrives from trail because the queue lies in {REGION}, and not in eu-west-1"
    )


def test_an_empty_queue_is_the_reason_where_nothing_else_is(way: Way) -> None:
    found = way.look()
    assert "prefix" in checks(found)
    way.put_unannounced(KEY)
    assert why(way.look()) == "nothing arrives from trail because nothing is announced: the queue is empty"


def test_dead_letters_that_fill_are_told_with_what_brings_them_back(way: Way) -> None:
    way.sqs.send_message(QueueUrl=way.dead, MessageBody="{}")
    broken = only(way.look(), Grade.BROKEN)
    assert broken.found == "1 messages were received 100 times in vain and lie in trailcam-dead-letters"
    assert f"start-message-move-task --source-arn {way.made.dead_letters_arn}" in broken.cure


def test_a_queue_without_dead_letters_with_a_delay_and_a_short_memory_is_warned_of(way: Way) -> None:
    way.put(KEY)
    way.sqs.delete_queue(QueueUrl=way.queue)
    policy = json.dumps(queue_policy(way.made))
    way.sqs.create_queue(
        QueueName=way.made.queue_name,
        Attributes={"Policy": policy, "DelaySeconds": "900", "MessageRetentionPeriod": "3600"},
    )
    warned = [it.check for it in way.look() if it.grade is Grade.WARNING]
    assert warned == ["retention", "delay", "dead letters"]


def test_a_queue_that_gives_up_before_trailcam_does_is_warned_of(way: Way) -> None:
    redrive = json.dumps({"deadLetterTargetArn": way.made.dead_letters_arn, "maxReceiveCount": 3})
    way.sqs.set_queue_attributes(QueueUrl=way.queue, Attributes={"RedrivePolicy": redrive})
    way.put(KEY)
    assert (
        only(way.look(), Grade.WARNING).found
        == "SQS gives a message up after 3 receptions, Trailcam after 5 tries"
    )


def test_a_policy_that_lets_nobody_send_is_told(way: Way) -> None:
    way.sqs.set_queue_attributes(QueueUrl=way.queue, Attributes={"Policy": ""})
    found = way.look()
    assert only(found, Grade.BROKEN).check == "policy"
    assert f"does not let the bucket {BUCKET} send" in why(found)


def test_a_queue_with_a_key_that_s3_may_not_use_is_told(way: Way) -> None:
    way.sqs.set_queue_attributes(
        QueueUrl=way.queue, Attributes={"SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/aws/sqs"}
    )
    assert only(way.look(), Grade.BROKEN).check == "encryption"


def test_messages_are_looked_at_when_that_is_asked_for(way: Way) -> None:
    way.tell({"QueueConfigurations": [{"QueueArn": way.made.queue_arn, "Events": ["s3:ObjectCreated:*"]}]})
    way.put(KEY, "other/b.json")
    told = [it.found for it in way.look(peek=True) if it.check == "peek"]
    assert told == ["2 messages tell of 2 objects, 1 of them wanted"]
    way.sqs.purge_queue(QueueUrl=way.queue)
    way.put("other/b.json")
    found = way.look(peek=True)
    assert why(found) == f"nothing arrives from trail because announced keys begin with none of {FOLLOWED}"
    way.sqs.purge_queue(QueueUrl=way.queue)
    way.sqs.send_message(QueueUrl=way.queue, MessageBody="hello")
    (told_of,) = [it for it in way.look(peek=True) if it.check == "peek"]
    assert told_of.grade is Grade.WARNING
    assert "not JSON" in told_of.found


# -- the bucket and whom it tells ----------------------------------------------------------------------------


def test_a_bucket_that_is_not_there_is_told(way: Way) -> None:
    found = way.look(bucket="s3://amzn-s3-demo-trial/AWSLogs")
    assert why(found) == "nothing arrives from trail because there is no bucket amzn-s3-demo-trial"


def test_a_bucket_that_tells_nobody_is_told(way: Way) -> None:
    way.tell({})
    way.put(KEY)
    found = way.look()
    assert only(found, Grade.BROKEN).found == f"{BUCKET} tells nobody of new objects, and not the queue"
    assert f"the bucket {BUCKET} does not tell the queue" in why(found)


def test_a_bucket_that_tells_another_queue_is_told_with_that(way: Way) -> None:
    way.sqs.create_queue(QueueName="theirs")
    arn = f"arn:aws:sqs:{REGION}:{LOGS}:theirs"
    way.tell({"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
    assert f"{BUCKET} tells only {arn} of new objects" in only(way.look(), Grade.BROKEN).found


def test_a_bucket_that_tells_only_of_what_is_removed_or_put_is_told(way: Way) -> None:
    told = {"QueueArn": way.made.queue_arn, "Events": ["s3:ObjectRemoved:*"]}
    way.tell({"QueueConfigurations": [told]})
    assert "does not tell the queue" in why(way.look())
    way.put(KEY)
    way.tell({"QueueConfigurations": [told | {"Events": ["s3:ObjectCreated:Put"]}]})
    way.put(KEY)
    assert "tells of s3:ObjectCreated:Put only" in only(way.look(), Grade.WARNING).found


def test_a_filter_that_keeps_back_what_is_wanted_is_told(way: Way) -> None:
    rule = {"Name": "prefix", "Value": "AWSLogs/444455556666/CloudTrail"}
    told = configuration(way.made)["QueueConfigurations"][0] | {"Filter": {"Key": {"FilterRules": [rule]}}}
    way.tell({"QueueConfigurations": [told]})
    way.put(KEY)
    found = way.look()
    assert only(found, Grade.BROKEN).check == "filter"
    assert why(found) == (
        "nothing arrives from trail because the bucket tells only of keys that begin AWSLogs/444455556666/CloudTrail"
    )


def test_an_end_that_no_key_has_is_told_by_the_newest_object(way: Way) -> None:
    rules = [{"Name": "Prefix", "Value": FOLLOWED}, {"Name": "Suffix", "Value": ".json"}]
    told = configuration(way.made)["QueueConfigurations"][0] | {"Filter": {"Key": {"FilterRules": rules}}}
    way.tell({"QueueConfigurations": [told]})
    way.put(KEY)
    assert why(way.look()) == f"nothing arrives from trail because the filter keeps back keys such as {KEY}"


def test_a_prefix_that_no_key_has_is_told_with_the_nearest(way: Way) -> None:
    way.put(KEY.replace(LOGS, "444455556666"), "exports/a.json")
    found = way.look()
    broken = only(found, Grade.BROKEN)
    assert broken.check == "prefix"
    assert (
        broken.found
        == f"no object of {BUCKET} begins {FOLLOWED}; there are keys that begin AWSLogs/444455556666/"
    )


def test_an_old_object_that_was_not_announced_is_told_with_what_reads_it(way: Way) -> None:
    way.put_unannounced(KEY)
    way.ahead_seconds = 0.0
    newest = [it for it in way.look() if it.check == "newest"]
    assert "may be on its way" in newest[0].found
    way.ahead_seconds = 200.0
    newest = [it for it in way.look() if it.check == "newest"]
    assert newest[0].grade is Grade.WARNING
    assert "trailcam backfill" in newest[0].cure


def test_a_topic_leads_to_the_queue_only_when_it_is_subscribed(way: Way) -> None:
    way.sns.create_topic(Name="new-objects")
    way.tell({"TopicConfigurations": [{"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]})
    found = way.look()
    assert why(found) == f"nothing arrives from trail because the queue is not subscribed to {TOPIC}"
    assert f"sns subscribe --topic-arn {TOPIC}" in only(found, Grade.BROKEN).cure
    way.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=way.made.queue_arn)
    assert f"does not let the topic {TOPIC} send" in why(way.look())
    by_topic = setup(principal=HERE, topic=TOPIC)
    way.sqs.set_queue_attributes(
        QueueUrl=way.queue, Attributes={"Policy": json.dumps(queue_policy(by_topic))}
    )
    way.put(KEY)
    found = way.look()
    assert {it.grade for it in found} == {Grade.OK}, found
    assert f"{TOPIC} tells the queue" in [it.found for it in found]


def test_eventbridge_leads_to_the_queue_only_by_a_rule(way: Way) -> None:
    way.put(KEY)
    way.tell({"EventBridgeConfiguration": {}})
    assert why(way.look()) == "nothing arrives from trail because no rule of EventBridge leads to the queue"
    events = way.server.client("events")
    events.put_rule(Name="new-objects", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="new-objects", Targets=[{"Id": "queue", "Arn": way.made.queue_arn}])
    assert "does not let the rule new-objects send" in why(way.look())
    arn = f"arn:aws:events:{REGION}:{LOGS}:rule/new-objects"
    allowed = json.loads(
        json.dumps(queue_policy(way.made)).replace("s3.amazonaws.com", "events.amazonaws.com")
    )
    allowed["Statement"][0]["Condition"] = {"ArnEquals": {"aws:SourceArn": arn}}
    way.sqs.set_queue_attributes(QueueUrl=way.queue, Attributes={"Policy": json.dumps(allowed)})
    found = way.look()
    assert {it.grade for it in found} == {Grade.OK}, found
    assert "rules of EventBridge: new-objects" in [it.found for it in found]


OTHERS = {"Id": "others", "Events": ["s3:ObjectCreated:Put"]}
"""What a bucket tells another product, by a topic to which our queue is not subscribed."""


def to_others(way: Way) -> dict[str, Any]:
    topic = way.sns.create_topic(Name="other-product")["TopicArn"]
    return {"TopicConfigurations": [OTHERS | {"TopicArn": topic}], "EventBridgeConfiguration": {}}


def test_a_bucket_that_tells_others_beside_the_queue_is_well(way: Way) -> None:
    way.tell(configuration(way.made) | to_others(way))
    way.put(KEY)
    found = way.look()
    assert {it.grade for it in found} == {Grade.OK}, found
    assert f"lets through all that is wanted of {BUCKET}" in [it.found for it in found]


def test_nothing_is_broken_where_the_bucket_tells_others_and_a_trail_may_tell_its_topic(way: Way) -> None:
    way.sns.create_topic(Name="new-objects")
    way.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=way.made.queue_arn)
    allowed = json.dumps(queue_policy(setup(principal=HERE, topic=TOPIC)))
    way.sqs.set_queue_attributes(QueueUrl=way.queue, Attributes={"Policy": allowed})
    way.tell(to_others(way))
    way.put(KEY)
    found = way.look()
    assert max(it.grade for it in found) is Grade.WARNING, found
    assert [it.grade for it in found if "if its trail tells it" in it.found] == [Grade.WARNING]


def test_a_way_of_ours_that_is_broken_is_warned_of_while_another_leads_here(way: Way) -> None:
    way.sns.create_topic(Name="new-objects")
    way.sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=way.made.queue_arn)
    by_topic = {"TopicConfigurations": [{"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]}
    way.tell(configuration(way.made) | by_topic)
    way.put(KEY)
    warned = only(way.look(), Grade.WARNING)
    assert f"does not let the topic {TOPIC} send" in warned.found
    assert warned.because == ""


# -- who we are, and what we may -----------------------------------------------------------------------------


def test_without_credentials_nothing_else_is_asked(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    found = way.look()
    assert checks(found) == ["credentials"]
    assert why(found) == "nothing arrives from trail because there are no credentials for AWS"


def test_a_profile_that_is_not_there_is_told(way: Way) -> None:
    found = way.look(more='profile = "auditor"\n')
    assert checks(found) == ["credentials"]
    assert "auditor" in why(found)


def test_a_clock_that_goes_wrong_is_told(way: Way) -> None:
    way.ahead_seconds = 2 * HOUR
    assert "the clock of this machine is 7," in why(way.look())


@dataclass(frozen=True)
class RefuseQuery(Refuse):
    """The form of STS and SNS.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, read 2026-11-28.
    """

    def answer(self, request: Request) -> bytes:
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{self.code}</Code><Message>{self.message}</Message></Error>"
            "<RequestId>4442587FB7D0A2F9</RequestId></ErrorResponse>"
        ).encode()
        head = f"HTTP/1.1 {self.status} {self.code}\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


TO_QUERIES = r"^/$"
ROLE = f"arn:aws:iam::{LOGS}:role/trailcam-reader"


def test_a_role_that_cannot_be_assumed_is_told_and_no_secret_with_it(way: Way, between: Faults) -> None:
    refusal = RefuseQuery(403, "AccessDenied", "not authorized to perform: sts:AssumeRole")
    way.write(more=f'role_arn = "{ROLE}"\nexternal_id = "trailcam-abcdef"\n', by=between)
    between.add(refusal, method="POST", path=TO_QUERIES)
    done = trailcam("doctor", "--config", way.folder / "trailcam.toml", "--format", "json")
    assert done.returncode == 1
    (role,) = [it for it in json.loads(done.stdout) if it["check"] == "role"]
    assert role["found"] == f"{ROLE} cannot be assumed with the external id of the settings: AccessDenied"
    assert "trailcam-abcdef" not in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].endswith(f"cannot assume {ROLE}")


def test_a_role_that_is_assumed_is_who_we_are(way: Way) -> None:
    way.put(KEY)
    found = way.look(more=f'role_arn = "{ROLE}"\n')
    assert f"assumed: {ROLE}" in [it.found for it in found]
    assert {it.grade for it in found} == {Grade.OK}, found


@pytest.mark.parametrize(
    ("action", "grade"),
    [
        ("sqs:GetQueueAttributes", Grade.WARNING),
        ("sqs:ReceiveMessage", Grade.BROKEN),
        ("sqs:DeleteMessage", Grade.BROKEN),
        ("sqs:ChangeMessageVisibility", Grade.BROKEN),
        ("sqs:GetQueueUrl", Grade.WARNING),
        ("s3:GetObject", Grade.BROKEN),
    ],
)
def test_a_permission_that_is_missing_is_named(way: Way, between: Faults, action: str, grade: Grade) -> None:
    (way.put_unannounced if action == "sqs:ReceiveMessage" else way.put)(KEY)
    if action == "s3:GetObject":
        between.add(ACCESS_DENIED, method="GET", path=rf"^/{BUCKET}/AWSLogs")
    else:
        between.add(ACCESS_DENIED, operation=action.removeprefix("sqs:"))
    found = way.look(by=between)
    denied = [it for it in found if action in it.found]
    assert [it.grade for it in denied] == [grade], found
    assert f"allow {action}" in denied[0].cure
    if grade is Grade.BROKEN:
        assert f"may not use {action}" in why(found)


@pytest.mark.parametrize(
    ("query", "action"),
    [
        ("location", "s3:GetBucketLocation"),
        ("notification", "s3:GetBucketNotification"),
        ("list-type", "s3:ListBucket"),
    ],
)
def test_what_only_the_doctor_needs_is_a_warning_when_it_is_not_allowed(
    way: Way, between: Faults, monkeypatch: pytest.MonkeyPatch, query: str, action: str
) -> None:
    way.put(KEY)
    monkeypatch.setattr(between, "fault_of", lambda it: ACCESS_DENIED if query in it.query else None)
    found = way.look(by=between)
    denied = only(found, Grade.WARNING)
    assert action in denied.found
    assert denied.because == ""


def test_keys_that_aws_does_not_take_are_told_by_the_code_alone(way: Way, between: Faults) -> None:
    said = "The Canonical String for this request should have been 'x-amz-security-token:not-for-others'"
    between.add(RefuseQuery(403, "SignatureDoesNotMatch", said), method="POST", path=TO_QUERIES)
    found = way.look(by=between)
    assert only(found, Grade.BROKEN).check == "credentials"
    assert "SignatureDoesNotMatch" in why(found)
    assert "not-for-others" not in str(found)


def test_what_does_not_answer_is_neither_well_nor_broken(way: Way, between: Faults) -> None:
    between.add(UNAVAILABLE, operation="GetQueueAttributes")
    file = way.write(by=between)
    done = trailcam("doctor", "--config", file, env=os.environ | {"COLUMNS": "80"})
    assert done.returncode == 3
    assert "unknown" in done.stdout
    assert done.stderr.splitlines()[-1].endswith("/trailcam-objects does not answer")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_an_unknown_source_is_told_with_the_nearest(way: Way) -> None:
    settings = read_settings(folder=way.folder, environment={}, file=way.write())
    with pytest.raises(TrailcamError) as raised:
        next(doctor.examine(settings, settings.home, names=["trial"]))
    (problem,) = raised.value.problems
    assert (problem.code, problem.hint) == (code("no_such_source"), 'did you mean "trail"?')
