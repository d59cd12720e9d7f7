"""A CloudFormation stack or stack set was created or updated.

HIGH in a region where nothing of ours runs, INFO elsewhere. Misses resources that are made without
CloudFormation. Expect an INFO alert a day for each account.
"""

from aws_top5_words import account, actor, digest, failed, fits, principal, text, texts

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
    # Regions in which stacks may be; * stands for any text.
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
    "ImportStacksToStackSet",
}


def rule(event):
    return event.get("eventSource") == "cloudformation.amazonaws.com" and text(event, "eventName") in CALLS


def title(event):
    where = ", ".join(foreign(event) or regions(event))
    kind = "a region that is not permitted: " if foreign(event) else ""
    tried = " failed:" if failed(event) else ""
    return f"{event.get('eventName')}{tried} {stack(event)} by {actor(event)} in {kind}{where}"


def dedup(event):
    if not foreign(event):
        return f"{account(event)} permitted"
    return f"{account(event)} {principal(event)} {failed(event)} {digest(foreign(event))}"


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
    named = texts(event, "requestParameters", "regions")
    named += [
        arn.split(":")[3] for arn in texts(event, "requestParameters", "stackIds") if arn.count(":") > 4
    ]
    named = named or [text(event, "awsRegion", default="an unknown region")]
    return sorted({*named, *texts(event, "requestParameters", "operationPreferences", "regionOrder")})


def foreign(event):
    """Those of them that are not permitted."""
    return [region for region in regions(event) if not fits(region, SETTINGS["regions"])]


def stack(event):
    """The name of the stack, of the set or of the change: itself, or out of an ARN `...:stack/name/id`."""
    for name in ("stackName", "stackSetName", "changeSetName"):
        value = text(event, "requestParameters", name)
        if value.startswith("arn:") and value.count(":") > 4:
            value = value.split(":")[5].partition("/")[2].partition("/")[0]
        if value:
            return value
    return "a stack"


TESTS = [
    {
        "name": "a stack is created in a region that is not permitted",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "severity": "High",
        "title": "CreateStack example-website by Deployment/pipeline-412 in a "
        "region that is not permitted: eu-central-1",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Deployment False eu-central-1",
    },
    {
        "name": "it is tried and fails",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"errorCode": "AccessDenied"},
        "severity": "Medium",
        "title": "CreateStack failed: example-website by Deployment/pipeline-412 in "
        "a region that is not permitted: eu-central-1",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Deployment True eu-central-1",
    },
    {
        "name": "a stack is updated in a permitted region, by its ARN",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "UpdateStack",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "stackName": "arn:aws:cloudformation:us-east-1:111122223333:stack/my-test-stack/"
                "0d1e2f30-4152-11ef-9d6e-0a1b2c3d4e5f"
            },
        },
        "severity": "Info",
        "title": "UpdateStack my-test-stack by Deployment/pipeline-412 in us-east-1",
        "dedup": "111122223333 permitted",
    },
    {
        "name": "regions are permitted by a pattern, in capitals",
        "expect": True,
        "settings": {"regions": ["EU-*"]},
        "sample": "AWS.CloudTrail/create_stack",
        "severity": "Info",
        "title": "CreateStack example-website by Deployment/pipeline-412 in eu-central-1",
    },
    {
        "name": "a change is made that was planned",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "ExecuteChangeSet",
            "awsRegion": "sa-east-1",
            "requestParameters": {
                "changeSetName": "arn:aws:cloudformation:sa-east-1:111122223333:changeSet/more/0d1e2"
                "f30-4152-11ef-9d6e-0a1b2c3d4e5f"
            },
        },
        "severity": "High",
        "title": "ExecuteChangeSet more by Deployment/pipeline-412 in a region that "
        "is not permitted: sa-east-1",
    },
    {
        "name": "a stack set is created",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "CreateStackSet",
            "awsRegion": "us-east-1",
            "requestParameters": {"stackSetName": "baseline"},
        },
        "severity": "Info",
        "title": "CreateStackSet baseline by Deployment/pipeline-412 in us-east-1",
    },
    {
        "name": "a stack set reaches a region that is not permitted",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "CreateStackInstances",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "stackSetName": "arn:aws:cloudformation:us-east-1:111122223333:stackset/baseline:0d1e2f30",
                "regions": ["us-east-1", "sa-east-1"],
            },
        },
        "severity": "High",
        "title": "CreateStackInstances baseline by Deployment/pipeline-412 in a "
        "region that is not permitted: sa-east-1",
    },
    {
        "name": "instances of a set are updated",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "UpdateStackInstances",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "stackSetName": "baseline",
                "regions": ["us-west-2", "us-east-1"],
            },
        },
        "severity": "Info",
        "title": "UpdateStackInstances baseline by Deployment/pipeline-412 in us-east-1, us-west-2",
    },
    {
        "name": "a set is updated in an order of regions",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "UpdateStackSet",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "stackSetName": "baseline",
                "operationPreferences": {"regionOrder": ["eu-west-1"]},
            },
        },
        "severity": "High",
        "title": "UpdateStackSet baseline by Deployment/pipeline-412 in a region "
        "that is not permitted: eu-west-1",
    },
    {
        "name": "a set is updated from a region that is not permitted, in an order of others",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "UpdateStackSet",
            "awsRegion": "eu-west-1",
            "requestParameters": {
                "stackSetName": "baseline",
                "operationPreferences": {"regionOrder": ["us-east-1"]},
            },
        },
        "severity": "High",
    },
    {
        "name": "a set takes in stacks",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "eventName": "ImportStacksToStackSet",
            "awsRegion": "us-east-1",
            "requestParameters": {
                "stackSetName": "baseline",
                "stackIds": ["arn:aws:cloudformation:eu-west-1:111122223333:stack/old/0d1e2f30"],
            },
        },
        "severity": "High",
        "title": "ImportStacksToStackSet baseline by Deployment/pipeline-412 in a "
        "region that is not permitted: eu-west-1",
    },
    {
        "name": "a record tells neither stack nor region",
        "expect": True,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {
            "requestParameters": None,
            "awsRegion": [],
        },
        "severity": "High",
        "title": "CreateStack a stack by Deployment/pipeline-412 in a region that "
        "is not permitted: an unknown region",
    },
    {
        "name": "a stack is deleted",
        "expect": False,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventName": "DeleteStack"},
    },
    {
        "name": "stacks are only looked at",
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
    {
        "name": "a call whose name is no text",
        "expect": False,
        "sample": "AWS.CloudTrail/create_stack",
        "override": {"eventName": {"CreateStack": 1}},
    },
]
