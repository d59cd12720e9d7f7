"""The setup as a script of commands for AWS's command line, versions 1 and 2.

It can be run again: what is there is brought up to date, and nothing is made twice.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html (of a queue
that is there the URL is given, unless attributes differ: so it is made without any, and they are set),
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html (it replaces all,
and sends a test message first), https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
(up to 60 seconds until attributes hold; all read 2026-11-28).
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from trailcam.app.aws_setup import notification, queues
from trailcam.app.aws_setup.place import Setup
from trailcam.app.aws_setup.policies import reading_policy, trust_policy
from trailcam.errors import visible

_TRIES = 9
_PAUSE_SECONDS = 10


def script(setup: Setup) -> str:
    """A script for /bin/sh, in ASCII. Every value in it is quoted."""
    return "\n".join(_lines(setup)) + "\n"


def look_command(setup: Setup) -> str:
    """Prints what the bucket tells now, and to whom; nothing when it tells nobody."""
    return command("s3api", "get-bucket-notification-configuration", _bucket(setup))


def tell_command(setup: Setup) -> str:
    """Makes the bucket tell the queue, and nobody else: it REPLACES what the bucket told before."""
    put = {**_bucket(setup), "notification-configuration": json.dumps(notification.configuration(setup))}
    return command("s3api", "put-bucket-notification-configuration", put)


def command(service: str, action: str, options: Mapping[str, str]) -> str:
    """A command with its words quoted; a value that begins with a dash is held to its option."""
    words = ["aws", service, action]
    for name, value in options.items():
        words += [f"--{name}={value}"] if value.startswith("-") else [f"--{name}", value]
    return shlex.join(words)


def _lines(setup: Setup) -> Iterator[str]:
    yield "#!/bin/sh"
    yield visible(f"# What Trailcam needs to follow the bucket {setup.bucket}, by `trailcam aws setup`.")
    yield f"# Run it with credentials of account {setup.account} that may make queues and roles there."
    yield "# It can be run again: what is there is brought up to date, and nothing is made twice."
    yield "set -eu"
    yield f"export AWS_PAGER='' AWS_REGION={setup.region} AWS_DEFAULT_REGION={setup.region}"
    yield from _step("1. The account is the right one.")
    yield "account=$(aws sts get-caller-identity --query Account --output text)"
    yield f'if [ "$account" != {setup.account} ]; then'
    yield f'  echo "these credentials are of account $account, and not of {setup.account}" >&2'
    yield "  exit 1"
    yield "fi"
    yield from _queues(setup)
    yield from _reader(setup)
    yield from (_topic(setup) if setup.topic else _notification(setup))
    yield ""
    yield 'echo "queue: $objects"'
    if setup.role_arn:
        yield f"echo {shlex.quote(f'role: {setup.role_arn}')}"


def _queues(setup: Setup) -> Iterator[str]:
    yield from _step(
        "2. A queue for messages that were received too often, and the queue that Trailcam reads."
    )
    for variable, name in (("dead_letters", setup.dead_letters_name), ("objects", setup.queue_name)):
        yield f"{variable}=$(aws sqs create-queue --queue-name {name} --query QueueUrl --output text)"
    yield from _step(
        "3. Their attributes: encrypted, kept for 14 days, asked for with patience; one queue's dead letters",
        f"go to the other; nobody but the {'topic' if setup.topic else 'bucket'} may send.",
    )
    for variable, attributes in (
        ("dead_letters", queues.dead_letters(setup)),
        ("objects", queues.objects_with_policy(setup)),
    ):
        yield f'aws sqs set-queue-attributes --queue-url "${variable}" \\'
        yield f"  --attributes {_document(_as_texts(attributes))}"


def _reader(setup: Setup) -> Iterator[str]:
    may = {"policy-name": setup.reader}
    if not setup.assumes:
        kind = setup.principal.kind
        yield from _step("4. All that Trailcam may do, given to who runs it.")
        put = {f"{kind}-name": setup.principal.name, **may}
        yield command("iam", f"put-{kind}-policy", put) + " \\"
        yield f"  --policy-document {_document(reading_policy(setup))}"
        return
    role = {"role-name": setup.reader}
    yield from _step("4. The role that Trailcam assumes, who may assume it, and all that it may do.")
    yield f"trust={_document(trust_policy(setup))}"
    yield f"if ! {command('iam', 'get-role', role)} >/dev/null 2>&1; then"
    yield f'  {command("iam", "create-role", role)} --assume-role-policy-document "$trust" >/dev/null'
    yield "fi"
    yield f'{command("iam", "update-assume-role-policy", role)} --policy-document "$trust"'
    yield command("iam", "put-role-policy", role | may) + " \\"
    yield f"  --policy-document {_document(reading_policy(setup))}"


def _topic(setup: Setup) -> Iterator[str]:
    subscribe = {"topic-arn": setup.topic or "", "protocol": "sqs", "notification-endpoint": setup.queue_arn}
    yield from _step(
        "5. The topic sends to the queue what the bucket tells it, without an envelope of its own.",
        "A topic of another account must let this one subscribe.",
    )
    yield f"subscription=$({command('sns', 'subscribe', subscribe)} --return-subscription-arn \\"
    yield "  --query SubscriptionArn --output text)"
    yield 'aws sns set-subscription-attributes --subscription-arn "$subscription" \\'
    yield "  --attribute-name RawMessageDelivery --attribute-value true"
    told = f"length(TopicConfigurations[?TopicArn==`{json.dumps(setup.topic)}`] || `[]`)"
    yield from _step("6. Whether the bucket tells the topic. It is not changed here.")
    yield f"told=$({look_command(setup)} \\"
    yield f"  --query {shlex.quote(told)} --output text)"
    yield 'if [ "$told" = 0 ]; then'
    yield f'  echo "warning: the bucket {setup.bucket} tells the topic nothing yet" >&2'
    yield "fi"


def _notification(setup: Setup) -> Iterator[str]:
    others = (
        "length([TopicConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration, "
        f"QueueConfigurations[?QueueArn!=`{json.dumps(setup.queue_arn)}`]][])"
    )
    yield from _step(
        "5. Whether the bucket tells others. The next step REPLACES all that it tells, so this stops",
        "if it does.",
    )
    yield f"others=$({look_command(setup)} \\"
    yield f"  --query {shlex.quote(others)} --output text)"
    yield 'if [ "$others" != 0 ] && [ "${REPLACE:-no}" != yes ]; then'
    yield f"  {look_command(setup)} --output json >&2"
    yield f'  echo "the bucket {setup.bucket} tells others already, as printed above; it was left so" >&2'
    yield '  echo "put both into one configuration by hand, or let it tell a topic and use --topic;" >&2'
    yield '  echo "to end what it tells others, run this with REPLACE=yes" >&2'
    yield "  exit 1"
    yield "fi"
    yield from _step(
        "6. The bucket tells the queue of new objects. S3 tries the queue first, which may take the queue's",
        "policy a minute.",
    )
    yield f"told={_document(notification.configuration(setup))}"
    yield "tries=1"
    put = command("s3api", "put-bucket-notification-configuration", _bucket(setup))
    yield f'until {put} --notification-configuration "$told"; do'
    yield f'  if [ "$tries" -ge {_TRIES} ]; then'
    yield '    echo "S3 refused it each time, as it says above" >&2'
    yield "    exit 1"
    yield "  fi"
    yield "  tries=$((tries + 1))"
    yield f'  echo "not yet; once more in {_PAUSE_SECONDS} seconds" >&2'
    yield f"  sleep {_PAUSE_SECONDS}"
    yield "done"


def _step(*words: str) -> Iterator[str]:
    yield ""
    yield from (f"# {line}" for line in words)


def _bucket(setup: Setup) -> dict[str, str]:
    """The bucket, and that it must be of the account: whoever else took its name gets nothing.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    (read 2026-11-28).
    """
    return {"bucket": setup.bucket, "expected-bucket-owner": setup.account}


def _document(document: Mapping[str, Any]) -> str:
    return shlex.quote(json.dumps(document, indent=2))


def _as_texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes of a queue as its API takes them: each a text, documents as JSON."""
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()
    }
