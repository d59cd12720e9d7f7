"""Console login without MFA."""

METADATA = {"id": "Bench.ConsoleLogin", "log_types": ["AWS.CloudTrail"], "severity": "MEDIUM"}


def rule(event):
    if event.get("eventName") != "ConsoleLogin":
        return False
    return event.deep_get("additionalEventData", "MFAUsed") != "Yes"


def title(event):
    return f"Console login without MFA in {event.get('recipientAccountId')}"
