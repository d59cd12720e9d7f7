"""STS: sessions of roles."""

from typing import Any

from trailcam.model.timestamps import SECOND, Micros
from trailcam.testing.call import Call
from trailcam.testing.caller import Caller
from trailcam.testing.spelling import long_date

_HOUR_SECONDS = 3_600


def assume_role(session: Caller, *, at: Micros, shared_id: str = "") -> Call:
    """Somebody takes the role that this session is of."""
    return Call(
        service="sts",
        name="AssumeRole",
        request={
            "roleArn": _role(session),
            "roleSessionName": _session_name(session),
            "durationSeconds": _HOUR_SECONDS,
        },
        response=_answer(session, at),
        resources=_resources(session),
        shared_id=shared_id,
    )


def assume_role_with_saml(session: Caller, *, at: Micros, provider: str) -> Call:
    """A person of the identity provider takes a role."""
    principal = f"arn:aws:iam::{session.account}:saml-provider/{provider}"
    return Call(
        service="sts",
        name="AssumeRoleWithSAML",
        request={
            "sAMLAssertionID": f"_{_session_name(session)}-assertion",
            "roleSessionName": _session_name(session),
            "roleArn": _role(session),
            "principalArn": principal,
            "durationSeconds": _HOUR_SECONDS,
        },
        response=_answer(session, at)
        | {
            "subject": _session_name(session),
            "subjectType": "persistent",
            "issuer": f"https://portal.sso.us-east-1.amazonaws.com/saml/assertion/{provider}",
            "audience": "https://signin.aws.amazon.com/saml",
        },
        resources=(
            *_resources(session),
            {"accountId": session.account, "type": "AWS::IAM::SAMLProvider", "ARN": principal},
        ),
    )


def assume_role_with_web_identity(session: Caller, *, at: Micros, provider: str, subject: str) -> Call:
    """A workload takes a role with the token of an outside provider."""
    return Call(
        service="sts",
        name="AssumeRoleWithWebIdentity",
        request={
            "roleArn": _role(session),
            "roleSessionName": _session_name(session),
            "durationSeconds": _HOUR_SECONDS,
        },
        response=_answer(session, at)
        | {
            "subjectFromWebIdentityToken": subject,
            "provider": f"arn:aws:iam::{session.account}:oidc-provider/{provider}",
            "audience": "sts.amazonaws.com",
        },
        resources=_resources(session),
    )


def _answer(session: Caller, at: Micros) -> dict[str, Any]:
    return {
        "credentials": {
            "accessKeyId": session.identity["accessKeyId"],
            "sessionToken": "EXAMPLE-session-token-shortened",
            "expiration": long_date(Micros(at + _HOUR_SECONDS * SECOND)),
        },
        "assumedRoleUser": {
            "assumedRoleId": session.identity["principalId"],
            "arn": session.arn,
        },
    }


def _role(session: Caller) -> str:
    return str(session.identity["sessionContext"]["sessionIssuer"]["arn"])


def _session_name(session: Caller) -> str:
    return session.arn.rpartition("/")[2]


def _resources(session: Caller) -> tuple[dict[str, str], ...]:
    return ({"accountId": session.account, "type": "AWS::IAM::Role", "ARN": _role(session)},)
