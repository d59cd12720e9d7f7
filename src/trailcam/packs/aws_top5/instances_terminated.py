"""EC2 instances were terminated.

One call for many instances, or for one that is crucial, weighs more. Misses instances that end from within,
and those of a fleet or a group that is taken away whole. Expect noise where fleets breathe: what the services
named in `quiet_services` do is left out, unless the instance is crucial.
"""

from aws_top5_words import TERMINATING, account, actor, digest, failed, fits, principal, text, texts

METADATA = {
    "id": "Top5.InstancesTerminated",
    "log_types": ["AWS.CloudTrail"],
    "severity": "Medium",
    "reference": "https://attack.mitre.org/techniques/T1578/003/",
    "reports": {
        "MITRE ATT&CK": ["TA0005:T1578.003", "TA0040:T1485"]
    },  # Delete Cloud Instance, Data Destruction
    "runbook": (
        "1. Within 10 minutes, ask the actor, over another channel, whether it was meant.\n"
        "2. If not: revoke the actor's sessions and keys, and turn termination protection on for the rest.\n"
        "3. Within the hour, start replacements from images or snapshots; keep what volumes are left.\n"
        "4. List what the same actor and address did in the day before."
    ),
}

SETTINGS = {
    # Instances that must not be missed, by id; * stands for any text.
    "crucial": [],
    # So many in one call are many.
    "many": 5,
    # Services that terminate instances every day.
    "quiet_services": ["autoscaling.amazonaws.com", "spotfleet.amazonaws.com", "ec2fleet.amazonaws.com"],
}


def rule(event):
    if (text(event, "eventSource"), text(event, "eventName")) not in TERMINATING:
        return False
    return bool(crucial(event)) or text(event, "userIdentity", "invokedBy") not in SETTINGS["quiet_services"]


def title(event):
    ids = instances(event)
    named = ids[0] if len(ids) == 1 else f"{len(ids)} instances" if ids else "instances"
    what = f"crucial {', '.join(crucial(event))}" if crucial(event) else named
    tried = "tried to terminate" if failed(event) else "terminated"
    return f"{actor(event)} {tried} {what} in {text(event, 'awsRegion', default='some region')}"


def dedup(event):
    return f"{account(event)} {principal(event)} {severity(event)} {digest(sorted(crucial(event)))}"


def severity(event):
    if failed(event):
        return "LOW"
    if crucial(event):
        return "CRITICAL"
    return "HIGH" if len(instances(event)) >= SETTINGS["many"] else "DEFAULT"


def alert_context(event):
    return {
        "instances": instances(event),
        "crucial": crucial(event),
        "actor": event.deep_get("userIdentity", "arn"),
        "address": event.get("sourceIPAddress"),
        "error": event.get("errorCode"),
    }


def instances(event):
    """The ids of the instances, in the order of the request."""
    one = texts(event, "requestParameters", "instanceId")
    return one or texts(event, "requestParameters", "instancesSet", "items", "instanceId")


def crucial(event):
    """Those of them that must not be missed."""
    return [name for name in instances(event) if fits(name, SETTINGS["crucial"])]


TESTS = [
    {
        "name": "two instances are terminated",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "severity": "Medium",
        "title": "Operations/alice@example.com terminated 2 instances in us-west-2",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Operations DEFAULT ",
    },
    {
        "name": "one instance is terminated",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"requestParameters.instancesSet.items": [{"instanceId": "i-00000000000000000"}]},
        "severity": "Medium",
        "title": "Operations/alice@example.com terminated i-00000000000000000 in us-west-2",
    },
    {
        "name": "a crucial one is among them",
        "expect": True,
        "settings": {"crucial": ["i-0ff6ee7dd8cc9bb00"]},
        "sample": "AWS.CloudTrail/terminate_instances",
        "severity": "Critical",
        "title": "Operations/alice@example.com terminated crucial i-0ff6ee7dd8cc9bb00 in us-west-2",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Operations "
        "CRITICAL i-0ff6ee7dd8cc9bb00",
    },
    {
        "name": "five instances are many",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "requestParameters.instancesSet.items": [
                {"instanceId": "i-00000000000000000"},
                {"instanceId": "i-00000000000000001"},
                {"instanceId": "i-00000000000000002"},
                {"instanceId": "i-00000000000000003"},
                {"instanceId": "i-00000000000000004"},
            ]
        },
        "severity": "High",
        "title": "Operations/alice@example.com terminated 5 instances in us-west-2",
        "dedup": "111122223333 arn:aws:sts::111122223333:assumed-role/Operations HIGH ",
    },
    {
        "name": "four are not",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "requestParameters.instancesSet.items": [
                {"instanceId": "i-00000000000000000"},
                {"instanceId": "i-00000000000000001"},
                {"instanceId": "i-00000000000000002"},
                {"instanceId": "i-00000000000000003"},
            ]
        },
        "severity": "Medium",
    },
    {
        "name": "so many that it is many where it is set so",
        "expect": True,
        "settings": {"many": 2},
        "sample": "AWS.CloudTrail/terminate_instances",
        "severity": "High",
    },
    {
        "name": "a fleet takes a crucial one down",
        "expect": True,
        "settings": {"crucial": ["i-0aa1*"]},
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"userIdentity.invokedBy": "autoscaling.amazonaws.com"},
        "severity": "Critical",
        "title": "Operations/alice@example.com terminated crucial i-0aa1bb2cc3dd4ee55 in us-west-2",
    },
    {
        "name": "an instance is taken out of its group",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "eventSource": "autoscaling.amazonaws.com",
            "eventName": "TerminateInstanceInAutoScalingGroup",
            "requestParameters": {
                "instanceId": "i-0aa1bb2cc3dd4ee55",
                "shouldDecrementDesiredCapacity": True,
            },
        },
        "severity": "Medium",
        "title": "Operations/alice@example.com terminated i-0aa1bb2cc3dd4ee55 in us-west-2",
    },
    {
        "name": "terminating is tried and refused, even of a crucial one",
        "expect": True,
        "settings": {"crucial": ["*"]},
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "errorCode": "Client.UnauthorizedOperation",
            "responseElements": None,
        },
        "severity": "Low",
        "title": "Operations/alice@example.com tried to terminate crucial "
        "i-0aa1bb2cc3dd4ee55, i-0ff6ee7dd8cc9bb00 in us-west-2",
    },
    {
        "name": "which instances it was is not told, nor where",
        "expect": True,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "requestParameters": None,
            "awsRegion": None,
        },
        "severity": "Medium",
        "title": "Operations/alice@example.com terminated instances in some region",
    },
    {
        "name": "a fleet breathes",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"userIdentity.invokedBy": "autoscaling.amazonaws.com"},
    },
    {
        "name": "instances are stopped",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"eventName": "StopInstances"},
    },
    {
        "name": "connections are terminated",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"eventName": "TerminateClientVpnConnections"},
    },
    {
        "name": "another service terminates something of its own",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {
            "eventSource": "elasticbeanstalk.amazonaws.com",
            "eventName": "TerminateEnvironment",
        },
    },
    {
        "name": "a call whose name is no text",
        "expect": False,
        "sample": "AWS.CloudTrail/terminate_instances",
        "override": {"eventName": ["TerminateInstances"]},
    },
]
