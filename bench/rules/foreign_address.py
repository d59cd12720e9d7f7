"""Call from an address outside the known networks."""

METADATA = {"id": "Bench.ForeignAddress", "log_types": ["AWS.CloudTrail"], "severity": "INFO"}

KNOWN = ("192.0.2.", "198.51.100.")


def rule(event):
    return not any(address.startswith(KNOWN) for address in event.get("p_any_ip_addresses", []))
