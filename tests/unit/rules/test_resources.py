"""Resources as policies see them."""

from typing import Any

import pytest
from tests.support import make_rule

from trailcam.model.event import PantherEvent
from trailcam.rules.resources import concerns, resource


def test_a_resource_is_a_plain_dict_without_what_trailcam_puts_beside_it() -> None:
    event = PantherEvent({"A": {"b": [1, {"c": None}]}, "p_log_type": "Trailcam.Resource", "p_row_id": "1"})
    found = resource(event)
    assert found == {"A": {"b": [1, {"c": None}]}}
    assert (type(found), type(found["A"]), type(found["A"]["b"]), type(found["A"]["b"][1])) == (
        dict, dict, list, dict,
    )  # fmt: skip
    found["A"]["b"].append(2)
    assert event.to_dict()["A"] == {"b": [1, {"c": None}]}


@pytest.mark.parametrize(
    ("types", "document", "concerned"),
    [
        ((), {}, True),
        ((), {"ResourceType": "AWS.EC2.Instance"}, True),
        (("AWS.S3.Bucket",), {"ResourceType": "AWS.S3.Bucket"}, True),
        (("AWS.EC2.VPC", "AWS.S3.Bucket"), {"ResourceType": "AWS.S3.Bucket"}, True),
        (("AWS.S3.Bucket",), {"ResourceType": "AWS.EC2.Instance"}, False),
        (("AWS.S3.Bucket",), {"ResourceType": "aws.s3.bucket"}, False),
        (("AWS.S3.Bucket",), {"resourcetype": "AWS.S3.Bucket"}, False),
        (("AWS.S3.Bucket",), {}, False),
        (("AWS.S3.Bucket",), {"ResourceType": None}, False),
        (("AWS.S3.Bucket",), {"ResourceType": ["AWS.S3.Bucket"]}, False),
    ],
)
def test_a_policy_concerns_resources_of_its_types(
    types: tuple[str, ...], document: dict[str, Any], concerned: bool
) -> None:
    assert concerns(make_rule("P", "", resource_types=types), document) is concerned


@pytest.mark.parametrize(
    ("pattern", "name", "suppressed"),
    [
        ("arn:aws:s3:::logs", "arn:aws:s3:::logs", True),
        ("arn:aws:s3:::logs", "arn:aws:s3:::logs-2", False),
        ("arn:aws:s3:::logs*", "arn:aws:s3:::logs-2", True),
        ("*logs*", "arn:aws:s3:::logs-2", True),
        ("*", "", True),
        ("arn:*:s3:::*", "arn:aws:s3:::a", True),
        ("ARN:*", "arn:aws:s3:::a", False),
        ("a?c", "abc", False),
        ("a?c", "a?c", True),
        ("a[b]c", "abc", False),
        ("a[b]c", "a[b]c", True),
        ("a.c", "abc", False),
        ("*", "two\nlines", True),
        ("*", None, False),
        ("*", 5, False),
    ],
)
def test_a_policy_leaves_out_what_is_suppressed_by_its_id(pattern: str, name: Any, suppressed: bool) -> None:
    policy = make_rule("P", "", suppressions=("other", pattern))
    assert concerns(policy, {"ResourceId": name}) is not suppressed


def test_many_stars_do_not_take_for_ever() -> None:
    policy = make_rule("P", "", suppressions=("*a" * 40,))
    assert concerns(policy, {"ResourceId": "a" * 39 + "b" * 2_000})
