"""A source has not worked for a quarter of an hour: its queue or its objects cannot be reached.

Nothing is lost meanwhile: what is announced waits. Misses shorter faults.
"""

METADATA = {
    "id": "Trailcam.SourceFails",
    "log_types": ["Trailcam.Health"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1562/008/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562.008"]},  # Disable or Modify Cloud Logs
    "runbook": (
        "1. Run `trailcam doctor` within the hour: it names the permission or the address that is missing.\n"
        "2. If a permission was taken away: ask who did it, and give it back."
    ),
    "dedup_period_minutes": 1440,
}


def rule(event):
    return event.get("kind") == "source_fails"


def title(event):
    return f"{event['subject']} {event['message']}"


def dedup(event):
    return event["subject"]


TESTS = [
    {
        "name": "it is told",
        "expect": True,
        "sample": "Trailcam.Health/source_fails",
        "severity": "HIGH",
    },
    {
        "name": "another thing is told",
        "expect": False,
        "sample": "Trailcam.Health/source_silent",
    },
    {
        "name": "a kind that begins so is another one",
        "expect": False,
        "sample": "Trailcam.Health/source_fails",
        "override": {"kind": "source_fails_again"},
    },
]
