"""What `trailcam aws setup` prints is what AWS's own tools take, and then a new object is a message."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.aws_setups import BUCKET, ELSEWHERE, HERE, LOGS, ORGANIZATION, REGION, SECURITY
from tests.servers.command_line import CommandLine, command_line
from tests.servers.ministack import Ministack
from tests.support import trailcam

from trailcam.app.aws_setup import queues

NEEDED = ("--bucket", BUCKET, "--account", LOGS, "--region", REGION)
FOLLOWED = f"AWSLogs/{LOGS}/CloudTrail/{REGION}/2026/03/01/a.json.gz"
NOT_FOLLOWED = f"AWSLogs/{LOGS}/vpcflowlogs/{REGION}/2026/03/01/a.log.gz"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, _ministack: Ministack) -> Iterator[CommandLine]:
    with command_line(tmp_path_factory.mktemp("aws"), _ministack.endpoint) as started:
        yield started


class Account:
    """The bucket's account, and clients in it."""

    def __init__(self, server: Ministack, aws: CommandLine) -> None:
        self._aws = aws
        self.sqs, self.s3, self.iam, self.sns, self.cloudformation = (
            server.client(service, account=LOGS) for service in ("sqs", "s3", "iam", "sns", "cloudformation")
        )

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self._aws.run(script, account=LOGS, environment=environment)

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")

    def told(self, queue: str) -> list[str]:
        """Keys as messages of the queue name them; messages without a record are S3's test events."""
        messages = []
        while got := self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=60
        ).get("Messages"):
            messages += [json.loads(message["Body"]) for message in got]
        return [record["s3"]["object"]["key"] for each in messages for record in each.get("Records", ())]

    def attributes(self, name: str) -> dict[str, Any]:
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: dict[str, Any] = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        return found

    def notification(self) -> dict[str, Any]:
        found: dict[str, Any] = self.s3.get_bucket_notification_configuration(Bucket=BUCKET)
        return {name: value for name, value in found.items() if name != "ResponseMetadata"}


@pytest.fixture
def account(ministack: Ministack, aws: CommandLine) -> Account:
    """With an empty bucket that tells nobody, and without queues, roles and topics."""
    made = Account(ministack, aws)
    made.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return made


