"""The setup as a template for CloudFormation.

Values are filled in: what a person reads is what will be there, and a policy can be reviewed word by word.
The template cannot tell an existing bucket to notify the queue; `next_steps` has that command.

Source: the schemas of these resources that cfn-lint holds, which are those of AWS; a test holds every
template against them.
"""

import textwrap
from collections.abc import Iterator
from typing import Any

from trailcam.app.aws_setup import queues
from trailcam.app.aws_setup.place import Setup
from trailcam.app.aws_setup.policies import queue_policy, reading_policy, trust_policy

FORMAT_VERSION = "2010-09-09"

_WITH_THE_STACK = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
"""A queue goes with its stack, which can be made again: what the queue told of is still in the bucket."""


def template(setup: Setup) -> str:
    """The template in YAML. It holds ASCII only, whatever the prefixes hold."""
    head = {
        "AWSTemplateFormatVersion": FORMAT_VERSION,
        "Description": f"What Trailcam needs to follow the bucket {setup.bucket}: make this stack in account "
        f"{setup.account}, region {setup.region}.",
    }
    parts = [_yaml(head), "Resources:\n"]
    for comment, name, resource in _resources(setup):
        parts += [_indented(f"# {comment}\n"), _indented(_yaml({name: resource})), "\n"]
    outputs = {
        name: {"Description": description, "Value": value} for name, description, value in _outputs(setup)
    }
    return "".join([*parts, _yaml({"Outputs": outputs})])


def _resources(setup: Setup) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What each is for, its name in the template, and itself."""
    yield (
        "Messages that were received too often, for 14 days at most.",
        "DeadLetters",
        {
            "Type": "AWS::SQS::Queue",
            **_WITH_THE_STACK,
            "Properties": {"QueueName": setup.dead_letters_name, **queues.dead_letters(setup)},
        },
    )
    objects = queues.objects(setup)
    redrive = objects["RedrivePolicy"] | {"deadLetterTargetArn": _attribute("DeadLetters", "Arn")}
    yield (
        "The queue that Trailcam reads: a message for every new object.",
        "Objects",
        {
            "Type": "AWS::SQS::Queue",
            **_WITH_THE_STACK,
            "Properties": {"QueueName": setup.queue_name, **objects, "RedrivePolicy": redrive},
        },
    )
    yield (
        f"Nobody but the {'topic' if setup.topic else 'bucket'} may send to the queue.",
        "ObjectsPolicy",
        {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Objects"}], "PolicyDocument": queue_policy(setup)},
        },
    )
    if setup.topic:
        yield (
            "The topic sends what the bucket tells it, without an envelope of its own.",
            "Subscription",
            {
                "Type": "AWS::SNS::Subscription",
                "DependsOn": "ObjectsPolicy",
                "Properties": {
                    "TopicArn": setup.topic,
                    "Protocol": "sqs",
                    "Endpoint": _attribute("Objects", "Arn"),
                    "RawMessageDelivery": True,
                },
            },
        )
    yield from _reader(setup)


def _reader(setup: Setup) -> Iterator[tuple[str, str, dict[str, Any]]]:
    may = {"PolicyName": setup.reader, "PolicyDocument": reading_policy(setup)}
    if setup.assumes:
        yield (
            "The role that Trailcam assumes, and all that it may do.",
            "Reader",
            {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": setup.reader,
                    "AssumeRolePolicyDocument": trust_policy(setup),
                    "Policies": [may],
                },
            },
        )
        return
    holders = "Roles" if setup.principal.kind == "role" else "Users"
    yield (
        "All that Trailcam may do, given to who runs it.",
        "ReaderPolicy",
        {"Type": "AWS::IAM::Policy", "Properties": {**may, holders: [setup.principal.name]}},
    )


def _outputs(setup: Setup) -> Iterator[tuple[str, str, Any]]:
    yield "QueueUrl", "queue of [sources.NAME] in trailcam.toml", {"Ref": "Objects"}
    yield "QueueArn", "where the bucket's notifications go", _attribute("Objects", "Arn")
    yield "DeadLettersUrl", "the queue of messages that were received too often", {"Ref": "DeadLetters"}
    if setup.assumes:
        yield "RoleArn", "role_arn of [sources.NAME] in trailcam.toml", _attribute("Reader", "Arn")


def _attribute(name: str, attribute: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def _yaml(value: Any) -> str:
    """YAML in which every text is read as that text, by readers of YAML 1.1, too."""
    import yaml  # noqa: PLC0415  # only when it is used

    return str(yaml.safe_dump(value, sort_keys=False, width=10_000, allow_unicode=False))


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
