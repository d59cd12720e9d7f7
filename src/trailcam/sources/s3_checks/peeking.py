"""Looks at messages that wait, and gives them back at once. Each look counts as a reception of them."""

from collections.abc import Iterator, Sequence

from trailcam.contracts.source import Finding, Grade
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, ask
from trailcam.sources.s3_notifications import NotUnderstood, announced

_AT_ONCE = 10
_MOST_SHOWN = 3


def peek(access: Access, prefixes: Sequence[str], *, buckets: list[str]) -> Iterator[Finding]:
    """What up to ten messages say; the buckets that they name are added to `buckets`."""
    try:
        answer = ask(
            access.sqs.receive_message,
            QueueUrl=access.queue,
            MaxNumberOfMessages=_AT_ONCE,
            VisibilityTimeout=0,
            WaitTimeSeconds=1,
        )
    except NotDone as refused:
        yield refused.finding("peek", action="sqs:ReceiveMessage", on=access.queue, who=access.who)
        return
    messages = answer.get("Messages", ())
    objects, strange = [], []
    for message in messages:
        try:
            objects += announced(message["Body"])
        except NotUnderstood as error:
            strange.append(str(error))
    buckets += [it.bucket for it in objects if it.bucket not in buckets]
    if strange:
        yield Finding(
            check="peek",
            grade=Grade.WARNING,
            found=f"{len(strange)} of {len(messages)} messages are no notifications of S3: {strange[0]}",
            cure="see who else sends to the queue; they become dead letters",
        )
    wanted = [it for it in objects if not prefixes or it.key.startswith(tuple(prefixes))]
    if objects and not wanted:
        shown = ", ".join(it.key for it in objects[:_MOST_SHOWN])
        yield Finding(
            check="peek",
            grade=Grade.BROKEN,
            found=f"what is announced begins with none of {', '.join(prefixes)}: {shown}",
            cure="mend `prefixes` in trailcam.toml",
            because=f"announced keys begin with none of {', '.join(prefixes)}",
        )
    elif messages and not strange:
        words = f"{len(messages)} messages tell of {len(objects)} objects, {len(wanted)} of them wanted"
        yield Finding(check="peek", grade=Grade.OK, found=words)
    elif not messages:
        yield Finding(check="peek", grade=Grade.OK, found="no message is there to be looked at")
