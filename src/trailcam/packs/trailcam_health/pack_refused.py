"""New rules were refused: they do not load, or a test of theirs fails. Those in force go on.

Expect noise while somebody edits rules in a folder that is followed.
"""

METADATA = {
    "id": "Trailcam.PackRefused",
    "log_types": ["Trailcam.Health"],
    "severity": "Low",
    "reference": "https://attack.mitre.org/techniques/T1562/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562"]},  # Impair Defenses
    "runbook": (
        "1. See all reasons with `trailcam packs list ID` within the day.\n"
        "2. Mend them, and see that `trailcam packs check` is content."
    ),
    "dedup_period_minutes": 60,
}


def rule(event):
    return event.get("kind") == "pack_refused"


def title(event):
    return f"new rules were refused: {event['message']}"


def dedup(event):
    return event["subject"]


TESTS = [
    {
        "name": "it is told",
        "expect": True,
        "sample": "Trailcam.Health/pack_refused",
        "severity": "LOW",
    },
    {
        "name": "another thing is told",
        "expect": False,
        "sample": "Trailcam.Health/rule_taken_off",
    },
    {
        "name": "a kind that begins so is another one",
        "expect": False,
        "sample": "Trailcam.Health/pack_refused",
        "override": {"kind": "pack_refused_again"},
    },
]
