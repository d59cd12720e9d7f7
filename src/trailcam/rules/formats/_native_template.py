"""What a new rule in Trailcam's own form looks like."""

import json


def template(rule_id: str, stem: str) -> dict[str, str]:
    """A new rule of this id: file name to text. Its first test fails until `rule` is written."""
    return {
        f"{stem}.py": f'''\
"""Say in one sentence what happened.

Say what the rule misses, and which noise to expect.
"""

METADATA = {{
    "id": {json.dumps(rule_id, ensure_ascii=False)},
    "log_types": ["AWS.CloudTrail"],
    "severity": "Medium",  # Info, Low, Medium, High, Critical
}}


def rule(event):
    # True for the events it is for, such as: event.get("eventName") == "StopLogging"
    return False


TESTS = [
    {{
        "name": "it fires on what it is for",
        "expect": True,
        "sample": "AWS.CloudTrail/stop_logging",
    }},
    {{
        "name": "it is quiet on a near miss",
        "expect": False,
        "sample": "AWS.CloudTrail/stop_logging",
        "override": {{"eventName": "StartLogging"}},
    }},
]
'''
    }
