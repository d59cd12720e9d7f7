"""A CloudFormation stack or stack set was created or updated.

HIGH in a region where nothing of ours runs, INFO elsewhere. Misses resources that are made without
CloudFormation. Expect an INFO alert a day for each account.
"""

from aws_top5_words import account, actor, failed, principal, texts

METADATA = {
    "id": "Top5.StackChanged",
    "log_types": ["AWS.CloudTrail"],
    "severity": "Info",
    "reference": "https://attack.mitre.org/techniques/T1535/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1535"]},  # Unused/Unsupported Cloud Regions
    "runbook": (
        "1. In a region that is not permitted: ask the actor within 15 minutes whether it was meant.\n"
        "2. If not: revoke the actor's sessions and keys, then delete the stack with what it made.\n"
        "3. Within the hour, look for instances, functions and keys in that region that no stack names.\n"
        "4. In a permitted region: nothing, unless the actor is a person and not the pipeline."
    ),
    "dedup_period_minutes": 1440,
}

SETTINGS = {
    # Regions in which stacks may be.
    "regions": ["us-east-1", "us-east-2", "us-west-1", "us-west-2"],
}

CALLS = {
    "CreateStack",
    "UpdateStack",
    "ExecuteChangeSet",
    "CreateStackSet",
    "UpdateStackSet",
    "CreateStackInstances",
    "UpdateStackInstances",
}


def rule(event):
    return event.get("eventSource") == "cloudformation.amazonaws.com" and event.get("eventName") in CALLS


def title(event):
    where = ", ".join(foreign(event) or regions(event))
    kind = "a region that is not permitted: " if foreign(event) else ""
    tried = " failed:" if failed(event) else ""
    return f"{event.get('eventName')}{tried} {stack(event)} by {actor(event)} in {kind}{where}"


def dedup(event):
    if not foreign(event):
        return f"{account(event)} permitted"
    return f"{account(event)} {principal(event)} {','.join(foreign(event))}"


def severity(event):
    if not foreign(event):
        return "INFO"
    return "MEDIUM" if failed(event) else "HIGH"


def alert_context(event):
    return {
        "stack": stack(event),
        "regions": regions(event),
        "template": event.deep_get("requestParameters", "templateURL"),
        "actor": event.deep_get("userIdentity", "arn"),
        "address": event.get("sourceIPAddress"),
        "error": event.get("errorCode"),
    }


def regions(event):
    """Where the stack is, or where the stacks of a set are to be."""
    return sorted(texts(event, "requestParameters", "regions")) or [str(event.get("awsRegion"))]


def foreign(event):
    """Those of them that are not permitted."""
    return [region for region in regions(event) if region not in SETTINGS["regions"]]


def stack(event):
    """The name of the stack, of the set or of the change."""
    for name in ("stackName", "stackSetName", "changeSetName"):
        value = event.deep_get("requestParameters", name)
        if isinstance(value, str) and value:
            return value.rpartition("stack/")[2].partition("/")[0] if value.startswith("arn:") else value
    return "a stack"


TESTS = [
    {
        "name": "a stack is created in a region that is not permitted",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
    },
    {
        "name": "a stack is updated in a permitted region",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventName": "UpdateStack", "awsRegion": "us-east-1"},
    },
    {
        "name": "a stack set reaches a region that is not permitted",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "CreateStackInstances",
            "awsRegion": "us-east-1",
            "requestParameters": {"stackSetName": "baseline", "regions": ["us-east-1", "sa-east-1"]},
        },
    },
    {
        "name": "a stack is deleted",
        "expect": False,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventName": "DeleteStack"},
    },
    {
        "name": "a change is only looked at",
        "expect": False,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventName": "DescribeStacks"},
    },
    {
        "name": "another service has a call of the same name",
        "expect": False,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventSource": "opsworks.amazonaws.com"},
    },
]
