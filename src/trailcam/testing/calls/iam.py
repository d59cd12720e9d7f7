"""IAM: permissions that are given, and who has them."""

import json

from trailcam.model.timestamps import Micros
from trailcam.testing.call import Call
from trailcam.testing.chance import Chance
from trailcam.testing.spelling import long_date

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def attach_user_policy(user: str, policy: str) -> Call:
    """A user is given a policy."""
    return _change("AttachUserPolicy", {"userName": user, "policyArn": policy})


def attach_role_policy(role: str, policy: str) -> Call:
    """A role is given a policy."""
    return _change("AttachRolePolicy", {"roleName": role, "policyArn": policy})


def add_user_to_group(user: str, group: str) -> Call:
    """A user is put into a group."""
    return _change("AddUserToGroup", {"groupName": group, "userName": user})


def create_policy_version(policy: str, *, version: int, at: Micros) -> Call:
    """A policy is written anew, to allow everything, and takes effect at once."""
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    return _change(
        "CreatePolicyVersion",
        {"policyArn": policy, "policyDocument": json.dumps(everything), "setAsDefault": True},
        {
            "policyVersion": {
                "versionId": f"v{version}",
                "isDefaultVersion": True,
                "createDate": long_date(at),
            }
        },
    )


def create_access_key(user: str, *, at: Micros, chance: Chance) -> Call:
    """A user gets a key that lasts."""
    key = {
        "userName": user,
        "status": "Active",
        "accessKeyId": f"AKIA{chance.letters(9)}EXAMPLE",
        "createDate": long_date(at),
    }
    return _change("CreateAccessKey", {"userName": user}, {"accessKey": key})


def create_user(account: str, user: str, *, user_id: str, at: Micros) -> Call:
    """There is a new user."""
    made = {
        "path": "/",
        "userName": user,
        "userId": user_id,
        "arn": f"arn:aws:iam::{account}:user/{user}",
        "createDate": long_date(at),
    }
    return _change("CreateUser", {"userName": user}, {"user": made})


def create_role(account: str, role: str, *, role_id: str, at: Micros) -> Call:
    """There is a new role, which Identity Center's sign-ins may take."""
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )
    made = {
        "path": "/",
        "roleName": role,
        "roleId": role_id,
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "createDate": long_date(at),
    }
    return _change("CreateRole", {"roleName": role, "assumeRolePolicyDocument": trust}, {"role": made})


def read(name: str, **request: str) -> Call:
    """Something is looked up."""
    return Call(service="iam", name=name, request=request or None)


def _change(name: str, request: dict[str, object], response: dict[str, object] | None = None) -> Call:
    return Call(service="iam", name=name, reads=False, request=request, response=response)
