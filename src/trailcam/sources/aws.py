"""Credentials and clients of AWS, and what its answers mean.

boto3 is imported when a source of AWS is opened, not before.
"""

import re
from typing import Any

from trailcam.errors import Problem, WorldError, code

_USUAL_HOST = re.compile(
    r"https://(?:sqs\.([a-z0-9-]+)\.|([a-z0-9-]+)\.queue\.)amazonaws\.com(?:\.cn)?(?::443)?(?:/|$)"
)
_OTHER_HOST = re.compile(
    r"https://(?:[a-z0-9-]+\.)*sqs(?:-fips)?\.([a-z0-9-]+)\.(?:(?:vpce\.)?amazonaws\.com|api\.aws)(?:\.cn)?(?::443)?(?:/|$)"
)
"""Of an endpoint in a VPC, of FIPS, or of both kinds of addresses.

Source: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-internetwork-traffic-privacy.html,
read 2026-11-28.
"""

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
    from botocore.exceptions import NoCredentialsError, ProfileNotFound  # noqa: PLC0415  # the same
    from botocore.session import Session  # noqa: PLC0415  # the same

    core = Session(profile=profile or None)
    if region:
        core.set_config_variable("region", region)
    try:
        core.get_scoped_config()
    except ProfileNotFound as error:
        raise WorldError(Problem(code=code("source_refused"), message=str(error))) from None
    if not role_arn:
        return boto3.Session(botocore_session=core)
    asked = {"RoleSessionName": "trailcam"}
    if external_id:
        asked["ExternalId"] = external_id

    def assume() -> Any:
        own = core.get_credentials()
        if own is None:
            raise NoCredentialsError
        return AssumeRoleCredentialFetcher(
            core.create_client, own, role_arn, extra_args=asked
        ).fetch_credentials()

    assumed = Session(profile=profile or None)
    assumed.set_config_variable("region", core.get_config_variable("region"))
    # botocore has no public way to give a session credentials that renew themselves.
    assumed._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=assume)
    return boto3.Session(botocore_session=assumed)


def region_of_queue(url: str) -> str:
    """The region that the URL of a queue names; empty when it names none.

    >>> region_of_queue("https://sqs.eu-central-1.amazonaws.com/111122223333/trailcam")
    'eu-central-1'
    """
    named = _USUAL_HOST.match(url) or _OTHER_HOST.match(url)
    return next(filter(None, named.groups())) if named else ""


def endpoint_of_queue(url: str) -> str:
    """The server to speak to about a queue; empty for that which AWS's libraries choose by its region.

    >>> endpoint_of_queue("http://127.0.0.1:4566/111122223333/trailcam")
    'http://127.0.0.1:4566'
    """
    return "" if _USUAL_HOST.match(url) else "/".join(url.split("/", 3)[:3])


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
