"""The helper functions that most rules import: nested values, patterns, networks, times, encodings.

They take plain dictionaries and lists as well as the event and its parts. Names that only older rules import
from here come from `_older_names`.
"""

import re
from base64 import b64decode
from collections.abc import Container, Hashable, Iterable, Mapping
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from trailcam.model.severity import Severity
from trailcam.rules.compat._nested import deep_get, deep_walk
from trailcam.rules.compat._older_names import (
    GSUITE_PARAMETER_VALUES,
    IN_PCI_SCOPE,
    IS_DMZ,
    ZENDESK_CHANGE_DESCRIPTION,
    aws_guardduty_context,
    aws_rule_context,
    aws_strip_role_session_id,
    box_parse_additional_details,
    crowdstrike_detection_alert_context,
    crowdstrike_network_detection_alert_context,
    crowdstrike_process_alert_context,
    eks_panther_obj_ref,
    filter_crowdstrike_fdr_event_type,
    get_binding_deltas,
    get_crowdstrike_field,
    github_alert_context,
    gsuite_details_lookup,
    gsuite_parameter_lookup,
    in_pci_scope_tags,
    is_dmz_tags,
    m365_alert_context,
    msft_graph_alert_context,
    okta_alert_context,
    slack_alert_context,
    zendesk_get_roles,
)
from trailcam.rules.compat._timestamps import (
    EPOCH_REGEX,
    TIME_FORMATS,
    add_parse_delay,
    golang_nanotime_to_python_datetime,
    nano_to_micro,
    panther_nanotime_to_python_datetime,
    resolve_timestamp_string,
    time_delta,
)

__all__ = [
    "EMAIL_REGEX",
    "EPOCH_REGEX",
    "GSUITE_PARAMETER_VALUES",
    "IN_PCI_SCOPE",
    "IS_DMZ",
    "SEVERITY_LEVELS",
    "TIME_FORMATS",
    "ZENDESK_CHANGE_DESCRIPTION",
    "PantherUnexpectedAlert",
    "add_parse_delay",
    "aws_guardduty_context",
    "aws_rule_context",
    "aws_strip_role_session_id",
    "box_parse_additional_details",
    "crowdstrike_detection_alert_context",
    "crowdstrike_network_detection_alert_context",
    "crowdstrike_process_alert_context",
    "dbprint",
    "deep_get",
    "deep_walk",
    "defang_ioc",
    "eks_panther_obj_ref",
    "filter_crowdstrike_fdr_event_type",
    "get_binding_deltas",
    "get_crowdstrike_field",
    "get_val_from_list",
    "github_alert_context",
    "golang_nanotime_to_python_datetime",
    "gsuite_details_lookup",
    "gsuite_parameter_lookup",
    "in_pci_scope_tags",
    "ioc_match",
    "is_base64",
    "is_dmz_tags",
    "is_ip_in_network",
    "key_value_list_to_dict",
    "listify",
    "m365_alert_context",
    "msft_graph_alert_context",
    "nano_to_micro",
    "okta_alert_context",
    "panther_nanotime_to_python_datetime",
    "pantherflow_investigation",
    "pattern_match",
    "pattern_match_list",
    "resolve_timestamp_string",
    "severity_greater_than",
    "slack_alert_context",
    "time_delta",
    "zendesk_get_roles",
]

EMAIL_REGEX = re.compile(r"[-+.%\w]+@[-.\w]+\.[A-Za-z]{2,}")
"""An e-mail address in a text: word characters and `- + . %`, an at sign, a domain that ends in letters."""

SEVERITY_LEVELS = {severity.name: severity - Severity.INFO for severity in Severity}
"""The five severities by name, INFO being 0."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_LOOKS_LIKE_AN_ID = re.compile(r"[A-Za-z0-9]{32}")
_LEAST_PRINTABLE = 0.7


class PantherUnexpectedAlert(Exception):
    """What a rule raises when an event is not what the rule was written for."""


# -- patterns, networks, lists -------------------------------------------------------------------------------


def pattern_match(string_to_match: str, pattern: str) -> bool:
    """Whether the whole text fits a pattern with `*`, `?` and `[...]`; upper and lower case differ."""
    return fnmatchcase(string_to_match, pattern)


def pattern_match_list(string_to_match: str, patterns: Iterable[str]) -> bool:
    """Whether the whole text fits one of the patterns.

    >>> pattern_match_list("PutObject", ["Get*", "Put*"])
    True
    """
    return any(pattern_match(string_to_match, pattern) for pattern in patterns)


def is_ip_in_network(ip_addr: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks.

    Raises:
        ValueError: the text is no address, or a network is none or has host bits set.
    """
    return any(ip_address(ip_addr) in network for network in map(ip_network, networks))


