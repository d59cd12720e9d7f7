"""Policies allow what is needed and nothing beside."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.aws_setups import (
    BUCKET,
    ELSEWHERE,
    HERE,
    KEY,
    LOGS,
    REGION,
    TOPIC,
    combinations,
    setup,
)

from trailcam.app.aws_setup import policies

QUEUE = f"arn:aws:sqs:{REGION}:{LOGS}:trailcam-objects"
DEAD_LETTERS = f"arn:aws:sqs:{REGION}:{LOGS}:trailcam-dead-letters"


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def statements(**fields: Any) -> dict[str, Any]:
    return {each["Sid"]: each for each in policies.reading_policy(setup(**fields))["Statement"]}


def allowed(**fields: Any) -> dict[str, set[str]]:
    """Actions by the resource on which they are allowed."""
    found: dict[str, set[str]] = {}
    for statement in statements(**fields).values():
        for resource in listed(statement["Resource"]):
            found.setdefault(resource, set()).update(listed(statement["Action"]))
    return found


def every_statement() -> Iterator[dict[str, Any]]:
    for each in combinations():
        documents = [policies.queue_policy(each), policies.reading_policy(each)]
        if each.assumes:
            documents += [policies.trust_policy(each), policies.assuming_policy(each)]
        for document in documents:
            assert document["Version"] == "2012-10-17"  # in the older one, variables are letters
            yield from document["Statement"]


def test_no_policy_allows_all_actions_anything_on_everything_or_anybody() -> None:
    for statement in every_statement():
        assert statement["Effect"] == "Allow"
        assert [action for action in listed(statement["Action"]) if "*" in action or "?" in action] == []
        for resource in listed(statement.get("Resource", [])):
            assert resource.startswith("arn:aws:")
            assert "*" not in resource.removesuffix("*")
            assert not resource.endswith("*") or resource.startswith(f"arn:aws:s3:::{BUCKET}/")
        principal = statement.get("Principal", {})
        assert "*" not in str(principal)


def test_who_sends_and_who_assumes_is_held_to_a_condition() -> None:
    for statement in every_statement():
        if "Principal" in statement:
            assert statement["Condition"]


def test_names_of_statements_are_letters_and_each_is_there_once() -> None:
    for each in combinations():
        names = [statement["Sid"] for statement in policies.reading_policy(each)["Statement"]]
        assert len(set(names)) == len(names)
        assert all(name.isalnum() and name.isascii() for name in names)


def test_trailcam_may_take_messages_read_and_list_below_the_prefix_and_see_how_it_is_set() -> None:
    assert allowed(prefixes=["a/"]) == {
        QUEUE: {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
        },
        DEAD_LETTERS: {"sqs:GetQueueAttributes", "sqs:GetQueueUrl"},
        f"arn:aws:s3:::{BUCKET}/a/*": {"s3:GetObject", "s3:GetObjectVersion"},
        f"arn:aws:s3:::{BUCKET}": {"s3:ListBucket", "s3:GetBucketLocation", "s3:GetBucketNotification"},
    }


def test_lists_are_of_the_prefixes_only_unless_all_is_followed() -> None:
    condition = {"StringLike": {"s3:prefix": ["a/*", "b/*"]}}
    assert statements(prefixes=["a/", "b/"])["ListObjects"]["Condition"] == condition
    assert "Condition" not in statements(prefixes=[""])["ListObjects"]


def test_what_iam_would_take_for_a_wildcard_or_a_variable_is_meant_as_it_stands() -> None:
    found = statements(prefixes=["a?/${aws:username}/"])
    assert found["ReadObjects"]["Resource"] == [f"arn:aws:s3:::{BUCKET}/a${{?}}/${{$}}{{aws:username}}/*"]
    condition = {"StringLike": {"s3:prefix": ["a${?}/${$}{aws:username}/*"]}}
    assert found["ListObjects"]["Condition"] == condition


def test_a_key_may_be_used_to_decrypt_through_s3_alone() -> None:
    statement = statements(kms_key=KEY)["DecryptObjects"]
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt"], KEY)
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": [f"s3.{REGION}.amazonaws.com"]}}
    assert KEY not in allowed()


def test_planting_needs_one_folder_and_new_data_keys_where_there_is_a_key() -> None:
    folder = f"arn:aws:s3:::{BUCKET}/a/trailcam-canary/*"
    assert allowed(prefixes=["a/"], canary=True)[folder] == {"s3:PutObject"}
    assert allowed(kms_key=KEY, canary=True)[KEY] == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert "s3:PutObject" not in set().union(*allowed(prefixes=["a/"]).values())


def test_the_bucket_sends_and_it_must_be_of_the_account() -> None:
    (statement,) = policies.queue_policy(setup())["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", QUEUE)
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
        "StringEquals": {"aws:SourceAccount": LOGS},
    }


def test_with_a_topic_it_sends_and_the_bucket_does_not() -> None:
    (statement,) = policies.queue_policy(setup(topic=TOPIC))["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPIC}}


def test_the_role_is_assumed_by_the_principal_with_the_external_id() -> None:
    made = setup(external_id="an-id")
    (statement,) = policies.trust_policy(made)["Statement"]
    assert statement["Principal"] == {"AWS": ELSEWHERE}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "an-id"}}
    (assuming,) = policies.assuming_policy(made)["Statement"]
    assert (assuming["Action"], assuming["Resource"]) == ("sts:AssumeRole", made.role_arn)


@pytest.mark.parametrize(
    ("principal", "who"), [(ELSEWHERE, f"arn:aws:iam::{LOGS}:role/trailcam-reader"), (HERE, HERE)]
)
def test_the_policy_of_the_key_names_who_decrypts(principal: str, who: str) -> None:
    statement = policies.key_statement(setup(kms_key=KEY, principal=principal))
    assert statement is not None
    assert statement["Principal"] == {"AWS": who}
    assert statement["Action"] == ["kms:Decrypt"]
    assert statement["Resource"] == "*"  # a key's own policy knows no other resource
    assert policies.key_statement(setup()) is None
