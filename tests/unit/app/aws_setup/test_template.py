"""The template holds what the script makes."""

from typing import Any

import yaml
from tests.aws_setups import HERE, LOGS, TOPIC, combinations, setup

from trailcam.app.aws_setup import Setup, policies, queues, template


def resources(made: Setup) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(template(made))["Resources"]
    return found


def properties(made: Setup, name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources(made)[name]["Properties"]
    return found


def test_queues_have_the_attributes_that_the_script_sets() -> None:
    made = setup()
    dead_letters, objects = properties(made, "DeadLetters"), properties(made, "Objects")
    assert dead_letters == {"QueueName": "trailcam-dead-letters", **queues.dead_letters(made)}
    objects["RedrivePolicy"]["deadLetterTargetArn"] = made.dead_letters_arn
    assert objects == {"QueueName": "trailcam-objects", **queues.objects(made)}


def test_policies_are_those_of_the_script() -> None:
    for made in combinations():
        assert properties(made, "ObjectsPolicy")["PolicyDocument"] == policies.queue_policy(made)
        if made.assumes:
            reader = properties(made, "Reader")
            assert reader["AssumeRolePolicyDocument"] == policies.trust_policy(made)
            (may,) = reader["Policies"]
        else:
            may = properties(made, "ReaderPolicy")
        assert may["PolicyDocument"] == policies.reading_policy(made)


def test_a_principal_of_the_account_gets_the_policy_and_no_role_is_made() -> None:
    assert "Reader" not in resources(setup(principal=HERE))
    assert properties(setup(principal=HERE), "ReaderPolicy")["Roles"] == ["trailcam"]
    assert properties(setup(principal=f"arn:aws:iam::{LOGS}:user/alice"), "ReaderPolicy")["Users"] == [
        "alice"
    ]


def test_a_topic_sends_messages_as_the_bucket_writes_them() -> None:
    assert "Subscription" not in resources(setup())
    subscription = resources(setup(topic=TOPIC))["Subscription"]
    assert subscription["DependsOn"] == "ObjectsPolicy"  # or the first messages would be refused
    assert subscription["Properties"]["RawMessageDelivery"] is True
    assert subscription["Properties"]["TopicArn"] == TOPIC
