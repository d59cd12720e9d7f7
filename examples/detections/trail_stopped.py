"""Somebody stopped or deleted a trail.

Misses a trail that is left running but sent elsewhere or narrowed by its event selectors.
Expect noise when trails are moved between accounts.
"""

METADATA = {
    "id": "Example.TrailStopped",
    "log_types": ["AWS.CloudTrail"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1562/008/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562.008"]},  # Disable or Modify Cloud Logs
    "runbook": (
        "1. Ask the person named in the alert, over another channel, within 15 minutes.\n"
        "2. If it was not them: start the trail again, revoke the role's sessions.\n"
        "3. List what the same address did in the hour before."
    ),
}

STOPPING = {"StopLogging", "DeleteTrail"}


def rule(event):
    return event.get("eventSource") == "cloudtrail.amazonaws.com" and event.get("eventName") in STOPPING


def title(event):
    who = event.deep_get("userIdentity", "arn", default="unknown").rpartition("/")[2]
    return f"{who} used {event.get('eventName')}"


TESTS = [
    {
        "name": "a trail is stopped",
        "expect": True,
        "sample": "AWS.CloudTrail/stop_logging",
    },
    {
        "name": "a trail is started",
        "expect": False,
        "sample": "AWS.CloudTrail/stop_logging",
        "override": {"eventName": "StartLogging"},
    },
    {
        "name": "another service has a call of the same name",
        "expect": False,
        "sample": "AWS.CloudTrail/stop_logging",
        "override": {"eventSource": "kinesis.amazonaws.com"},
    },
]
