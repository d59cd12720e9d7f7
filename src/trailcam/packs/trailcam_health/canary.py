"""A canary came out: an event that Trailcam itself has planted went the whole way to this alert.

One alert a day and source. When it does not come, Trailcam.CanaryMissed is the alert.
"""

METADATA = {
    "id": "Trailcam.Canary",
    "log_types": ["AWS.CloudTrail"],
    "severity": "Info",
    "reference": "https://attack.mitre.org/techniques/T1562/008/",
    "reports": {"MITRE ATT&CK": ["TA0005:T1562.008"]},  # Disable or Modify Cloud Logs
    "runbook": (
        "1. Nothing is to be done: the way from the source to here works.\n"
        "2. If nobody has set up canaries, find out within the day who writes to the bucket."
    ),
    "dedup_period_minutes": 1440,
}


def rule(event):
    return event.get("eventSource") == "canary.trailcam" and event.get("eventName") == "PlantCanary"


def title(event):
    return f"the canary of {event.deep_get('requestParameters', 'source', default='a source')} came out"


def dedup(event):
    return event.deep_get("requestParameters", "source", default="")


TESTS = [
    {
        "name": "a canary",
        "expect": True,
        "sample": "AWS.CloudTrail/stop_logging",
        "override": {
            "eventSource": "canary.trailcam",
            "eventName": "PlantCanary",
            "requestParameters": {"source": "trail"},
        },
        "title": "the canary of trail came out",
        "dedup": "trail",
    },
    {
        "name": "another call of that name",
        "expect": False,
        "sample": "AWS.CloudTrail/stop_logging",
        "override": {
            "eventSource": "zoo.example.com",
            "eventName": "PlantCanary",
            "requestParameters": {"source": "trail"},
        },
    },
    {
        "name": "another call",
        "expect": False,
        "sample": "AWS.CloudTrail/stop_logging",
    },
]
