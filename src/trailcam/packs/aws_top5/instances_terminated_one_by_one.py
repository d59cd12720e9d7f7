"""Many EC2 instances were terminated, call by call.

What `Top5.InstancesTerminated` tells of a single call, told of a quarter of an hour of one actor. Misses who
takes more time for it, and what a service does on somebody's behalf.
"""

from aws_top5_words import TERMINATING, account, actor, failed, principal, text

METADATA = {
    "id": "Top5.InstancesTerminatedOneByOne",
    "log_types": ["AWS.CloudTrail"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1578/003/",
    "reports": {
        "MITRE ATT&CK": ["TA0005:T1578.003", "TA0040:T1485"]
    },  # Delete Cloud Instance, Data Destruction
    "runbook": (
        "1. Within 10 minutes, revoke the actor's sessions and keys: it goes on while you read this.\n"
        "2. Turn on termination protection for what is left.\n"
        "3. Within the hour, start replacements from images or snapshots."
    ),
    "threshold": 5,
    "dedup_period_minutes": 15,
}


def rule(event):
    return (
        (text(event, "eventSource"), text(event, "eventName")) in TERMINATING
        and not text(event, "userIdentity", "invokedBy").endswith(".amazonaws.com")
        and not failed(event)
    )


def title(event):
    return f"{actor(event)} terminates instance after instance"


def dedup(event):
    return f"{account(event)} {principal(event)}"


TESTS = [
    {
        "name": "a call terminates instances",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "severity": "High",
        "title": "Operations/alice@example.com terminates instance after instance",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Operations",
    },
    {
        "name": "a call is made in the console",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"userIdentity.invokedBy": "AWS Internal"},
    },
    {
        "name": "an instance is taken out of its group",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "eventSource": "autoscaling.amazonaws.com",
            "eventName": "TerminateInstanceInAutoScalingGroup",
        },
    },
    {
        "name": "a fleet breathes",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"userIdentity.invokedBy": "autoscaling.amazonaws.com"},
    },
    {
        "name": "a call is refused",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"errorCode": "Client.UnauthorizedOperation"},
    },
    {
        "name": "instances are stopped",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"eventName": "StopInstances"},
    },
]
