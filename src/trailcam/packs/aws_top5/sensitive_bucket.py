"""Somebody reached into a sensitive S3 bucket.

Sees what CloudTrail writes of it, by the name of the bucket or an alias of one of its access points: calls on
objects only where data events are on for the bucket. Misses copies that a replication rule makes. Expect
noise from jobs that work on such a bucket every day: name them in `trusted`.
"""

from urllib.parse import unquote

from aws_top5_words import actor, failed, fits, principal, text, texts

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
        "RenameObject",
    ],
    "deleting": ["DeleteObject", "DeleteObjects", "DeleteBucket"],
    # Who may reach it, how it is kept, and where else its objects go.
    "changing": [
        "PutObjectAcl",
        "PutBucketAcl",
        "PutBucketPolicy",
        "DeleteBucketPolicy",
        "PutBucketPublicAccessBlock",
        "DeleteBucketPublicAccessBlock",
        "PutBucketOwnershipControls",
        "DeleteBucketOwnershipControls",
        "PutBucketCors",
        "PutBucketWebsite",
        "PutBucketReplication",
        "DeleteBucketReplication",
        "PutBucketInventoryConfiguration",
        "PutBucketLogging",
        "PutBucketLifecycle",
        "DeleteBucketLifecycle",
        "PutBucketObjectLockConfiguration",
        "PutBucketNotification",
        "PutBucketVersioning",
        "PutBucketEncryption",
        "DeleteBucketEncryption",
    ],
}

COPYING = ("CopyObject", "UploadPartCopy")
SOURCES = ("s3.amazonaws.com", "s3express.amazonaws.com")

WORDS = {
    "reading": ("read from", "read from"),
    "writing": ("write to", "wrote to"),
    "deleting": ("delete from", "deleted from"),
    "changing": ("change the settings of", "changed the settings of"),
}


def rule(event):
    if event.get("eventSource") not in SOURCES or event.get("eventType") != "AwsApiCall":
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
            asked = text(event, "requestParameters", "bucketName")
            out = event.get("eventName") in COPYING and not fits(asked, SETTINGS["buckets"])
            return "reading" if out else name
    return ""


def bucket(event):
    """The sensitive bucket that the call names, works on under another name, or copies from; else empty."""
    names = [text(event, "requestParameters", "bucketName")]
    names += [arn.partition(":::")[2].partition("/")[0] for arn in texts(event, "resources", "ARN")]
    if event.get("eventName") in COPYING:
        copied = unquote(text(event, "requestParameters", "x-amz-copy-source"))
        names.append(copied.lstrip("/").partition("/")[0])
    return next((name for name in names if fits(name, SETTINGS["buckets"])), "")


