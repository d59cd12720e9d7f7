"""IAM user created."""

METADATA = {"id": "Bench.CreateUser", "log_types": ["AWS.CloudTrail"], "severity": "LOW", "threshold": 3}


def rule(event):
    return event.get("eventSource") == "iam.amazonaws.com" and event.get("eventName") == "CreateUser"


def dedup(event):
    return event.get("recipientAccountId", "")


def unique(event):
    return event.get("sourceIPAddress", "")
