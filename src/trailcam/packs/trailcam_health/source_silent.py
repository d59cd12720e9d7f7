"""A source, or an account and region of one, is silent for longer than ever in two weeks.

Misses places that were followed for less than a day. Expect noise after a holiday.
"""

METADATA = {
    "id": "Trailcam.SourceSilent",
    "log_types": ["Trailcam.Health"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1562/008/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562.008"]},  # Disable or Modify Cloud Logs
    "runbook": (
        "1. Run `trailcam doctor` within 15 minutes: it tells why nothing arrives.\n"
        "2. Look for StopLogging, DeleteTrail and PutEventSelectors in the hour before the silence.\n"
        "3. If the trail was stopped by nobody you know: start it, and treat the account as taken."
    ),
    "dedup_period_minutes": 1440,
}


def rule(event):
    return event.get("kind") == "source_silent"


def title(event):
    return f"{event['subject']} is silent: {event['message']}"


def dedup(event):
    return event["subject"]


TESTS = [
    {
        "name": "it is told",
        "expect": True,
        "sample": "Trailcam.Health/source_silent",
        "severity": "HIGH",
    },
    {
        "name": "another thing is told",
        "expect": False,
        "sample": "Trailcam.Health/canary_missed",
    },
    {
        "name": "a kind that begins so is another one",
        "expect": False,
        "sample": "Trailcam.Health/source_silent",
        "override": {"kind": "source_silent_again"},
    },
]
