"""The queue: that it is there, that we may use it, what waits in it, and what was given up."""

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailcam.contracts.source import Finding, Grade
from trailcam.sources.aws import region_of_queue
from trailcam.sources.s3_checks import policy
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, Refusal, ask

_DAY_SECONDS = 86_400
_SHORT_RETENTION_SECONDS = 4 * _DAY_SECONDS

_NO_RECEIPT = "trailcam-doctor-has-received-nothing"
"""With this nothing can be deleted or hidden: SQS says that it is no receipt, or that we may not ask."""

_KEY_OF_AWS = "alias/aws/sqs"


@dataclass(slots=True, kw_only=True)
class Queue:
    """A queue as its attributes tell it; `seen` is false where they may not be looked at."""

    arn: str = ""
    seen: bool = False
    visible: int = 0
    in_flight: int = 0
    statements: list[dict[str, Any]] = field(default_factory=list)
    """Of its policy."""

    @property
    def waiting(self) -> int:
        """Messages that somebody still has to read, or is reading."""
        return self.visible + self.in_flight


def look_at(
    access: Access, *, tries: int, regions: Sequence[str] = ()
) -> Generator[Finding, None, Queue | None]:
    """Findings, and in the end the queue; None where there is none. `regions`: where it might lie instead."""
    said = region_of_queue(access.queue)
    if said and access.region and said != access.region:
        yield Finding(
            check="region",
            grade=Grade.BROKEN,
            found=f"the queue lies in {said}, and the settings say {access.region}",
            cure=f'region = "{said}" in trailcam.toml, or no region at all',
            because=f"the settings say region {access.region}, and the queue lies in {said}",
        )
        return None
    try:
        answer = ask(access.sqs.get_queue_attributes, QueueUrl=access.queue, AttributeNames=["All"])
    except NotDone as refused:
        if refused.refusal is Refusal.ABSENT:
            yield _absent(access, regions)
            return None
        # SQS gives messages also to who may not look at the queue.
        denied = refused.refusal is Refusal.DENIED
        yield refused.finding(
            "queue", action="sqs:GetQueueAttributes", on=access.queue, who=access.who, needed=not denied
        )
        if not denied:
            return None
        yield from _may_take(access, Queue())
        return Queue()
    attributes: dict[str, str] = answer.get("Attributes", {})
    queue = Queue(
        arn=attributes.get("QueueArn", ""),
        seen=True,
        visible=int(attributes.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        statements=policy.read(attributes.get("Policy", "")),
    )
    yield Finding(check="queue", grade=Grade.OK, found=queue.arn)
    yield from _may_take(access, queue)
    yield from _settings(attributes)
    yield from _dead_letters(access, attributes, tries)
    return queue


def _absent(access: Access, regions: Sequence[str]) -> Finding:
    name, owner = access.queue.rpartition("/")[2], access.queue.rstrip("/").split("/")[-2:-1]
    for region in regions:
        if region == access.region:
            continue
        endpoint = access.sqs.meta.endpoint_url if not region_of_queue(access.queue) else ""
        client = access.client("sqs", region=region, endpoint=endpoint)
        try:
            ask(client.get_queue_url, QueueName=name, QueueOwnerAWSAccountId="".join(owner))
        except NotDone:
            continue
        return Finding(
            check="queue",
            grade=Grade.BROKEN,
            found=f"there is no queue {name} in {access.region}; there is one in {region}",
            cure=f'region = "{region}" in trailcam.toml, and the URL of the queue there',
            because=f"the queue lies in {region}, and not in {access.region}",
        )
    return Finding(
        check="queue",
        grade=Grade.BROKEN,
        found=f"there is no queue {access.queue} in {access.region}",
        cure="see name, account and region of the URL: `aws sqs list-queues --region REGION`; "
        "`trailcam aws setup` makes one",
        because=f"there is no queue {name} in {access.region}",
    )


def _may_take(access: Access, queue: Queue) -> Iterator[Finding]:
    """Whether we may receive, delete and hide, without doing any of it to a message.

    To receive is tried only where nothing waits: a message that was received is counted, and after some times
    it goes to the dead letters.
    """
    refused = []
    asked = {"QueueUrl": access.queue}
    calls: dict[str, tuple[Any, dict[str, Any]]] = {
        "sqs:DeleteMessage": (access.sqs.delete_message, {"ReceiptHandle": _NO_RECEIPT}),
        "sqs:ChangeMessageVisibility": (
            access.sqs.change_message_visibility,
            {"ReceiptHandle": _NO_RECEIPT, "VisibilityTimeout": 0},
        ),
    }
    if queue.seen and not queue.visible:
        calls["sqs:ReceiveMessage"] = (
            access.sqs.receive_message,
            {"MaxNumberOfMessages": 1, "VisibilityTimeout": 0, "WaitTimeSeconds": 0},
        )
    for action, (call, more) in calls.items():
        try:
            ask(call, **asked, **more)
        except NotDone as error:
            if error.refusal in (Refusal.DENIED, Refusal.UNREACHABLE):
                refused.append(action)
                yield error.finding("queue", action=action, on=access.queue, who=access.who)
    if not refused:
        told = sorted(action.removeprefix("sqs:") for action in calls)
        words = f"{', '.join(told)} are allowed"
        if "sqs:ReceiveMessage" not in calls:
            words += "; ReceiveMessage is not tried while messages wait, or --peek tries it"
        yield Finding(check="messages", grade=Grade.OK, found=words)


def _settings(attributes: dict[str, str]) -> Iterator[Finding]:
    """What the queue does by itself; for how long what is received is hidden, Trailcam says for itself."""
    kept = int(attributes.get("MessageRetentionPeriod", _SHORT_RETENTION_SECONDS))
    if kept < _SHORT_RETENTION_SECONDS:
        yield Finding(
            check="retention",
            grade=Grade.WARNING,
            found=f"a message is forgotten after {kept / _DAY_SECONDS:.1f} days",
            cure="let it be kept for 14: what is not read until then is only found by `trailcam backfill`",
        )
    else:
        yield Finding(check="retention", grade=Grade.OK, found=f"{kept / _DAY_SECONDS:g} days")
    delay = int(attributes.get("DelaySeconds", 0))
    if delay:
        words = f"every message is held back for {delay} s"
        yield Finding(check="delay", grade=Grade.WARNING, found=words, cure="set DelaySeconds to 0")
    if attributes.get("FifoQueue") == "true":
        yield Finding(
            check="kind",
            grade=Grade.BROKEN,
            found="a FIFO queue, to which S3 does not send",
            cure="make a standard queue; `trailcam aws setup` does",
            because="S3 sends to no FIFO queue",
        )
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    # (the policy of AWS's own key cannot be changed; read 2026-11-28).
    key = attributes.get("KmsMasterKeyId", "")
    if key.endswith(_KEY_OF_AWS):
        yield Finding(
            check="encryption",
            grade=Grade.BROKEN,
            found=f"by {_KEY_OF_AWS}, which S3 and SNS may not use",
            cure="let SQS encrypt it with a key of its own (SqsManagedSseEnabled), or take a key of yours",
            because=f"the queue is encrypted by {_KEY_OF_AWS}, which S3 and SNS may not use",
        )
    elif key:
        yield Finding(
            check="encryption",
            grade=Grade.WARNING,
            found=f"by {key}; whether the sender may use that cannot be seen from here",
            cure="its policy must allow kms:GenerateDataKey and kms:Decrypt to who sends: s3.amazonaws.com",
        )


def _dead_letters(access: Access, attributes: dict[str, str], tries: int) -> Iterator[Finding]:
    try:
        redrive = json.loads(attributes.get("RedrivePolicy", "") or "{}")
        arn, most = str(redrive["deadLetterTargetArn"]), int(redrive["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        yield Finding(
            check="dead letters",
            grade=Grade.WARNING,
            found="the queue has no queue for messages that are received in vain",
            cure="`trailcam aws setup` makes one; without it a message that nobody can treat comes for ever",
        )
        return
    if most <= tries:
        yield Finding(
            check="dead letters",
            grade=Grade.WARNING,
            found=f"SQS gives a message up after {most} receptions, Trailcam after {tries} tries",
            cure=f"set maxReceiveCount to {max(100, 2 * tries)}: then Trailcam keeps the reason, and first",
        )
    _, _, _, _, owner, name = arn.split(":", 5)
    try:
        url = ask(access.sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId=owner)["QueueUrl"]
        answer = ask(
            access.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
    except NotDone as refused:
        if refused.refusal is Refusal.ABSENT:
            yield Finding(
                check="dead letters",
                grade=Grade.WARNING,
                found=f"the queue that should take them is not there: {arn}",
                cure="make it, or let RedrivePolicy name another",
            )
            return
        action = "sqs:GetQueueUrl and sqs:GetQueueAttributes"
        yield refused.finding("dead letters", action=action, on=arn, who=access.who, needed=False)
        return
    given_up = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    if given_up:
        yield Finding(
            check="dead letters",
            grade=Grade.BROKEN,
            found=f"{given_up:,} messages were received {most} times in vain and lie in {name}",
            cure="see `trailcam dead-letters`, mend what keeps them from being read, then: "
            f"aws sqs start-message-move-task --source-arn {arn}",
            because=f"messages are received in vain and then given up: {given_up:,} lie in {name}",
        )
    else:
        yield Finding(check="dead letters", grade=Grade.OK, found=f"none in {name}")