def printed(*options: str) -> tuple[str, list[str]]:
    """The template or script, and the words beside it."""
    done = trailcam("aws", "setup", *NEEDED, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr.splitlines()


def command_of(words: list[str], name: str) -> str:
    """The command that the words end in."""
    (line,) = [line for line in words if f" {name} " in line and line.startswith("next: ")]
    return line[line.index("aws ", line.index(": ", 6)) :]


def deploy(account: Account, template: str) -> dict[str, str]:
    """What the stack puts out."""
    account.cloudformation.create_stack(
        StackName="trailcam", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    account.cloudformation.get_waiter("stack_create_complete").wait(
        StackName="trailcam", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (stack,) = account.cloudformation.describe_stacks(StackName="trailcam")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_stack_and_the_commands_told_beside_it_bring_new_objects_into_the_queue(account: Account) -> None:
    template, words = printed("--principal", ELSEWHERE)
    outputs = deploy(account, template)
    assert account.run(command_of(words, "get-bucket-notification-configuration")).stdout == ""
    done = account.run(
        f"export AWS_REGION={REGION}\n{command_of(words, 'put-bucket-notification-configuration')}"
    )
    assert done.returncode == 0, done.stderr
    account.put(FOLLOWED, NOT_FOLLOWED)
    assert account.told(outputs["QueueUrl"]) == [FOLLOWED]
    assert f'role_arn = "{outputs["RoleArn"]}"' in words
    assert account.attributes("trailcam-objects")["Policy"]
    assert account.iam.get_role(RoleName="trailcam-reader")["Role"]["Arn"] == outputs["RoleArn"]


def test_a_stack_subscribes_the_queue_to_the_topic(account: Account) -> None:
    topic = account.sns.create_topic(Name="new-objects")["TopicArn"]
    notification = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    account.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=notification)
    template, words = printed("--principal", ELSEWHERE, "--topic", topic)
    outputs = deploy(account, template)
    account.put(FOLLOWED)
    assert len(account.told(outputs["QueueUrl"])) == 1
    assert not any("put-bucket-notification-configuration" in line for line in words)


def test_the_script_makes_all_of_it_and_can_be_run_again(account: Account) -> None:
    script, _ = printed("--principal", ELSEWHERE, "--format", "cli")
    first = account.run(script)
    assert (first.returncode, first.stderr) == (0, "")
    queue = first.stdout.splitlines()[0].removeprefix("queue: ")
    made = account.notification(), account.iam.list_roles()["Roles"], account.sqs.list_queues()["QueueUrls"]
    again = account.run(script)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)
    assert made == (
        account.notification(), account.iam.list_roles()["Roles"], account.sqs.list_queues()["QueueUrls"],
    )  # fmt: skip
    account.put(FOLLOWED, NOT_FOLLOWED)
    assert account.told(queue) == [FOLLOWED]
    attributes, dead_letters = map(account.attributes, ("trailcam-objects", "trailcam-dead-letters"))
    assert json.loads(dead_letters["RedriveAllowPolicy"])["sourceQueueArns"] == [attributes["QueueArn"]]
    assert dead_letters["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert dead_letters["SqsManagedSseEnabled"] == "true"
    assert attributes["VisibilityTimeout"] == "300"
    assert attributes["ReceiveMessageWaitTimeSeconds"] == "20"
    assert attributes["MessageRetentionPeriod"] == str(14 * 24 * 3600)
    assert attributes["SqsManagedSseEnabled"] == "true"
    trust = account.iam.get_role(RoleName="trailcam-reader")["Role"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"AWS": ELSEWHERE}


def test_a_message_that_is_received_too_often_is_a_dead_letter(account: Account) -> None:
    script, _ = printed("--principal", ELSEWHERE, "--format", "cli")
    assert account.run(script).returncode == 0
    account.put(FOLLOWED)
    queue, dead = (
        account.sqs.get_queue_url(QueueName=f"trailcam-{name}")["QueueUrl"]
        for name in ("objects", "dead-letters")
    )
    for _ in range(queues.MOST_RECEIVES):
        got = account.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=1
        )
        assert len(got["Messages"]) == 2  # the other is S3's test event
    assert account.told(queue) == []
    assert len(account.told(dead)) == 1


def test_the_script_changes_nothing_of_a_bucket_that_tells_others(account: Account) -> None:
    other = account.sqs.create_queue(QueueName="another")["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=other, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    theirs = {"QueueConfigurations": [{"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectCreated:Put"]}]}
    account.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=theirs)
    script, _ = printed("--principal", ELSEWHERE, "--format", "cli")
    refused = account.run(script)
    assert refused.returncode == 1
    assert '"theirs"' in refused.stderr
    assert "REPLACE=yes" in refused.stderr
    assert account.notification() == theirs
    done = account.run(script, REPLACE="yes")
    assert done.returncode == 0, done.stderr
    assert [each["Id"] for each in account.notification()["QueueConfigurations"]] == ["trailcam-objects"]


@pytest.mark.usefixtures("account")
def test_the_script_stops_in_another_account(ministack: Ministack, aws: CommandLine) -> None:
    script, _ = printed("--principal", ELSEWHERE, "--format", "cli")
    done = aws.run(script, account=SECURITY)
    assert done.returncode == 1
    assert f"of account {SECURITY}, and not of {LOGS}" in done.stderr
    assert not ministack.client("sqs", account=SECURITY).list_queues().get("QueueUrls")


def test_the_script_subscribes_the_queue_to_a_topic_and_says_when_the_bucket_does_not_tell_it(
    account: Account,
) -> None:
    topic = account.sns.create_topic(Name="new-objects")["TopicArn"]
    script, _ = printed("--principal", HERE, "--topic", topic, "--format", "cli")
    account.iam.create_role(RoleName="trailcam", Path="/security/", AssumeRolePolicyDocument="{}")
    first = account.run(script)
    assert first.returncode == 0, first.stderr
    assert first.stderr == f"warning: the bucket {BUCKET} tells the topic nothing yet\n"
    notification = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    account.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=notification)
    again = account.run(script)
    assert (again.returncode, again.stderr) == (0, "")
    assert len(account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    account.put(FOLLOWED)
    assert len(account.told(first.stdout.splitlines()[0].removeprefix("queue: "))) == 1
    policy = account.iam.get_role_policy(RoleName="trailcam", PolicyName="trailcam-reader")["PolicyDocument"]
    assert "TakeMessages" in [statement["Sid"] for statement in policy["Statement"]]


def test_an_organisation_is_followed_by_the_prefix_of_its_trail(account: Account) -> None:
    script, words = printed("--principal", ELSEWHERE, "--organization", ORGANIZATION, "--format", "cli")
    done = account.run(script)
    assert done.returncode == 0, done.stderr
    followed = [f"AWSLogs/{ORGANIZATION}/{each}/CloudTrail/{REGION}/a.json.gz" for each in (LOGS, SECURITY)]
    account.put(*followed, FOLLOWED)
    assert sorted(account.told(done.stdout.splitlines()[0].removeprefix("queue: "))) == followed
    assert f'prefixes = ["AWSLogs/{ORGANIZATION}/"]' in words


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    done = trailcam("aws", "setup", "--bucket", "s3://trail", "--account", "1111-2222-3333")
    assert (done.returncode, done.stdout) == (2, "")
    codes = [line.partition(":")[0] for line in done.stderr.splitlines() if line.startswith("error")]
    assert codes == ["error[TC0150]", "error[TC0150]", "error[TC0104]", "error[TC0104]"]
    assert done.stderr.endswith("4 problems\n")


def test_data_and_words_are_apart() -> None:
    template, words = printed("--principal", ELSEWHERE)
    assert yaml.safe_load(template)["AWSTemplateFormatVersion"]
    assert words[-7:][0] == "[sources.trail]"
