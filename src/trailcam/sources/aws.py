"""Credentials and clients of AWS, and what its answers mean.

boto3 is imported when a source of AWS is opened, not before.
"""

import re
from typing import Any

from trailcam.errors import Problem, WorldError, code

_QUEUE_HOST = re.compile(r"https?://(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)amazonaws\.com")

FAULTS_OF_CREDENTIALS = (
    "RequestTimeTooSkewed",
    "ExpiredToken",
    "InvalidToken",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "AuthFailure",
)
"""Refusals that say nothing of what was asked for: our clock is wrong, or our keys are.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, read 2026-11-28.
"""

_PASSING = ("Throttl", "SlowDown", "RequestLimitExceeded", "ServiceUnavailable", "InternalError", "OverLimit")


def make_session(*, region: str = "", role_arn: str = "", external_id: str = "", profile: str = "") -> Any:
    """A session of boto3: with AWS's own chain of credentials, or those of a role, which renew themselves.

    Nothing is asked of AWS yet.

    Raises:
        WorldError: TC0801 there is no such profile.
    """
    import boto3  # noqa: PLC0415  # 200 ms that only sources of AWS need
    from botocore.credentials import (  # noqa: PLC0415  # the same
        AssumeRoleCredentialFetcher,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415  # the same
    from botocore.session import Session  # noqa: PLC0415  # the same

    core = Session(profile=profile or None)
    if region:
        core.set_config_variable("region", region)
    try:
        own = core.get_credentials()
    except ProfileNotFound as error:
        raise WorldError(Problem(code=code("source_refused"), message=str(error))) from None
    if not role_arn:
        return boto3.Session(botocore_session=core)
    asked = {"RoleSessionName": "trailcam"}
    if external_id:
        asked["ExternalId"] = external_id
    role = AssumeRoleCredentialFetcher(core.create_client, own, role_arn, extra_args=asked)
    assumed = Session()
    assumed.set_config_variable("region", core.get_config_variable("region"))
    # botocore has no public way to give a session credentials that renew themselves.
    assumed._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=role.fetch_credentials
    )
    return boto3.Session(botocore_session=assumed)


def region_of_queue(url: str) -> str:
    """The region that the URL of a queue names; empty when it names none.

    >>> region_of_queue("https://sqs.eu-central-1.amazonaws.com/111122223333/trailcam")
    'eu-central-1'
    """
    named = _QUEUE_HOST.match(url)
    return (named[1] or named[2]) if named else ""


def endpoint_of_queue(url: str) -> str:
    """The server that the URL of a queue names; empty when it is AWS's own, which boto3 finds by the region.

    >>> endpoint_of_queue("http://127.0.0.1:4566/111122223333/trailcam")
    'http://127.0.0.1:4566'
    """
    host = "/".join(url.split("/", 3)[:3])
    return "" if ".amazonaws.com" in host else host


def world_error(error: Exception, *, what: str) -> WorldError:
    """What is told when AWS does not do `what`: it refuses, or it cannot be reached."""
    return WorldError(Problem(code=code(_name(error)), message=f"{what}: {error}"))


def is_passing(said: str, status: int) -> bool:
    """Whether a refusal, by its code and status, says only that AWS cannot now."""
    return status >= 500 or status == 429 or any(word in said for word in _PASSING)


def _name(error: Exception) -> str:
    from botocore.exceptions import (  # noqa: PLC0415  # it is loaded where such an error comes from
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
    )

    if isinstance(error, NoCredentialsError | PartialCredentialsError | NoRegionError):
        return "source_refused"
    if not isinstance(error, ClientError):
        return "source_unreachable"
    said = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return "source_unreachable" if is_passing(said, status) else "source_refused"
