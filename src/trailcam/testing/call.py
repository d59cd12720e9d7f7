"""One call to AWS, as the service spells it: what was asked for and answered, and not by whom."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from trailcam.model.timestamps import Micros
from trailcam.testing.chance import Chance

GLOBAL_REGION = "us-east-1"
"""Where CloudTrail writes calls to services that have no region."""

_NO_REGION = frozenset({"iam", "organizations"})
_DENIED = {
    "ec2": "Client.UnauthorizedOperation",
    "cloudformation": "AccessDenied",
    "iam": "AccessDenied",
    "s3": "AccessDenied",
    "sts": "AccessDenied",
    "rds": "AccessDenied",
    "autoscaling": "AccessDenied",
    "elasticloadbalancing": "AccessDenied",
    "monitoring": "AccessDenied",
}
"""Services that do not call it AccessDeniedException, as those with JSON in their protocols do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a record says of the call itself."""

    service: str
    """The part of `eventSource` before `.amazonaws.com`."""
    name: str
    reads: bool = True
    request: Any = None
    response: Any = None
    """None for calls that only read, as in CloudTrail."""
    extra: dict[str, Any] | None = None
    """`additionalEventData`."""
    resources: tuple[dict[str, str], ...] = ()
    data: bool = False
    """Belongs to the data events of a trail, not to its management events."""
    event_type: str = "AwsApiCall"
    details: dict[str, Any] | None = None
    """`serviceEventDetails`, of events that a service makes on its own."""
    host: str = ""
    """The host name that was called; empty means the service's endpoint in the region."""
    error: tuple[str, str] | None = None
    """`errorCode` and `errorMessage`."""
    shared_id: str = ""
    """`sharedEventID`, where several accounts get a record of it."""

    @property
    def has_region(self) -> bool:
        """Whether the service answers in each region, and not in one for all."""
        return self.service not in _NO_REGION


class Place(NamedTuple):
    """Where and when a call is made."""

    account: str
    region: str
    at: Micros


Builder: TypeAlias = Callable[[Place, Chance], Call]
"""Gives an everyday call, which is another each time."""


def refused(call: Call, arn: str) -> Call:
    """The same call, for which the caller has no permission."""
    code = _DENIED.get(call.service, "AccessDeniedException")
    action = f"{call.service}:{call.name}"
    words = f"is not authorized to perform: {action}"
    reason = f"because no identity-based policy allows the {action} action"
    if call.service == "ec2":
        message = f"You are not authorized to perform this operation. User: {arn} {words} {reason}"
    else:
        resource = call.resources[0]["ARN"] if call.resources and "ARN" in call.resources[0] else "*"
        message = f"User: {arn} {words} on resource: {resource} {reason}"
    # IAM leaves out what was asked for when it refuses; S3 and EC2 tell it
    request = call.request if call.service in ("ec2", "s3") else None
    return replace(call, request=request, response=None, error=(code, message))
