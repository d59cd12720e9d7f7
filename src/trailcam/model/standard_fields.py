"""The `p_*` fields that Trailcam sets beside the vendor's own, under the names Panther gave them."""

STANDARD_FIELDS = {
    "p_event_time": "When it happened, by the record; else by its origin. UTC.",
    "p_parse_time": "When Trailcam read it. UTC.",
    "p_log_type": "Name of the log type, e.g. `AWS.CloudTrail`.",
    "p_row_id": "Identity of the event: 32 hex digits, the same for every copy of the same record.",
    "p_schema_version": "Version of the log type's schema that read it.",
    "p_source_id": "Identity of the source it came through.",
    "p_source_label": "Name of that source, as its owner calls it.",
    "p_source_file": "File or object it lay in.",
    "p_any_ip_addresses": "Every IP address in the record.",
    "p_any_domain_names": "Every domain name in the record.",
    "p_any_md5_hashes": "Every MD5 hash, lower case.",
    "p_any_sha1_hashes": "Every SHA-1 hash, lower case.",
    "p_any_sha256_hashes": "Every SHA-256 hash, lower case.",
    "p_any_trace_ids": "Every id by which one request is followed through systems.",
    "p_any_aws_account_ids": "Every AWS account id, 12 digits.",
    "p_any_aws_instance_ids": "Every EC2 instance id.",
    "p_any_aws_arns": "Every Amazon resource name.",
    "p_any_aws_tags": "Every AWS tag as `key:value`.",
    "p_any_emails": "Every e-mail address.",
    "p_any_usernames": "Every user name.",
    "p_any_actor_ids": "Every id of somebody or something that acts.",
}
"""Name to meaning; the `p_any_*` lists are sorted, unique, and absent when empty."""

_RESERVED = frozenset(STANDARD_FIELDS) | {"p_enrichment", "p_udm", "p_timeline", "_mocked_lookup_data_"}
_RESERVED_PREFIXES = ("p_any_", "p_rule_", "p_alert_")


def is_reserved(key: str) -> bool:
    """Whether a vendor's key would pass for one of ours: events are read without regard to case, and a record
    that names its own `p_log_type` or `P_Enrichment` must not be believed.

    >>> is_reserved("P_Row_ID"), is_reserved("p_custom")
    (True, False)
    """
    if key[:1] not in ("p", "P", "_"):
        return False
    lower = key.lower()
    return lower in _RESERVED or lower.startswith(_RESERVED_PREFIXES)
