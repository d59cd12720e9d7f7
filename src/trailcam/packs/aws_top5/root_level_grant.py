"""Somebody other than root was given, or made, permissions that reach everything.

Sees managed policies by name, inline policies and new versions by what they say, groups by name, permission
sets of IAM Identity Center by their policies; and, as MEDIUM, limits taken away and what may be such a grant.
Misses policies that reach everything by many small steps, roles that trust too many, and members and
assignments of Identity Center, of which CloudTrail tells ids only. Expect noise when accounts are set up by a
role and not by root.
"""

from aws_top5_policies import reaches_everything, statements
from aws_top5_words import account, actor, failed, fits, principal, text

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
    "groups": ["Admin", "Admins", "Administrators"],
}

ATTACHING = {
    "AttachUserPolicy",
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachManagedPolicyToPermissionSet",
    "AttachCustomerManagedPolicyReferenceToPermissionSet",
}
MAKING = {"CreatePolicy", "CreatePolicyVersion"}
WRITING = MAKING | {"PutUserPolicy", "PutGroupPolicy", "PutRolePolicy", "PutInlinePolicyToPermissionSet"}
LIMITING = {
    "PutUserPermissionsBoundary",
    "PutRolePermissionsBoundary",
    "PutPermissionsBoundaryToPermissionSet",
}
FREEING = {
    "DeleteUserPermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "DeletePermissionsBoundaryFromPermissionSet",
}
GRANTING = ATTACHING | WRITING | LIMITING | {"AddUserToGroup", "SetDefaultPolicyVersion"}


def rule(event):
    if event.get("eventSource") not in ("iam.amazonaws.com", "sso.amazonaws.com"):
        return False
    return event.deep_get("userIdentity", "type") != "Root" and deed(event) is not None


def title(event):
    verb, past, what, _ = deed(event)
    return f"{actor(event)} {f'tried to {verb}' if failed(event) else past} {what}"


def dedup(event):
    *_, certain = deed(event)
    kind = "failed" if failed(event) else "certain" if certain else "possible"
    return f"{account(event)} {principal(event)} {subject(event)} {kind}"


def severity(event):
    *_, certain = deed(event)
    if failed(event):
        return "MEDIUM" if certain else "LOW"
    return "DEFAULT" if certain else "MEDIUM"


def alert_context(event):
    return {
        "call": event.get("eventName"),
        "grant": deed(event)[2],
        "subject": subject(event),
        "actor": event.deep_get("userIdentity", "arn"),
        "address": event.get("sourceIPAddress"),
        "error": event.get("errorCode"),
    }


def deed(event):
    """What was done, as (verb, its past, the rest, whether it surely reaches everything); else None."""
    call = text(event, "eventName")
    if call in GRANTING and not event.get("requestParameters"):  # as of most calls that are refused
        return "grant", "granted", f"what CloudTrail does not tell: {call}", False
    if call in FREEING:
        return "free", "freed", f"{subject(event)} from its boundary", False
    if call == "SetDefaultPolicyVersion":
        return "put", "put", f"another version of the policy {subject(event)} in force", False
    what, certain = grant(event, call)
    if not what:
        return None
    if call in MAKING:
        return "make", "made", f"{subject(event)} {what}", certain
    if subject(event) == actor(event):
        return "take", "took", what, certain
    return "give", "gave", f"{subject(event)} {what}", certain


def grant(event, call):
    """(What reaches everything, whether surely); the first is empty where nothing does."""
    written = document(event) if call in WRITING else []
    if written:
        reaching = [each for each in written if reaches_everything(each)]
        certain = any(not each.get("condition") for each in reaching)
        under = "" if certain else " under a condition"
        return (f"a policy that reaches everything{under}", certain) if reaching else ("", False)
    for name in policies(event, call):
        if fits(name, SETTINGS["policies"]):
            return f"the {'boundary' if call in LIMITING else 'policy'} {name}", True
    group = text(event, "requestParameters", "groupName")
    if call == "AddUserToGroup" and fits(group, SETTINGS["groups"]):
        return f"a place in the group {group}", True
    return "", False


