"""GuardDuty has found something grave.

CRITICAL when GreyNoise calls the address malicious, INFO when benign, MEDIUM when it knows nothing:
that takes a lookup table, see the page of this pack. Leaves out what was archived in GuardDuty. Misses what
GuardDuty misses.
"""

from aws_top5_words import account, known_addresses, texts

METADATA = {
    "id": "Top5.GuardDutyFinding",
    "log_types": ["AWS.GuardDuty", "AWS.CloudTrail"],
    "severity": "Medium",
    "reference": "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html",
    "reports": {
        "MITRE ATT&CK": ["TA0001:T1190", "TA0043:T1595"]
    },  # Exploit Public-Facing App, Active Scanning
    "runbook": (
        "1. CRITICAL: within 15 minutes, read the finding and cut the resource off the network.\n"
        "2. Within the hour, list what the address did in other logs, and which keys the resource holds.\n"
        "3. MEDIUM: within the day, ask the owner of the resource whether the traffic was meant.\n"
        "4. INFO: nothing; a known scanner passed by."
    ),
}

SETTINGS = {
    # Findings of less are left to GuardDuty, whose scale is 1 to 10.
    "least_severity": 5,
}


def rule(event):
    if event.get("p_log_type") == "AWS.GuardDuty":
        return (
            grade(event) >= SETTINGS["least_severity"] and event.deep_get("service", "archived") is not True
        )
    if event.get("eventSource") != "guardduty.amazonaws.com":
        return False
    if event.deep_get("userIdentity", "type") in ("AWSAccount", "AWSService"):
        return False
    return grade(event) >= SETTINGS["least_severity"]


def title(event):
    found = addresses(event)
    more = f" and {len(found) - 2} more" if len(found) > 2 else ""
    return f"{kind(event)} by {', '.join(found[:2]) or 'no known address'}{more}"


def dedup(event):
    return f"{account(event)} {kind(event)} {' '.join(addresses(event))}"


def severity(event):
    known = known_addresses(event)
    said = [known.get(address) for address in addresses(event)]
    if "malicious" in said:
        return "CRITICAL"
    return "INFO" if said and set(said) == {"benign"} else "MEDIUM"


def alert_context(event):
    known = known_addresses(event)
    return {
        "finding": event.get("id"),
        "title": event.get("title"),
        "severity": event.get("severity"),
        "addresses": {address: known.get(address) for address in addresses(event)},
        "resource": event.deep_get("resource", "resourceType"),
    }


def grade(event):
    """GuardDuty's own severity; 0 where there is none."""
    value = event.get("severity")
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def kind(event):
    """The type of the finding, as GuardDuty names it."""
    return str(event.get("type") if event.get("p_log_type") == "AWS.GuardDuty" else event.get("eventName"))


def addresses(event):
    """The addresses that acted, sorted."""
    if event.get("p_log_type") != "AWS.GuardDuty":
        return texts(event, "sourceIPAddress")
    found = []
    actions = event.deep_get("service", "action")
    for action in actions.values() if hasattr(actions, "values") else ():
        for details in (("remoteIpDetails",), ("portProbeDetails", "remoteIpDetails")):
            for version in ("ipAddressV4", "ipAddressV6"):
                found += texts(action, *details, version)
    return sorted(set(found))


TESTS = [
    {
        "name": "a grave finding about calls of the API",
        "expect": True,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8},
    },
    {
        "name": "a grave finding as the API of GuardDuty writes it",
        "expect": True,
        "sample": "AWS.GuardDuty/get_findings_database_login",
        "override": {"Severity": 5},
    },
    {
        "name": "a grave finding in the form of CloudTrail",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventSource": "guardduty.amazonaws.com", "eventName": "RDPBruteForce", "severity": 8},
    },
    {
        "name": "a finding that is not grave",
        "expect": False,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 4.9},
    },
    {
        "name": "a grave finding that was archived",
        "expect": False,
        "sample": "AWS.GuardDuty/api_call",
        "override": {"severity": 8, "service.archived": True},
    },
    {
        "name": "a call of GuardDuty that is no finding",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventSource": "guardduty.amazonaws.com", "eventName": "ListDetectors"},
    },
    {
        "name": "a grave finding in the form of CloudTrail, of an account of AWS",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "guardduty.amazonaws.com",
            "userIdentity.type": "AWSAccount",
            "severity": 8,
        },
    },
]
