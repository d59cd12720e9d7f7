"""Somebody reached into a sensitive S3 bucket.

Sees what CloudTrail writes of it: calls on objects only where data events are on for the bucket.
Misses copies that a replication rule makes. Expect noise from jobs that work on such a bucket every day:
name them in `trusted`.
"""

from aws_top5_words import actor, failed, fits, principal

METADATA = {
    "id": "Top5.SensitiveBucket",
    "log_types": ["AWS.CloudTrail"],
    "severity": "High",
    "reference": "https://attack.mitre.org/techniques/T1530/",
    "reports": {
        "MITRE ATT&CK": ["TA0009:T1530", "TA0040:T1485"]
    },  # Data from Cloud Storage, Data Destruction
    "runbook": (
        "1. Within 15 minutes, ask the owner of the bucket whether the actor had a reason to be there.\n"
        "2. If not: revoke the actor's sessions and keys, and deny them in the bucket's policy.\n"
        "3. Within the hour, list the keys that were read, written or deleted, and the bytes that went out.\n"
        "4. Bring deleted objects back from their versions; tell whoever is answerable for the data."
    ),
}

SETTINGS = {
    # Buckets, by name; * stands for any text.
    "buckets": ["*payroll*", "*customer-data*", "*confidential*", "*secret*", "*backup*"],
    # ARNs of those who work there every day.
    "trusted": [],
    "reading": ["GET", "GetObject", "GetObjectTorrent", "SelectObjectContent", "RestoreObject"],
    "writing": [
        "PUT",
        "PutObject",
        "CopyObject",
        "CreateMultipartUpload",
        "UploadPart",
        "UploadPartCopy",
        "CompleteMultipartUpload",
        "PutObjectAcl",
        "PutBucketAcl",
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "DeleteBucketPublicAccessBlock",
        "PutBucketPublicAccessBlock",
        "PutBucketReplication",
    ],
    "deleting": ["DeleteObject", "DeleteObjects", "DeleteBucket"],
}

WORDS = {
    "reading": ("read from", "read from"),
    "writing": ("write to", "wrote to"),
    "deleting": ("delete from", "deleted from"),
}


def rule(event):
    if event.get("eventSource") != "s3.amazonaws.com" or event.get("eventType") != "AwsApiCall":
        return False
    if event.deep_get("userIdentity", "type") == "AWSService":
        return False
    if fits(event.deep_get("userIdentity", "arn"), SETTINGS["trusted"]):
        return False
    return action(event) != "" and bucket(event) != ""


def title(event):
    verb, done = WORDS[action(event)]
    said = f"tried to {verb}" if failed(event) else done
    return f"{actor(event)} {said} the sensitive bucket {bucket(event)}"


def dedup(event):
    return f"{bucket(event)} {action(event)} {principal(event)} {failed(event)}"


def severity(event):
    return "LOW" if failed(event) else "DEFAULT"


def alert_context(event):
    return {
        "bucket": bucket(event),
        "key": event.deep_get("requestParameters", "key"),
        "actor": event.deep_get("userIdentity", "arn"),
        "address": event.get("sourceIPAddress"),
        "bytes_out": event.deep_get("additionalEventData", "bytesTransferredOut"),
        "error": event.get("errorCode"),
    }


def action(event):
    """The setting that has the call; a copy out of the bucket is reading. Empty for other calls."""
    for name in WORDS:
        if event.get("eventName") in SETTINGS[name]:
            return "reading" if name == "writing" and not _is_target(event) else name
    return ""


def bucket(event):
    """The sensitive bucket that the call names, as its target or as the source of a copy; or empty."""
    name = event.deep_get("requestParameters", "bucketName")
    if fits(name, SETTINGS["buckets"]):
        return name
    source = event.deep_get("requestParameters", "x-amz-copy-source")
    name = source.lstrip("/").partition("/")[0] if isinstance(source, str) else ""
    return name if fits(name, SETTINGS["buckets"]) else ""


def _is_target(event):
    return fits(event.deep_get("requestParameters", "bucketName"), SETTINGS["buckets"])


TESTS = [
    {
        "name": "an object of a sensitive bucket is read",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "example-payroll"},
    },
    {
        "name": "an object of a sensitive bucket is copied into another",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "CopyObject",
            "requestParameters.bucketName": "example-outside",
            "requestParameters.x-amz-copy-source": "/example-payroll/2024/05.csv",
        },
    },
    {
        "name": "reading is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "example-payroll", "errorCode": "AccessDenied"},
    },
    {
        "name": "a bucket is told by its name alone, with the names of HTTP for calls",
        "expect": True,
        "settings": {"buckets": ["ledger"]},
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventName": "PUT", "requestParameters.bucketName": "ledger"},
    },
    {
        "name": "another bucket is read",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
    },
    {
        "name": "somebody asks where the bucket is",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventName": "GetBucketLocation", "requestParameters.bucketName": "example-payroll"},
    },
    {
        "name": "a trusted role does its work",
        "expect": False,
        "settings": {"trusted": ["arn:aws:sts::111122223333:assumed-role/ReportReader/*"]},
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "example-payroll"},
    },
    {
        "name": "a service of AWS writes on its own",
        "expect": False,
        "sample": "AWS.CloudTrail/put_object",
        "override": {"userIdentity.type": "AWSService", "requestParameters.bucketName": "example-backup"},
    },
]
