"""Who may do what: the queue's policy, the role's trust, and the little that Trailcam itself may do."""

import re
from typing import Any

from trailcam.app.aws_setup.place import Setup

VERSION = "2012-10-17"


def queue_policy(setup: Setup) -> dict[str, Any]:
    """Lets the bucket send to the queue, or the topic, and nobody else.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html
    (aws:SourceArn, aws:SourceAccount of the bucket; read 2026-11-28). The ARN of a topic holds its account.
    """
    if setup.topic:
        sid, service = "TheTopicSends", "sns.amazonaws.com"
        condition: dict[str, Any] = {"ArnEquals": {"aws:SourceArn": setup.topic}}
    else:
        sid, service = "TheBucketSends", "s3.amazonaws.com"
        condition = {
            "ArnEquals": {"aws:SourceArn": setup.bucket_arn},
            "StringEquals": {"aws:SourceAccount": setup.account},
        }
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": setup.queue_arn,
        "Condition": condition,
    }
    return {"Version": VERSION, "Statement": [statement]}


def trust_policy(setup: Setup) -> dict[str, Any]:
    """Lets the principal that runs Trailcam assume the role, if it names the external id.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-28).
    """
    statement = {
        "Sid": "TrailcamAssumesThisRole",
        "Effect": "Allow",
        "Principal": {"AWS": setup.principal.arn},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": setup.external_id}},
    }
    return {"Version": VERSION, "Statement": [statement]}


def assuming_policy(setup: Setup) -> dict[str, Any]:
    """What the principal needs in its own account, to assume the role in the other: both must allow it."""
    statement = {
        "Sid": "AssumeTheReader",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": setup.role_arn,
    }
    return {"Version": VERSION, "Statement": [statement]}


def reading_policy(setup: Setup) -> dict[str, Any]:
    """What Trailcam may do, and nothing beside: take messages, read objects below the prefixes, list them.

    Location and notification of the bucket and attributes of the queues are for `trailcam doctor`, the list
    is for backfill and verify, and for a key that is not there to be told as missing: S3 does so to whoever
    might list that very key.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (403 or 404) and
    https://github.com/ceph/ceph/pull/68577 (it takes the key for s3:prefix then; both read 2026-11-28).
    """
    return {
        "Version": VERSION,
        "Statement": [*_queues(setup), *_bucket(setup), *_key(setup), *_canary(setup)],
    }


def key_statement(setup: Setup) -> dict[str, Any] | None:
    """What the policy of the key must hold, if the key is of another account or trusts nobody by IAM.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
    (read 2026-11-28).
    """
    if setup.kms_key is None:
        return None
    (statement,) = _key(setup)
    who = setup.role_arn or setup.principal.arn
    return {**statement, "Principal": {"AWS": who}, "Resource": "*"}


def literal(text: str) -> str:
    """A text in which IAM finds no wildcard and no variable.

    >>> literal("a*b/${c}")
    'a${*}b/${$}{c}'

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    (special characters; read 2026-11-28).
    """
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)


def _queues(setup: Setup) -> list[dict[str, Any]]:
    return [
        {
            "Sid": "TakeMessages",
            "Effect": "Allow",
            "Action": [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
            ],
            "Resource": setup.queue_arn,
        },
        {
            "Sid": "CountDeadLetters",
            "Effect": "Allow",
            "Action": ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"],
            "Resource": setup.dead_letters_arn,
        },
    ]


def _bucket(setup: Setup) -> list[dict[str, Any]]:
    listed: dict[str, Any] = {
        "StringLike": {"s3:prefix": [f"{literal(prefix)}*" for prefix in setup.prefixes]}
    }
    return [
        {
            "Sid": "ReadObjects",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": [f"{setup.bucket_arn}/{literal(prefix)}*" for prefix in setup.prefixes],
        },
        {
            "Sid": "ListObjects",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": setup.bucket_arn,
            **({} if setup.prefixes == ("",) else {"Condition": listed}),
        },
        {
            "Sid": "SeeHowTheBucketIsSet",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:GetBucketNotification"],
            "Resource": setup.bucket_arn,
        },
    ]


def _key(setup: Setup) -> list[dict[str, Any]]:
    """Use of the key through S3 alone. Whoever plants events under it needs new data keys, too.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    and https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (read 2026-11-28).
    """
    if setup.kms_key is None:
        return []
    names = dict.fromkeys(f"s3.{setup.region}.{suffix}" for suffix in ("amazonaws.com", setup.dns_suffix))
    return [
        {
            "Sid": "DecryptObjects",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", *(["kms:GenerateDataKey"] if setup.canary else [])],
            "Resource": setup.kms_key,
            "Condition": {"StringEquals": {"kms:ViaService": list(names)}},
        }
    ]


def _canary(setup: Setup) -> list[dict[str, Any]]:
    if setup.canary_prefix is None:
        return []
    return [
        {
            "Sid": "PlantCanaries",
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": f"{setup.bucket_arn}/{literal(setup.canary_prefix)}*",
        }
    ]
