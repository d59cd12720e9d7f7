"""Rules over a trail, and what an undisturbed run makes of it: what every other way to read it must come to."""

from pathlib import Path
from typing import Any

from tests.kept import everything
from tests.servers.trail import Trail
from tests.support import trailcam

RULES = {
    "Denied.Often": """
METADATA = {"id": "Denied.Often", "log_types": ["AWS.CloudTrail"], "severity": "Medium", "threshold": 3}
def rule(event):
    return event.get("errorCode") == "AccessDenied"
def dedup(event):
    return event.deep_get("userIdentity", "arn")
def title(event):
    return f"{event.deep_get('userIdentity', 'arn')} is denied again and again"
""",
    "Trail.Stopped": """
METADATA = {"id": "Trail.Stopped", "log_types": ["AWS.CloudTrail"], "severity": "High"}
def rule(event):
    return event.get("eventName") == "StopLogging"
def title(event):
    return f"a trail is stopped in {event['recipientAccountId']}"
""",
    "Many.Addresses": """
METADATA = {
    "id": "Many.Addresses", "log_types": ["AWS.CloudTrail"], "severity": "Low",
    "threshold": 3, "dedup_period_minutes": 180,
}
def rule(event):
    return event.get("eventName") == "ConsoleLogin"
def unique(event):
    return event["sourceIPAddress"]
def dedup(event):
    return event.deep_get("userIdentity", "arn")
""",
}
"""4 % of the events with a threshold for each user, all of a rare name, and addresses that are counted once."""


def write_detections(folder: Path) -> Path:
    """The rules as a pack."""
    folder.mkdir(parents=True, exist_ok=True)
    for rule_id, body in RULES.items():
        (folder / f"{rule_id.lower().replace('.', '_')}.py").write_text(body)
    return folder


def undisturbed(trail: Trail, folder: Path) -> dict[str, Any]:
    """What a home holds after one run over the trail as local files, with these rules; all of it lies in the folder."""
    logs, rules = trail.write(folder / "logs"), write_detections(folder / "rules")
    done = trailcam("run", logs, "--packs", rules, "--home", folder / "undisturbed")
    assert done.returncode == 0, done.stderr
    return everything(folder / "undisturbed")