TESTS = [
    {
        "name": "an object of a sensitive bucket is read",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "example-payroll"},
        "severity": "High",
        "title": "ReportReader/nightly-report read from the sensitive bucket example-payroll",
        "dedup": "example-payroll reading arn:aws:sts::111122223333:assumed-role/ReportReader False",
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
        "severity": "High",
        "title": "alice read from the sensitive bucket example-payroll",
    },
    {
        "name": "a part of it is copied, the source quoted as in a URL",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "UploadPartCopy",
            "requestParameters.bucketName": "example-outside",
            "requestParameters.x-amz-copy-source": "%65xample-payroll%2F2024%2F05.csv",
        },
        "title": "alice read from the sensitive bucket example-payroll",
    },
    {
        "name": "an object is copied into a sensitive bucket",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "CopyObject",
            "requestParameters.bucketName": "example-payroll",
            "requestParameters.x-amz-copy-source": "example-outside/05.csv",
        },
        "title": "alice wrote to the sensitive bucket example-payroll",
    },
    {
        "name": "an object is read through an access point",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "requestParameters.bucketName": "reports-abcd1234-s3alias",
            "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::example-payroll/2024/05.csv"}],
        },
        "title": "ReportReader/nightly-report read from the sensitive bucket example-payroll",
    },
    {
        "name": "a sensitive bucket is copied out of, and CloudTrail names both buckets",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "CopyObject",
            "requestParameters.bucketName": "example-outside",
            "requestParameters.x-amz-copy-source": "example-payroll/05.csv",
            "resources": [
                {"ARN": "arn:aws:s3:::example-outside/x"},
                {"ARN": "arn:aws:s3:::example-payroll/05.csv"},
            ],
        },
        "title": "alice read from the sensitive bucket example-payroll",
    },
    {
        "name": "an object is copied out through an access point",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "CopyObject",
            "requestParameters.bucketName": "example-outside",
            "requestParameters.x-amz-copy-source": "reports-abcd1234-s3alias/05.csv",
            "resources": [
                {"ARN": "arn:aws:s3:::example-outside/x"},
                {"ARN": "arn:aws:s3:::example-payroll/05.csv"},
            ],
        },
        "title": "alice read from the sensitive bucket example-payroll",
    },
    {
        "name": "a call that copies nothing names a source",
        "expect": False,
        "sample": "AWS.CloudTrail/put_object",
        "override": {"requestParameters.x-amz-copy-source": "example-payroll/05.csv"},
    },
    {
        "name": "reading is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "example-payroll", "errorCode": "AccessDenied"},
        "severity": "Low",
        "title": "ReportReader/nightly-report tried to read from the sensitive bucket example-payroll",
        "dedup": "example-payroll reading arn:aws:sts::111122223333:assumed-role/ReportReader True",
    },
    {
        "name": "objects are deleted",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {"eventName": "DeleteObjects", "requestParameters.bucketName": "example-payroll"},
        "severity": "High",
        "title": "alice deleted from the sensitive bucket example-payroll",
    },
    {
        "name": "a rule that deletes everything is put on it",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {"eventName": "PutBucketLifecycle", "requestParameters.bucketName": "example-payroll"},
        "severity": "High",
        "title": "alice changed the settings of the sensitive bucket example-payroll",
    },
    {
        "name": "an object of a directory bucket is read by nobody known",
        "expect": True,
        "settings": {"buckets": ["payroll--use1-az4--x-s3"]},
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "s3express.amazonaws.com",
            "userIdentity": {"type": "AWSAccount", "accountId": "anonymous"},
            "requestParameters.bucketName": "payroll--use1-az4--x-s3",
        },
        "title": "account anonymous read from the sensitive bucket payroll--use1-az4--x-s3",
        "dedup": "payroll--use1-az4--x-s3 reading account anonymous AWSAccount False",
    },
    {
        "name": "a bucket is told by its name alone, with the names of HTTP for calls",
        "expect": True,
        "settings": {"buckets": ["ledger"]},
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventName": "PUT", "requestParameters.bucketName": "ledger"},
        "title": "ReportReader/nightly-report wrote to the sensitive bucket ledger",
    },
    {
        "name": "writing is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {"requestParameters.bucketName": "example-payroll", "errorCode": "AccessDenied"},
        "severity": "Low",
        "title": "alice tried to write to the sensitive bucket example-payroll",
    },
    {
        "name": "deleting is tried and fails",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "DeleteBucket",
            "requestParameters.bucketName": "example-payroll",
            "errorCode": "BucketNotEmpty",
        },
        "title": "alice tried to delete from the sensitive bucket example-payroll",
    },
    {
        "name": "opening the bucket to others is tried and refused",
        "expect": True,
        "sample": "AWS.CloudTrail/put_object",
        "override": {
            "eventName": "PutBucketPolicy",
            "requestParameters.bucketName": "example-payroll",
            "errorCode": "AccessDenied",
        },
        "title": "alice tried to change the settings of the sensitive bucket example-payroll",
    },
    {
        "name": "another service has a call of the same name",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {
            "eventSource": "example.amazonaws.com",
            "requestParameters.bucketName": "example-payroll",
        },
    },
    {
        "name": "S3 itself tells of something",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventType": "AwsServiceEvent", "requestParameters.bucketName": "example-payroll"},
    },
    {
        "name": "another bucket is read",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
    },
    {
        "name": "a bucket is named by a word, and another begins with it",
        "expect": False,
        "settings": {"buckets": ["ledger"]},
        "sample": "AWS.CloudTrail/get_object",
        "override": {"requestParameters.bucketName": "ledger-public"},
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
    {
        "name": "a call whose name is no text",
        "expect": False,
        "sample": "AWS.CloudTrail/get_object",
        "override": {"eventName": ["GetObject"], "requestParameters.bucketName": "example-payroll"},
    },
]