def policies(event, call):
    """The names of the policies that a call puts on somebody."""
    if not call or call.startswith(("Get", "List", "Detach", "Delete", "Remove", "Simulate")):
        return []
    asked = "requestParameters"
    names = [text(event, asked, "policyName"), text(event, asked, "customerManagedPolicyReference", "name")]
    if call in ATTACHING:
        names += [text(event, asked, "policyArn"), text(event, asked, "managedPolicyArn")]
    if call in LIMITING:
        names += [text(event, asked, "permissionsBoundary")]
        names += [text(event, asked, "permissionsBoundary", "managedPolicyArn")]
    return [name.rpartition("/")[2] for name in names]


def document(event):
    """The statements of the policy in a request; none where there is no such, or it cannot be read."""
    asked = event.get("requestParameters")
    return (
        statements(asked.get("policyDocument") or asked.get("inlinePolicy")) if hasattr(asked, "get") else []
    )


def subject(event):
    """Who or what was granted it: user, group, role or permission set; else the policy itself."""
    for name in ("userName", "roleName", "groupName", "permissionSetArn", "policyName", "policyArn"):
        value = text(event, "requestParameters", name)
        if value:
            return value.rpartition("/")[2]
    return "somebody"


TESTS = [
    {
        "name": "AdministratorAccess is attached to a user",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "severity": "High",
        "title": "alice gave backup-agent the policy AdministratorAccess",
        "dedup": "111122223333 arn:aws:iam::111122223333:user/alice backup-agent certain",
    },
    {
        "name": "attaching it is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"errorCode": "AccessDenied"},
        "severity": "Medium",
        "title": "alice tried to give backup-agent the policy AdministratorAccess",
        "dedup": "111122223333 arn:aws:iam::111122223333:user/alice backup-agent failed",
    },
    {
        "name": "a user takes it",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"requestParameters.userName": "alice"},
        "title": "alice took the policy AdministratorAccess",
    },
    {
        "name": "a user tries to take it",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "requestParameters.userName": "alice",
            "errorCode": "AccessDenied",
        },
        "title": "alice tried to take the policy AdministratorAccess",
    },
    {
        "name": "it is attached to a group, in another partition",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AttachGroupPolicy",
            "requestParameters": {
                "groupName": "readers",
                "policyArn": "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",
            },
        },
        "title": "alice gave readers the policy AdministratorAccess",
    },
    {
        "name": "all of IAM is attached to a role",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AttachRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyArn": "arn:aws:iam::aws:policy/IAMFullAccess",
            },
        },
        "severity": "High",
        "title": "alice gave Reader the policy IAMFullAccess",
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
        "severity": "High",
        "title": "alice gave Reader a policy that reaches everything",
    },
    {
        "name": "a user gets all of IAM, in words with wildcards",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "x",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "IAM:?*", "Resource": "arn:aws:iam::*:*"}]}',
            },
        },
        "severity": "High",
        "title": "alice gave backup-agent a policy that reaches everything",
    },
    {
        "name": "a group gets everything but one action, on everything but one resource",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutGroupPolicy",
            "requestParameters": {
                "groupName": "readers",
                "policyName": "x",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"NotAction": "s3:DeleteBucket", "NotResource": "arn:aws:s3:::x"}]}',
            },
        },
        "severity": "High",
        "title": "alice gave readers a policy that reaches everything",
    },
    {
        "name": "a role gets everything under a condition",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "*", "Resource": "*", "Condition": {"Bool": '
                '{"aws:SecureTransport": "true"}}}]}',
            },
        },
        "severity": "Medium",
        "title": "alice gave Reader a policy that reaches everything under a condition",
    },
    {
        "name": "a policy is created that allows everything, as an object with keys in small letters",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "CreatePolicy",
            "requestParameters": {
                "policyName": "reports",
                "policyDocument": {
                    "statement": {
                        "effect": "Allow",
                        "action": "*:*",
                        "resource": ["arn:*"],
                    }
                },
            },
        },
        "severity": "High",
        "title": "alice made reports a policy that reaches everything",
    },
    {
        "name": "a policy gets a version that allows everything, its text quoted as in a URL",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "CreatePolicyVersion",
            "requestParameters": {
                "policyArn": "arn:aws:iam::111122223333:policy/reports",
                "policyDocument": "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%"
                "22%3A%22*%3A*%22%2C%22Resource%22%3A%5B%22*%22%5D%7D%5D%7D",
            },
        },
        "severity": "High",
        "title": "alice made reports a policy that reaches everything",
    },
    {
        "name": "making such a policy is tried",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "CreatePolicy",
            "requestParameters": {
                "policyName": "reports",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "*", "Resource": "*"}]}',
            },
            "errorCode": "LimitExceeded",
        },
        "severity": "Medium",
        "title": "alice tried to make reports a policy that reaches everything",
    },
    {
        "name": "a permission set tries to get a policy that is not told",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventSource": "sso.amazonaws.com",
            "eventName": "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "requestParameters": None,
            "errorCode": "AccessDenied",
        },
        "severity": "Low",
    },
    {
        "name": "putting another version in force is tried",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "SetDefaultPolicyVersion",
            "requestParameters": {
                "policyArn": "arn:aws:iam::111122223333:policy/reports",
                "versionId": "v2",
            },
            "errorCode": "AccessDenied",
        },
        "severity": "Low",
        "title": "alice tried to put another version of the policy reports in force",
    },
    {
        "name": "taking a boundary away is tried",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "DeleteUserPermissionsBoundary",
            "requestParameters": {"userName": "alice"},
            "errorCode": "AccessDenied",
        },
        "severity": "Low",
        "title": "alice tried to free alice from its boundary",
    },
    {
        "name": "a boundary that bounds nothing is put on a role",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePermissionsBoundary",
            "requestParameters": {
                "roleName": "Reader",
                "permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
        },
        "title": "alice gave Reader the boundary AdministratorAccess",
    },
    {
        "name": "joining a group is refused, and which is not told",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AddUserToGroup",
            "requestParameters": None,
            "errorCode": "AccessDenied",
        },
        "severity": "Low",
    },
    {
        "name": "another version of a policy is put in force",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "SetDefaultPolicyVersion",
            "requestParameters": {
                "policyArn": "arn:aws:iam::111122223333:policy/reports",
                "versionId": "v2",
            },
        },
        "severity": "Medium",
        "title": "alice put another version of the policy reports in force",
    },
    {
        "name": "a user joins the administrators",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AddUserToGroup",
            "requestParameters": {
                "userName": "backup-agent",
                "groupName": "administrators",
            },
        },
        "severity": "High",
        "title": "alice gave backup-agent a place in the group administrators",
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
        "title": "alice gave ps-EXAMPLE the policy AdministratorAccess",
    },
    {
        "name": "a permission set gets a policy of the account, by its name",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventSource": "sso.amazonaws.com",
            "eventName": "AttachCustomerManagedPolicyReferenceToPermissionSet",
            "requestParameters": {
                "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-EXAMPLE/ps-EXAMPLE",
                "customerManagedPolicyReference": {
                    "name": "AdministratorAccess",
                    "path": "/",
                },
            },
        },
        "title": "alice gave ps-EXAMPLE the policy AdministratorAccess",
    },
    {
        "name": "a permission set gets an inline policy that allows everything",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventSource": "sso.amazonaws.com",
            "eventName": "PutInlinePolicyToPermissionSet",
            "requestParameters": {
                "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-EXAMPLE/ps-EXAMPLE",
                "inlinePolicy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "*", "Resource": "*"}]}',
            },
        },
        "title": "alice gave ps-EXAMPLE a policy that reaches everything",
    },
    {
        "name": "a boundary that bounds nothing is put on a user",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPermissionsBoundary",
            "requestParameters": {
                "userName": "backup-agent",
                "permissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
            },
        },
        "severity": "High",
        "title": "alice gave backup-agent the boundary AdministratorAccess",
    },
    {
        "name": "a boundary that bounds nothing is put on a permission set",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventSource": "sso.amazonaws.com",
            "eventName": "PutPermissionsBoundaryToPermissionSet",
            "requestParameters": {
                "permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-EXAMPLE/ps-EXAMPLE",
                "permissionsBoundary": {"managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            },
        },
        "title": "alice gave ps-EXAMPLE the boundary AdministratorAccess",
    },
    {
        "name": "the boundary of a role is taken away",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "DeleteRolePermissionsBoundary",
            "requestParameters": {"roleName": "Reader"},
        },
        "severity": "Medium",
        "title": "alice freed Reader from its boundary",
    },
    {
        "name": "a user is created with a policy that is named as one that reaches everything",
        "expect": True,
        "settings": {"policies": ["GodGroup*"]},
        "sample": "AWS.CloudTrail/create_user",
        "override": {
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "GodGroup1",
            }
        },
        "severity": "High",
    },
    {
        "name": "a grant is refused, and what it asked for is not told",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "errorCode": "AccessDenied",
            "requestParameters": None,
        },
        "severity": "Low",
        "title": "alice tried to grant what CloudTrail does not tell: AttachUserPolicy",
    },
    {
        "name": "a grant is made, and what it was is not told",
        "expect": True,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"requestParameters": None},
        "severity": "Medium",
        "title": "alice granted what CloudTrail does not tell: AttachUserPolicy",
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
        "name": "an inline policy of such a name is deleted",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "DeleteUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "AdministratorAccess",
            },
        },
    },
    {
        "name": "an inline policy of such a name is read",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "GetUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "AdministratorAccess",
            },
        },
    },
    {
        "name": "a policy without everything in it has such a name",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "AdministratorAccess",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "s3:Get*", "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "the policy is taken away",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"eventName": "DetachUserPolicy"},
    },
    {
        "name": "a user joins the readers",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "AddUserToGroup",
            "requestParameters": {
                "userName": "backup-agent",
                "groupName": "readers",
            },
        },
    },
    {
        "name": "everything is denied, under a name that says otherwise",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "AdministratorAccess",
                "policyDocument": '{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "everything is allowed in one bucket",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "*", "Resource": ["arn:aws:s3:::example", '
                '"arn:aws:s3:::example/*"]}]}',
            },
        },
    },
    {
        "name": "everything is allowed on all users of a path",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "*", "Resource": "arn:aws:iam::*:user/guests/*"}]}',
            },
        },
    },
    {
        "name": "everything of another service is allowed",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": "s3:*", "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "everything is allowed on nothing",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": "*"}]}',
            },
        },
    },
    {
        "name": "some calls of IAM are allowed",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"Action": ["iam:Get*", "iam:Put*", "iam:Attach*"], "Resource": '
                '"*"}]}',
            },
        },
    },
    {
        "name": "everything but IAM is allowed",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutRolePolicy",
            "requestParameters": {
                "roleName": "Reader",
                "policyName": "more",
                "policyDocument": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                '"NotAction": ["iam:*", "organizations:*"], "Resource": "*"}]}',
            },
        },
    },
    {
        "name": "another service has a call of the same name",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {"eventSource": "example.amazonaws.com"},
    },
    {
        "name": "a policy that is no JSON is put",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "x",
                "policyDocument": "[1",
            },
        },
    },
    {
        "name": "a policy of other things than policies is put",
        "expect": False,
        "sample": "AWS.CloudTrail/attach_user_policy",
        "override": {
            "eventName": "PutUserPolicy",
            "requestParameters": {
                "userName": "backup-agent",
                "policyName": "x",
                "policyDocument": '{"Statement": [5, {"Effect": "Allow", "Action": 5, "Resource": '
                "[null]}, []]}",
            },
        },
    },
]
