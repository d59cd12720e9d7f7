"""A rule ended its process three times within ten minutes and is not run any more.

What it has not seen is listed as not run. Misses a rule that fails without ending its process.
"""

METADATA = {
    "id": "Trailcam.RuleTakenOff",
    "log_types": ["Trailcam.Health"],
    "severity": "Medium",
    "reference": "https://attack.mitre.org/techniques/T1562/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562"]},  # Impair Defenses
    "runbook": (
        "1. Mend the rule within the day: its alert RuleKilledWorker names the event it had in hand.\n"
        "2. Bring it into force; then `trailcam backfill --rule ID` runs it over what it has not seen."
    ),
    "dedup_period_minutes": 1440,
}


def rule(event):
    return event.get("kind") == "rule_taken_off"


def title(event):
    return f"{event['subject']} was taken off: {event['message']}"


def dedup(event):
    return event["subject"]


TESTS = [
    {
        "name": "it is told",
        "expect": True,
        "sample": "Trailcam.Health/rule_taken_off",
        "severity": "MEDIUM",
    },
    {
        "name": "another thing is told",
        "expect": False,
        "sample": "Trailcam.Health/pack_refused",
    },
    {
        "name": "a kind that begins so is another one",
        "expect": False,
        "sample": "Trailcam.Health/rule_taken_off",
        "override": {"kind": "rule_taken_off_again"},
    },
]
