"""Whether a queue's policy lets somebody send."""

import json
from typing import Any

import pytest
from tests.aws_setups import BUCKET, HERE, TOPIC, setup

from trailcam.app.aws_setup.policies import queue_policy
from trailcam.sources.s3_checks import policy
from trailcam.sources.s3_checks.policy import Sending

ARN = f"arn:aws:s3:::{BUCKET}"


def statement(**fields: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:amzn-s3-demo-*"}},
    } | fields


def sends(*statements: dict[str, Any], service: str = policy.S3, arn: str = ARN) -> Sending:
    return policy.may_send(policy.read(json.dumps({"Statement": list(statements)})), service=service, arn=arn)


def test_the_policy_that_setup_prints_lets_the_bucket_or_the_topic_send_and_nobody_else() -> None:
    by_bucket, by_topic = queue_policy(setup(principal=HERE)), queue_policy(setup(topic=TOPIC))
    for said, service, arn, other in (
        (by_bucket, policy.S3, ARN, "arn:aws:s3:::amzn-s3-demo-other"),
        (by_topic, policy.SNS, TOPIC, f"{TOPIC}-of-others"),
    ):
        statements = policy.read(json.dumps(said))
        assert policy.may_send(statements, service=service, arn=arn) is Sending.YES
        assert policy.may_send(statements, service=service, arn=other) is Sending.NO
        assert policy.may_send(statements, service=policy.EVENTS, arn=arn) is Sending.NO
    assert policy.sources(policy.read(json.dumps(by_bucket)), "s3") == [ARN]
    assert policy.sources(policy.read(json.dumps(by_topic)), "sns") == [TOPIC]


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON", '{"Statement": "x"}', '{"Statement": [1]}'])
def test_what_is_no_policy_lets_nobody_send(text: str) -> None:
    assert policy.may_send(policy.read(text), service=policy.S3, arn=ARN) is Sending.NO


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Condition": None},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}},
        {"Action": ["sqs:ReceiveMessage", "SQS:Send*"]},
        {"Action": "*"},
        {"Condition": {"StringEquals": {"AWS:SourceArn": [ARN, "arn:aws:s3:::b"]}}},
        {"Condition": {"ForAnyValue:ArnEqualsIfExists": {"aws:SourceArn": ARN}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:*:*:amzn-s3-demo-*"}}},
        {"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:s3:*:*:amzn-s3-demo-*"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceArn": ARN.upper()}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_it_may_send(fields: dict[str, Any]) -> None:
    assert sends(statement(**fields)) is Sending.YES


@pytest.mark.parametrize(
    "fields",
    [
        {"Effect": "Deny"},
        {"Action": "sqs:ReceiveMessage"},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::amzn-s3-demo-trai"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::amzn-s3-demo-trai[l]"}}},
        {"Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:s3:*:*:amzn-s3-demo-*"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceArn": "arn:aws:s3:*:*:amzn-s3-demo-*"}}},
    ],
)
def test_it_may_not_send(fields: dict[str, Any]) -> None:
    assert sends(statement(**fields)) is Sending.NO


def test_a_condition_that_nobody_here_can_weigh_makes_it_uncertain() -> None:
    odd = {"StringEquals": {"aws:PrincipalOrgID": "o-exampleorgid"}}
    assert sends(statement(Condition=odd)) is Sending.PERHAPS
    assert sends(statement(), statement(Effect="Deny", Condition=odd)) is Sending.PERHAPS


def test_a_refusal_stands_over_what_is_allowed_but_one_of_requests_without_tls_is_not_ours() -> None:
    assert sends(statement(), statement(Effect="Deny")) is Sending.NO
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    assert sends(statement(), statement(Effect="Deny", Principal="*", Condition=plain)) is Sending.YES


def test_names_with_wildcards_are_no_buckets() -> None:
    assert policy.sources([statement()], "s3") == []
