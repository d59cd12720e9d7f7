"""Setups for AWS that tests ask for."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from trailcam.app.aws_setup import Asked, Setup, check

LOGS, SECURITY, MANAGEMENT = "111122223333", "444455556666", "123456789012"
REGION = "eu-central-1"
BUCKET = "amzn-s3-demo-trail"
ORGANIZATION = "o-exampleorgid"
TOPIC = f"arn:aws:sns:{REGION}:{LOGS}:new-objects"
KEY = f"arn:aws:kms:{REGION}:{MANAGEMENT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ELSEWHERE = f"arn:aws:iam::{SECURITY}:role/security/trailcam"
"""A role of another account than the bucket's."""
HERE = f"arn:aws:iam::{LOGS}:role/security/trailcam"
PRINCIPALS = (
    ELSEWHERE,
    f"arn:aws:iam::{SECURITY}:user/trailcam",
    f"arn:aws:iam::{SECURITY}:root",
    HERE,
    f"arn:aws:iam::{LOGS}:user/trailcam",
)


def asked(**fields: Any) -> Asked:
    """What is needed, with `fields` over it: a bucket followed from another account."""
    needed = {"bucket": BUCKET, "account": LOGS, "region": REGION, "principal": ELSEWHERE}
    return Asked(**(needed | fields))


def setup(**fields: Any) -> Setup:
    """The same, checked."""
    return check(asked(**fields))


def combinations() -> Iterator[Setup]:
    """Every way in which setups differ, with every other."""
    prefixes: tuple[tuple[str, ...], ...] = ((), ("exports/a/", "exports/b & c's/"), ("",))
    for principal, topic, key, canary, followed in product(
        PRINCIPALS, (None, TOPIC), (None, KEY), (False, True), prefixes
    ):
        yield setup(
            principal=principal,
            topic=topic,
            kms_key=key,
            canary=canary,
            prefixes=followed,
            suffix=".json" if followed else None,
            organization=None if followed else ORGANIZATION,
        )
