"""Somebody other than root was given, or made, permissions that reach everything.

Sees managed policies by name, inline policies and new versions by what they say, groups by name, and
permission sets of IAM Identity Center. Misses policies that reach everything by many small steps, and roles
that trust too many. Expect noise when accounts are set up by a role and not by root.
"""

import json
from urllib.parse import unquote

from aws_top5_words import actor, failed, fits, principal

METADATA = {
    "id": "Top5.RootLevelGrant",
    "log_types": ["AWS.CloudTrail"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1098/003/",
    "reports": {
        "MITRE ATT&CK": ["TA0003:T1098.003", "TA0004:T1078.004"]
    },  # Additional Cloud Roles, Cloud Accounts
    "runbook": (
        "1. Within 15 minutes, ask the actor, and whoever answers for IAM, whether the grant was agreed on.\n"
        "2. If not: take the grant back, then disable keys and sessions of the actor and of the granted.\n"
        "3. Within the hour, list what both have done since, and what else they have granted or created.\n"
        "4. If it was agreed on: note by whom, and until when."
    ),
}

SETTINGS = {
    # Policies that reach everything, by name, as managed policies or in the request; * stands for any text.
    "policies": ["AdministratorAccess", "IAMFullAccess"],
    # Groups whose members reach everything.
    "groups": ["Admin", "Admins", "Administrators", "admin", "admins", "administrators"],
}

ATTACHING = {
    "AttachUserPolicy",
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachManagedPolicyToPermissionSet",
}
WRITING = {
    "PutUserPolicy",
    "PutGroupPolicy",
    "PutRolePolicy",
    "PutInlinePolicyToPermissionSet",
    "CreatePolicy",
    "CreatePolicyVersion",
}


def rule(event):
    if event.get("eventSource") not in ("iam.amazonaws.com", "sso.amazonaws.com"):
        return False
    if event.deep_get("userIdentity", "type") == "Root":
        return False
    return hidden(event) or grant(event) != ""


def title(event):
    if hidden(event):
        return f"{actor(event)} tried to grant something and was refused: {event.get('eventName')}"
    if event.get("eventName") in ("CreatePolicy", "CreatePolicyVersion"):
        tried = "tried to make" if failed(event) else "made"
        return f"{actor(event)} {tried} {subject(event)} {grant(event)}"
    if subject(event) == actor(event):
        return f"{actor(event)} {'tried to take' if failed(event) else 'took'} {grant(event)}"
    tried = "tried to give" if failed(event) else "gave"
    return f"{actor(event)} {tried} {subject(event)} {grant(event)}"


def dedup(event):
    return f"{event.get('recipientAccountId')} {principal(event)} {subject(event)} {failed(event)}"


def severity(event):
    if hidden(event):
        return "LOW"
    return "MEDIUM" if failed(event) else "DEFAULT"


def alert_context(event):
    return {
        "call": event.get("eventName"),
        "grant": grant(event),
        "subject": subject(event),
        "actor": event.deep_get("userIdentity", "arn"),
        "address": event.get("sourceIPAddress"),
        "error": event.get("errorCode"),
    }


def hidden(event):
    """Whether a call that grants was refused, and CloudTrail does not tell what it asked for."""
    granting = {*ATTACHING, *WRITING, "AddUserToGroup"}
    return failed(event) and event.get("eventName") in granting and not event.get("requestParameters")


def grant(event):
    """What reaches everything, in words; empty when the call grants no such thing."""
    name, call = parameter(event, "policyName"), event.get("eventName")
    if not _changes(call):
        return ""
    if fits(name, SETTINGS["policies"]):
        return f"the policy {name}"
    arn = parameter(event, "policyArn") or parameter(event, "managedPolicyArn")
    name = arn.rpartition("/")[2]
    if call in ATTACHING and fits(name, SETTINGS["policies"]):
        return f"the policy {name}"
    if call == "AddUserToGroup" and fits(parameter(event, "groupName"), SETTINGS["groups"]):
        return f"a place in the group {parameter(event, 'groupName')}"
    if call in WRITING and allows_everything(
        parameter(event, "policyDocument") or parameter(event, "inlinePolicy")
    ):
        return "a policy that allows everything"
    return ""


def subject(event):
    """Who or what was granted it: user, group, role or permission set; else the policy itself."""
    for name in ("userName", "roleName", "groupName", "permissionSetArn", "policyName", "policyArn"):
        value = parameter(event, name)
        if value:
            return value.rpartition("/")[2]
    return "somebody"


def parameter(event, name):
    """A parameter of the request; empty where there is none."""
    value = event.deep_get("requestParameters", name)
    return value if isinstance(value, str) else ""


def allows_everything(document):
    """Whether a policy has a statement that allows every action on every resource, under no condition."""
    try:
        policy = json.loads(document if document.lstrip().startswith("{") else unquote(document))
        statements = _listed(policy.get("Statement"))
    except (ValueError, AttributeError):
        return False
    return any(
        isinstance(statement, dict)
        and statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and {"*", "*:*"} & set(map(str, _listed(statement.get("Action"))))
        and "*" in _listed(statement.get("Resource"))
        for statement in statements
    )


def _listed(value):
    return value if isinstance(value, list) else [value]


def _changes(call):
    return isinstance(call, str) and not call.startswith(
        ("Get", "List", "Detach", "Delete", "Remove", "Simulate")
    )


TESTS = [
    {
        "name": "AdministratorAccess is attached to a user",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
    },
    {
        "name": "attaching it is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"errorCode": "AccessDenied"},
    },
    {
        "name": "a role gets an inline policy that allows everything",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": ["s3:Get*", "*"], "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "a policy gets a version that allows everything, its text quoted as in a URL",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "CreatePolicyVersion",
            "requestParameters": {
                "policyArn": "arn:aws:iam::111122223333:policy/reports",
                "policyDocument": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C"
                "%22Action%22%3A%22*%3A*%22%2C%22Resource%22%3A%5B%22*%22%5D%7D%5D%7D",
                "setAsDefault": True,
            },
        },
    },
    {
        "name": "a user joins the administrators",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AddUserToGroup",
            "requestParameters": {"userName": "backup-agent", "groupName": "Administrators"},
        },
    },
    {
        "name": "a permission set gets AdministratorAccess",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventSource": "sso.amazonaws.com",
            "eventName": "AttachManagedPolicyToPermissionSet",
            "requestParameters": {
                "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-EXAMPLE/ps-EXAMPLE",
                "managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
        },
    },
    {
        "name": "a user is created with a policy that is named as one that reaches everything",
        "expect": True,
        "settings": {"policies": ["GodGroup*"]},
        "sample": "AWS.CloudTrail/create_user",
        "override": {"requestParameters": {"userName": "backup-agent", "policyName": "GodGroup1"}},
    },
    {
        "name": "a grant is refused, and what it asked for is not told",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"errorCode": "AccessDenied", "requestParameters": None},
    },
    {
        "name": "root sets an account up",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"userIdentity.type": "Root"},
    },
    {
        "name": "a policy that begins with the same word is attached",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"requestParameters.policyArn": "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"},
    },
    {
        "name": "the policy is taken away",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"eventName": "DetachUserPolicy"},
    },
    {
        "name": "everything is denied",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "locked",
                "policyDocument": '{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "a policy that is no JSON is put",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {"userName": "backup-agent", "policyName": "x", "policyDocument": "[1"},
        },
    },
]
