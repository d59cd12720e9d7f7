"""A CloudTrail record: a call, its caller, and what CloudTrail adds.

Source: the CloudTrail user guide, "CloudTrail record contents", eventVersion 1.11.
"""

import json
from typing import Any, NamedTuple

from trailcam.model.timestamps import SECOND, Micros, to_rfc3339
from trailcam.testing.call import GLOBAL_REGION, Call
from trailcam.testing.caller import Caller
from trailcam.testing.chance import Chance

_VERSION = "1.11"
_TLS = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"}


class Act(NamedTuple):
    """A caller makes a call; a tuple, since there are many."""

    at: Micros
    caller: Caller
    call: Call
    region: str

    @property
    def place(self) -> tuple[str, str]:
        """Account and region of the trail that tells of it."""
        return self.caller.account, self.region if self.call.has_region else GLOBAL_REGION


def record(act: Act, chance: Chance) -> dict[str, Any]:
    """The record of an act, its keys in the order in which CloudTrail writes them."""
    caller, call = act.caller, act.call
    account, region = act.place
    made: dict[str, Any] = {
        "eventVersion": _VERSION,
        "userIdentity": caller.identity,
        "eventTime": to_rfc3339(Micros(act.at - act.at % SECOND)),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": region,
        "sourceIPAddress": caller.address,
        "userAgent": f"[{caller.agent}]" if call.service == "s3" and not caller.service else caller.agent,
    }
    if call.error is not None:
        made["errorCode"], made["errorMessage"] = call.error
    made["requestParameters"] = call.request
    made["responseElements"] = call.response
    if call.extra is not None:
        made["additionalEventData"] = call.extra
    if call.event_type == "AwsApiCall":
        made["requestID"] = chance.hex(16).upper() if call.service == "s3" else chance.uuid()
    made["eventID"] = chance.uuid()
    made["readOnly"] = call.reads
    if call.resources:
        made["resources"] = call.resources
    made["eventType"] = call.event_type
    made["managementEvent"] = not call.data
    made["recipientAccountId"] = account
    if call.shared_id:
        made["sharedEventID"] = call.shared_id
    if call.details is not None:
        made["serviceEventDetails"] = call.details
    made["eventCategory"] = "Data" if call.data else "Management"
    if not caller.service:
        made["tlsDetails"] = _TLS | {"clientProvidedHostHeader": call.host or _endpoint(call, region)}
    if caller.console and call.event_type == "AwsApiCall":
        made["sessionCredentialFromConsole"] = "true"
    return made


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def written(made: dict[str, Any]) -> bytes:
    """A record as it stands in a file."""
    return _encode(made).encode()


def _endpoint(call: Call, region: str) -> str:
    return f"{call.service}.{region}.amazonaws.com" if call.has_region else f"{call.service}.amazonaws.com"
