"""Who calls: each kind of `userIdentity`, with the address and the program that the calls come from."""

import hashlib
from dataclasses import dataclass
from typing import Any

from trailcam.model.timestamps import SECOND, Micros, to_rfc3339
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import IDENTITY_STORE, SECURITY

CLI = "aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7"
BOTO = "Boto3/1.40.44 md/Botocore#1.40.44 ua/2.1 os/linux#6.1.150 md/arch#x86_64 lang/python#3.12.11"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.13.3 (+https://www.terraform.io) aws-sdk-go-v2/1.39.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a record says of the caller."""

    account: str
    """The account whose trail gets the record."""
    identity: dict[str, Any]
    address: str
    agent: str
    console: bool = False
    """The call comes out of the console's pages."""
    service: bool = False
    """It is AWS that calls, over no connection that is told of."""

    @property
    def arn(self) -> str:
        """The ARN of the identity; a service's name where there is none."""
        return str(self.identity.get("arn") or self.identity.get("invokedBy"))


def unique_id(prefix: str, *names: str) -> str:
    """The id that IAM gives to a user (AIDA) or a role (AROA), the same for the same names."""
    digest = hashlib.sha256("/".join((prefix, *names)).encode()).hexdigest().upper()
    return f"{prefix}{digest[:10]}EXAMPLE"


def session_key(chance: Chance) -> str:
    """A temporary access key."""
    return f"ASIA{chance.letters(9)}EXAMPLE"


def root(account: str, *, began: Micros, address: str, chance: Chance) -> Caller:
    """The owner of an account, signed in to the console."""
    identity = {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": session_key(chance),
        "sessionContext": {"attributes": {"creationDate": _second(began), "mfaAuthenticated": "true"}},
    }
    return Caller(account=account, identity=identity, address=address, agent=FIREFOX, console=True)


def iam_user(account: str, name: str, *, key: str, address: str, agent: str) -> Caller:
    """An IAM user with a key that lasts."""
    identity = {
        "type": "IAMUser",
        "principalId": unique_id("AIDA", account, name),
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": key,
        "userName": name,
    }
    return Caller(account=account, identity=identity, address=address, agent=agent)


def assumed_role(
    account: str,
    role: str,
    session: str,
    *,
    began: Micros,
    chance: Chance,
    address: str,
    agent: str,
    path: str = "",
    mfa: bool = False,
    console: bool = False,
    service: str = "",
    context: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> Caller:
    """A session of a role.

    `service` is the AWS service that calls with it, `context` stands over `sessionContext`, `extra` over the
    identity.
    """
    issuer = unique_id("AROA", account, role)
    identity = {
        "type": "AssumedRole",
        "principalId": f"{issuer}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": session_key(chance),
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": issuer,
                "arn": f"arn:aws:iam::{account}:role/{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {
                "creationDate": _second(began),
                "mfaAuthenticated": "true" if mfa else "false",
            },
            **(context or {}),
        },
        **({"invokedBy": service} if service else {}),
        **(extra or {}),
    }
    return Caller(
        account=account,
        identity=identity,
        address=service or address,
        agent=service or agent,
        console=console,
        service=bool(service),
    )


def aws_service(account: str, service: str) -> Caller:
    """An AWS service that calls on its own."""
    name = f"{service}.amazonaws.com"
    identity = {"type": "AWSService", "invokedBy": name}
    return Caller(account=account, identity=identity, address=name, agent=name, service=True)


def saml_user(account: str, person: str, *, address: str, agent: str) -> Caller:
    """A person of the identity provider, before there is a session."""
    provider = f"AWSSSO_{hashlib.sha256(account.encode()).hexdigest()[:16]}_DO_NOT_DELETE"
    identity = {
        "type": "SAMLUser",
        "principalId": f"{unique_id('', account, provider)}:{person}",
        "userName": person,
        "identityProvider": provider,
    }
    return Caller(account=account, identity=identity, address=address, agent=agent)


def web_identity(account: str, provider: str, subject: str, *, address: str, agent: str) -> Caller:
    """A workload that shows the token of an outside provider."""
    identity = {
        "type": "WebIdentityUser",
        "principalId": f"arn:aws:iam::{account}:oidc-provider/{provider}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": f"arn:aws:iam::{account}:oidc-provider/{provider}",
    }
    return Caller(account=account, identity=identity, address=address, agent=agent)


def identity_center_user(person: str, *, address: str, agent: str, chance: Chance) -> Caller:
    """A person at the access portal of IAM Identity Center, which the security account runs."""
    identity = {
        "type": "IdentityCenterUser",
        "accountId": SECURITY,
        "onBehalfOf": {
            "userId": person_id(person),
            "identityStoreArn": f"arn:aws:identitystore::{SECURITY}:identitystore/{IDENTITY_STORE}",
        },
        "credentialId": chance.uuid(),
    }
    return Caller(account=SECURITY, identity=identity, address=address, agent=agent)


def outside_account(caller: Caller, account: str) -> Caller:
    """The same caller, as the trail of another account tells of it."""
    identity = {
        "type": "AWSAccount",
        "principalId": caller.identity["principalId"],
        "accountId": caller.identity["accountId"],
    }
    return Caller(account=account, identity=identity, address=caller.address, agent=caller.agent)


def person_id(person: str) -> str:
    """The id of a person in the identity store."""
    digest = hashlib.sha256(person.encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def _second(at: Micros) -> str:
    return to_rfc3339(Micros(at - at % SECOND))
