"""The first rule of a project, complete with tests, and the module that it shares with rules to come."""

import json
from collections.abc import Mapping

from trailcam.app.project.named import HELPERS, RULES, Project

RULE_FILE = "access_key_made.py"


def files(project: Project) -> Mapping[str, str]:
    """Rule and helper, path to text."""
    return {f"{RULES}/{RULE_FILE}": _rule(project), f"{HELPERS}/{project.helper}.py": _HELPER}


def _rule(project: Project) -> str:
    return f'''\
"""An access key was made, which lasts until somebody takes it away.

Misses keys that were there before, and credentials that end by themselves. Expect noise where keys are made
by hand or by a rotation: name who does so under `expected` in trailcam.toml.
"""

from {project.helper} import arn, caller, fits

METADATA = {{
    "id": {json.dumps(project.rule_id, ensure_ascii=False)},
    "log_types": ["AWS.CloudTrail"],
    "severity": "Medium",
    "reference": "https://attack.mitre.org/techniques/T1098/001/",
    "reports": {{"MITRE ATT&CK": ["TA0003:T1098.001"]}},  # Additional Cloud Credentials
    "runbook": (
        "1. Within 15 minutes, ask the caller over another channel whether the key was meant.\\n"
        "2. If not: set the new key to inactive, then revoke the credentials that made it.\\n"
        "3. Within the hour, list what either of them did since, by the key's id and the address.\\n"
        "4. If it was meant and will be again: add the caller to `expected`."
    ),
}}

SETTINGS = {{
    # ARNs of those who make keys as their work; * stands for any text.
    "expected": [],
}}


def rule(event):
    return (
        event.get("eventSource") == "iam.amazonaws.com"
        and event.get("eventName") == "CreateAccessKey"
        and not event.get("errorCode")
        and not fits(arn(event), SETTINGS["expected"])
    )


def title(event):
    return f"{{caller(event)}} made an access key for {{owner(event)}}"


def dedup(event):
    return f"{{arn(event)}} {{owner(event)}}"


def severity(event):
    if event.deep_get("userIdentity", "type") == "Root":
        return "CRITICAL"
    return "DEFAULT" if owner(event) == caller(event) else "HIGH"


def alert_context(event):
    return {{
        "key": event.deep_get("responseElements", "accessKey", "accessKeyId"),
        "made_with": event.deep_get("userIdentity", "accessKeyId"),
        "address": event.get("sourceIPAddress"),
        "tool": event.get("userAgent"),
    }}


def owner(event):
    # Without a name in the request, IAM makes the key for the caller; the response always has the name.
    named = event.deep_get("responseElements", "accessKey", "userName")
    return named or event.deep_get("requestParameters", "userName", default=caller(event))


TESTS = [
    {{
        "name": "a user makes a key for another",
        "expect": True,
        "sample": "AWS.CloudTrail/create_user",
        "override": {{
            "eventName": "CreateAccessKey",
            "requestParameters": {{"userName": "bob"}},
            "responseElements": {{"accessKey": {{"userName": "bob", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"}}}},
        }},
        "title": "alice made an access key for bob",
        "severity": "High",
        "dedup": "arn:aws:iam::111122223333:user/alice bob",
    }},
    {{
        "name": "a user makes a second key for itself",
        "expect": True,
        "sample": "AWS.CloudTrail/create_user",
        "override": {{
            "eventName": "CreateAccessKey",
            "requestParameters": None,
            "responseElements": {{"accessKey": {{"userName": "alice"}}}},
        }},
        "title": "alice made an access key for alice",
        "severity": "Medium",
    }},
    {{
        "name": "root makes a key",
        "expect": True,
        "sample": "AWS.CloudTrail/create_user",
        "override": {{
            "eventName": "CreateAccessKey",
            "userIdentity": {{"type": "Root", "arn": "arn:aws:iam::111122223333:root"}},
            "requestParameters": None,
            "responseElements": None,
        }},
        "title": "Root made an access key for Root",
        "severity": "Critical",
    }},
    {{
        "name": "it is tried and refused",
        "expect": False,
        "sample": "AWS.CloudTrail/create_user",
        "override": {{"eventName": "CreateAccessKey", "errorCode": "AccessDenied"}},
    }},
    {{
        "name": "the caller is expected to make keys",
        "expect": False,
        "settings": {{"expected": ["arn:aws:iam::*:user/alice"]}},
        "sample": "AWS.CloudTrail/create_user",
        "override": {{"eventName": "CreateAccessKey"}},
    }},
    {{
        "name": "keys are only listed",
        "expect": False,
        "sample": "AWS.CloudTrail/create_user",
        "override": {{"eventName": "ListAccessKeys"}},
    }},
]
'''


_HELPER = '''\
"""Who made a call. Rules import this module by its name, so another pack must have none of that name."""

import fnmatch


def arn(event):
    """The ARN of the caller; empty where the record has none."""
    value = event.deep_get("userIdentity", "arn")
    return value if isinstance(value, str) else ""


def caller(event):
    """The caller in short: a user, a role with its session, or else the kind of caller."""
    name = arn(event).rpartition(":")[2].partition("/")[2]
    return name or str(event.deep_get("userIdentity", "type", default="somebody"))


def fits(text, patterns):
    """Whether a text is one of these; * stands for any text."""
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)
'''
