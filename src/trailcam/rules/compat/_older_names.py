"""Names that `panther_base_helpers` offered until March 2025, and that older rules still import from it.

Newer rules import most of them from a helper module of the log type. What depends on a site's own networks
(`PCI_NETWORKS`, `is_dmz_cidr` and their like) is not here: only the site can say it.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from trailcam.rules.compat._nested import deep_get

# What an alert context holds: its key, the field it is read from, what stands there when the field is absent.
_Fields = Mapping[str, tuple[str, Any]]

_AWS: _Fields = {
    "eventName": ("eventName", "<MISSING_EVENT_NAME>"),
    "eventSource": ("eventSource", "<MISSING_ACCOUNT_ID>"),  # sic: alerts elsewhere read so
    "awsRegion": ("awsRegion", "<MISSING_AWS_REGION>"),
    "recipientAccountId": ("recipientAccountId", "<MISSING_ACCOUNT_ID>"),
    "sourceIPAddress": ("sourceIPAddress", "<MISSING_SOURCE_IP>"),
    "userAgent": ("userAgent", "<MISSING_USER_AGENT>"),
    "userIdentity": ("userIdentity", "<MISSING_USER_IDENTITY>"),
}
_GUARDDUTY: _Fields = {
    "description": ("description", "<MISSING DESCRIPTION>"),
    "severity": ("severity", "<MISSING SEVERITY>"),
    "id": ("id", "<MISSING ID>"),
    "type": ("type", "<MISSING TYPE>"),
    "resource": ("resource", {}),
    "service": ("service", {}),
}
_OKTA: _Fields = {
    "event_type": ("eventtype", ""),
    "severity": ("severity", ""),
    "actor": ("actor", {}),
    "client": ("client", {}),
    "request": ("request", {}),
    "outcome": ("outcome", {}),
    "target": ("target", []),
    "debug_context": ("debugcontext", {}),
    "authentication_context": ("authenticationcontext", {}),
    "security_context": ("securitycontext", {}),
    "ips": ("p_any_ip_addresses", []),
}
_MICROSOFT_GRAPH: _Fields = {
    "category": ("category", ""),
    "description": ("description", ""),
    "userStates": ("userStates", []),
    "fileStates": ("fileStates", []),
    "hostStates": ("hostStates", []),
}
_MICROSOFT_365: _Fields = {
    "operation": ("Operation", ""),
    "organization_id": ("OrganizationId", ""),
    "client_ip": ("ClientIp", ""),
    "extended_properties": ("ExtendedProperties", []),
    "modified_properties": ("ModifiedProperties", []),
    "application": ("Application", ""),
    "actor": ("Actor", []),
}

# The same for CrowdStrike, whose fields lie in three places and are empty text when absent.
_FALCON_DETECTION = {
    "aid": "aid",
    "user": "UserName",
    "console-link": "FalconHostLink",
    "commandline": "CommandLine",
    "parentcommandline": "ParentCommandLine",
    "filename": "FileName",
    "filepath": "FilePath",
    "description": "DetectDescription",
    "action": "PatternDispositionDescription",
}
_FALCON_PROCESS = {
    "aid": "aid",
    "CommandLine": "CommandLine",
    "TargetProcessId": "TargetProcessId",
    "RawProcessId": "RawProcessId",
    "ParentBaseFileName": "ParentBaseFileName",
    "ParentProcessId": "ParentProcessId",
    "ImageFileName": "ImageFileName",
    "SHA256Hash": "SHA256HashData",
    "platform": "event_platform",
}
_FALCON_NETWORK = {
    name: name
    for name in (
        "LocalAddressIP4",
        "LocalPort",
        "RemoteAddressIP4",
        "RemotePort",
        "Protocol",
        "event_simpleName",
        "aid",
        "ContextProcessId",
    )
}

GSUITE_PARAMETER_VALUES = [
    *("value", "intValue", "boolValue"),
    *("multiValue", "multiIntValue"),
    *("messageValue", "multiMessageValue"),
]
"""The keys under which a Google Workspace parameter may hold its value, in the order they are looked for."""

ZENDESK_CHANGE_DESCRIPTION = "change_description"

_ROLE_CHANGE = re.compile(r"role changed from (.+) to ([^$]+)", re.IGNORECASE)
_APP_ROLE_CHANGE = re.compile(r"(.*) role changed from (.+) to (.*)", re.IGNORECASE)
_UNKNOWN_ROLE = "<UNKNOWN_APP>:<UNKNOWN_ROLE>"


# -- AWS -----------------------------------------------------------------------------------------------------


def aws_rule_context(event: Any) -> dict[str, Any]:
    """Who did what from where, of a CloudTrail event."""
    return _context(event, _AWS)


def aws_guardduty_context(event: Any) -> dict[str, Any]:
    """What a GuardDuty finding says."""
    return _context(event, _GUARDDUTY)


def aws_strip_role_session_id(user_identity_arn: str) -> str:
    """An ARN up to its second slash: of an assumed role, without the name of the session."""
    return "/".join(user_identity_arn.split("/")[:2])


def eks_panther_obj_ref(event: Any) -> dict[str, Any]:
    """Who did what to which object, of a Kubernetes audit event."""
    resource = deep_get(event, "objectRef", "resource", default="<NO_OBJECT_RESOURCE>")
    subresource = deep_get(event, "objectRef", "subresource")
    return {
        "actor": deep_get(event, "user", "username", default="<NO_USERNAME>"),
        "ns": deep_get(event, "objectRef", "namespace", default="<NO_OBJECT_NAMESPACE>"),
        "object": deep_get(event, "objectRef", "name", default="<NO_OBJECT_NAME>"),
        "resource": f"{resource}/{subresource}" if subresource else resource,
        "sourceIPs": event.get("sourceIPs", ["0.0.0.0"]),  # noqa: S104 - a word in an alert
        "verb": event.get("verb", "<NO_VERB>"),
        "p_source_label": event.get("p_source_label", "<NO_P_SOURCE_LABEL>"),
    }


def in_pci_scope_tags(resource: Any) -> bool:
    """Whether a resource is tagged environment=pci; one without tags is taken to be in scope."""
    tags = resource.get("Tags")
    return tags is None or tags.get("environment") == "pci"


def is_dmz_tags(resource: Any, dmz_tags: Iterable[tuple[str, str]] = (("environment", "dmz"),)) -> bool:
    """Whether a resource has one of the tags that mark the DMZ; one without tags has not."""
    tags = resource.get("Tags")
    return tags is not None and any(tags.get(key) == value for key, value in dmz_tags)


IN_PCI_SCOPE = in_pci_scope_tags
IS_DMZ = is_dmz_tags


# -- Google --------------------------------------------------------------------------------------------------


def get_binding_deltas(event: Any) -> Sequence[Any]:
    """The bindings a GCP `SetIamPolicy` call changed; an empty list for other calls."""
    if deep_get(event, "protoPayload", "methodName") != "SetIamPolicy":
        return []
    deltas: Sequence[Any] = deep_get(event, "protoPayload", "serviceData", "policyDelta", "bindingDeltas")
    return deltas or []


def gsuite_details_lookup(detail_type: str, detail_names: Iterable[str], event: Any) -> Any:
    """The first details of a Google Workspace event of this type and one of these names; `{}` without any."""
    of_type = (details for details in event.get("events", []) if details.get("type") == detail_type)
    return next((details for details in of_type if details.get("name") in detail_names), {})


def gsuite_parameter_lookup(parameters: Iterable[Any], key: str) -> Any:
    """The value of the first parameter named `key`, of whichever kind; None without one."""
    found = (parameter for parameter in parameters if parameter.get("name") == key)
    named: Mapping[str, Any] = next(found, {})
    return next((named[kind] for kind in GSUITE_PARAMETER_VALUES if kind in named), None)


# -- other vendors -------------------------------------------------------------------------------------------


def box_parse_additional_details(event: Any) -> Any:
    """The additional details of a Box event, read from JSON when they are text; `{}` when that is none."""
    details = event.get("additional_details", {})
    if not isinstance(details, str | bytes):
        return details
    try:
        return json.loads(details)
    except ValueError:
        return {}


def crowdstrike_detection_alert_context(event: Any) -> dict[str, Any]:
    """What a CrowdStrike detection says."""
    return _falcon_context(event, _FALCON_DETECTION)


def crowdstrike_network_detection_alert_context(event: Any) -> dict[str, Any]:
    """The connection of a CrowdStrike network event."""
    return _falcon_context(event, _FALCON_NETWORK)


def crowdstrike_process_alert_context(event: Any) -> dict[str, Any]:
    """The process of a CrowdStrike process event."""
    return _falcon_context(event, _FALCON_PROCESS)


def filter_crowdstrike_fdr_event_type(event: Any, name: str) -> bool:
    """Whether this is a CrowdStrike event of another name, which a rule for `name` is to pass over."""
    is_crowdstrike: bool = event.get("p_log_type") == "Crowdstrike.FDREvent"
    return is_crowdstrike and name != event.get("fdr_event_type", "")


def get_crowdstrike_field(event: Any, field_name: str, default: Any = None) -> Any:
    """A field of a CrowdStrike event, its `event` or its `unknown_payload`: the first that is not falsy."""
    for place in ((), ("event",), ("unknown_payload",)):
        found = deep_get(event, *place, field_name)
        if found:
            return found
    return default


def github_alert_context(event: Any) -> dict[str, Any]:
    """Who did what to which repository, of a GitHub audit event."""
    context = {name: event.get(name, "") for name in ("action", "actor", "org", "repo", "user")}
    return context | {"actor_location": deep_get(event, "actor_location", "country_code")}


def m365_alert_context(event: Any) -> dict[str, Any]:
    """Who did what, of a Microsoft 365 audit event."""
    return _context(event, _MICROSOFT_365)


def msft_graph_alert_context(event: Any) -> dict[str, Any]:
    """What a Microsoft Graph security alert says."""
    return _context(event, _MICROSOFT_GRAPH)


def okta_alert_context(event: Any) -> dict[str, Any]:
    """Who did what to whom, of an Okta event."""
    return _context(event, _OKTA)


def slack_alert_context(event: Any) -> dict[str, Any]:
    """Who acted from where, of a Slack audit event."""
    return {
        "actor-name": deep_get(event, "actor", "user", "name", default="<MISSING_NAME>"),
        "actor-email": deep_get(event, "actor", "user", "email", default="<MISSING_EMAIL>"),
        "actor-ip": deep_get(event, "context", "ip_address", default="<MISSING_IP>"),
        "user-agent": deep_get(event, "context", "ua", default="<MISSING_UA>"),
    }


def zendesk_get_roles(event: Any) -> tuple[str, str]:
    """The old and the new role of a Zendesk role change; `app:role ; app:role` when it names several apps."""
    description = event.get(ZENDESK_CHANGE_DESCRIPTION, "")
    if "\n" in description:
        changes = [
            change.groups() for line in description.split("\n") if (change := _APP_ROLE_CHANGE.match(line))
        ]
        old = " ; ".join(f"{app}:{role}" for app, role, _ in changes)
        new = " ; ".join(f"{app}:{role}" for app, _, role in changes)
    else:
        change = _ROLE_CHANGE.match(description)
        old, new = change.groups() if change else ("", "")
    return old or _UNKNOWN_ROLE, new or _UNKNOWN_ROLE


def _context(event: Any, fields: _Fields) -> dict[str, Any]:
    return {name: event.get(field, copy(absent)) for name, (field, absent) in fields.items()}


def _falcon_context(event: Any, fields: Mapping[str, str]) -> dict[str, Any]:
    return {name: get_crowdstrike_field(event, field, default="") for name, field in fields.items()}
