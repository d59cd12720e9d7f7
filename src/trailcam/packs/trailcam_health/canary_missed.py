"""A planted event did not come out as an alert in its time: what else comes this way may not either.

Expect one a period of canaries while a source is stopped on purpose.
"""

METADATA = {
    "id": "Trailcam.CanaryMissed",
    "log_types": ["Trailcam.Health"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1562/008/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562.008"]},  # Disable or Modify Cloud Logs
    "runbook": (
        "1. Run `trailcam sources` and `trailcam doctor` within 15 minutes.\n"
        "2. If the queue is full and nothing is read: see the log of `trailcam serve`.\n"
        "3. When it works again, run `trailcam verify s3://BUCKET` to see that nothing was missed."
    ),
    "dedup_period_minutes": 1440,
}


def rule(event):
    return event.get("kind") == "canary_missed"


def title(event):
    return f"the canary of {event['subject']} was missed: {event['message']}"


def dedup(event):
    return event["subject"]


TESTS = [
    {
        "name": "it is told",
        "expect": True,
        "sample": "Trailcam.Health/canary_missed",
        "severity": "HIGH",
    },
    {
        "name": "another thing is told",
        "expect": False,
        "sample": "Trailcam.Health/source_fails",
    },
    {
        "name": "a kind that begins so is another one",
        "expect": False,
        "sample": "Trailcam.Health/canary_missed",
        "override": {"kind": "canary_missed_again"},
    },
]
