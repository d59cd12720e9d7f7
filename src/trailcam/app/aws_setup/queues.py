"""The two queues: how long messages live, when they are seen again, and who may send."""

from typing import Any

from trailcam.app.aws_setup.place import Setup
from trailcam.app.aws_setup.policies import queue_policy

VISIBILITY_SECONDS = 300
"""A message that was received comes back after this, unless Trailcam asks for more time while it works."""

RETENTION_SECONDS = 14 * 24 * 3600
"""The longest there is, of both queues: nothing is lost while Trailcam is away for a week.

A message keeps its age when it becomes a dead letter, so one that was old goes soon.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
setting-up-dead-letter-queue-retention.html (read 2026-11-28).
"""

WAIT_SECONDS = 20
"""Long polling, as long as there is.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
(read 2026-11-28).
"""

MOST_RECEIVES = 100
"""Then a message is a dead letter. A worker that is killed uses one up, and so does an object that the world
keeps from us for a while: with the longest pause between two tries they last for a day."""


def dead_letters(setup: Setup) -> dict[str, Any]:
    """Attributes of the queue of dead letters, which only the other queue can use as such.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
    (RedriveAllowPolicy, SqsManagedSseEnabled; read 2026-11-28).
    """
    return {
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "SqsManagedSseEnabled": True,
        "RedriveAllowPolicy": {"redrivePermission": "byQueue", "sourceQueueArns": [setup.queue_arn]},
    }


def objects(setup: Setup) -> dict[str, Any]:
    """Attributes of the queue that Trailcam reads, without its policy.

    It is encrypted by a key of SQS: S3 and SNS could not send to one with a key of the account, unless the
    key's policy let them.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    (a queue with a customer managed key; read 2026-11-28).
    """
    return {
        "VisibilityTimeout": VISIBILITY_SECONDS,
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "ReceiveMessageWaitTimeSeconds": WAIT_SECONDS,
        "SqsManagedSseEnabled": True,
        "RedrivePolicy": {
            "deadLetterTargetArn": setup.dead_letters_arn,
            "maxReceiveCount": MOST_RECEIVES,
        },
    }


def objects_with_policy(setup: Setup) -> dict[str, Any]:
    """The same with the policy, which is an attribute for SQS and a resource for CloudFormation."""
    return {**objects(setup), "Policy": queue_policy(setup)}