def ioc_match(indicators: Iterable[str] | None, known_iocs: Container[str]) -> list[str]:
    """Those of the indicators that are known to be bad, in their order."""
    return [indicator for indicator in indicators or () if indicator in known_iocs]


def listify(maybe_list: Any) -> Iterable[Any]:
    """A list as it is, anything else as a list of one; text and mappings are one thing."""
    one = isinstance(maybe_list, str | bytes | Mapping) or not isinstance(maybe_list, Iterable)
    return [maybe_list] if one else maybe_list


def key_value_list_to_dict(list_objects: Iterable[Any], key: str, value: str) -> dict[Any, Any]:
    """One dictionary of many small ones (tags), each with its key under `key`, its value under `value`.

    >>> key_value_list_to_dict([{"Key": "env", "Value": "prod"}], "Key", "Value")
    {'env': 'prod'}
    """
    return {entry[key]: entry[value] for entry in list_objects}


def get_val_from_list(
    list_of_dicts: Iterable[Any], return_field_key: str, field_cmp_key: str, field_cmp_val: Any
) -> set[Hashable]:
    """The values of one field in those dictionaries where another field has the given value."""
    return {each.get(return_field_key) for each in list_of_dicts if each.get(field_cmp_key) == field_cmp_val}


# -- texts ---------------------------------------------------------------------------------------------------


def defang_ioc(ioc: str) -> str:
    """An address or link that no program turns into something to click on.

    >>> defang_ioc("http://192.0.2.1")
    'hxxp://192[.]0[.]2[.]1'
    """
    for live, harmless in (("http://", "hxxp://"), ("https://", "hxxps://"), (".", "[.]")):
        ioc = ioc.replace(live, harmless)
    return ioc


def is_base64(b64: str, min_length: int = 28) -> str:
    """The text of ASCII characters that `b64` encodes, in ASCII or UTF-16; empty when it is no base64.

    Padding may be missing. Too short for `min_length`, 32 letters and digits (the form of many ids), or less
    than 70 % printable once decoded: not meant as base64.
    """
    if len(b64) < min_length or not _BASE64.fullmatch(b64) or _LOOKS_LIKE_AN_ID.fullmatch(b64):
        return ""
    try:
        decoded = b64decode(b64 + "=" * (-len(b64) % 4), validate=True)
    except ValueError:
        return ""
    for encoding in ("ascii", "utf-16-le"):
        try:
            text = decoded.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.isascii() and _mostly_printable(text):
            return text
    return ""


def _mostly_printable(text: str) -> bool:
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return printable >= _LEAST_PRINTABLE * len(text)


# -- severities, investigations, debugging -------------------------------------------------------------------


def severity_greater_than(sev1: str, sev2: str) -> bool:
    """Whether the first severity is graver than the second; a name that is none of the five is below all."""
    unknown = -1
    return SEVERITY_LEVELS.get(sev1, unknown) > SEVERITY_LEVELS.get(sev2, unknown)


def pantherflow_investigation(event: Any, interval: str = "30m") -> str:
    """A PantherFlow query for what else happened around the event and shares one of its indicators.

    Trailcam does not run PantherFlow: the text is for alert contexts that are read where it runs.
    """
    table = event.get("p_log_type", "").lower().replace(".", "_")
    moment = f"time.parse_timestamp('{event.get('p_event_time', '')}')"
    margin = f"time.parse_timespan('{interval}')"
    shared = [
        f"arrays.overlap({field}, {list(values)})"
        for field, values in event.items()
        if field.startswith("p_any_") and field != "p_any_aws_account_ids"
    ]
    stages = [
        f"union panther_signals.public.correlation_signals, panther_logs.public.{table}",
        f"where p_event_time between {moment} - {margin} .. {moment} + {margin}",
        *(["where " + " or ".join(shared)] if shared else []),
        "sort p_event_time",
    ]
    return "\n| ".join(stages)


def dbprint(*values: object, sep: str = " ", end: str = "\n") -> None:
    """Print nothing: what a rule prints for its own debugging may hold secrets, and has no place in a log."""
