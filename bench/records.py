"""CloudTrail records in packed files, made from a seed: the same seed gives the same bytes."""

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_CALLS = (
    ("ec2.amazonaws.com", "DescribeInstances", 30),
    ("s3.amazonaws.com", "GetObject", 25),
    ("sts.amazonaws.com", "AssumeRole", 15),
    ("kms.amazonaws.com", "Decrypt", 12),
    ("iam.amazonaws.com", "GetRole", 8),
    ("cloudformation.amazonaws.com", "DescribeStacks", 5),
    ("ec2.amazonaws.com", "RunInstances", 3),
    ("iam.amazonaws.com", "CreateUser", 1),
    ("signin.amazonaws.com", "ConsoleLogin", 1),
)
_ACCOUNTS = ("111122223333", "444455556666", "123456789012")
_REGIONS = ("eu-west-1", "us-east-1", "us-west-2")


def records(events: int, *, seed: int) -> Iterator[dict[str, Any]]:
    """Records of about 1.4 kB over six hours, in no particular order."""
    rng = random.Random(seed)
    weights = [weight for _, _, weight in _CALLS]
    for _ in range(events):
        source, name, _ = rng.choices(_CALLS, weights)[0]
        account, region = rng.choice(_ACCOUNTS), rng.choice(_REGIONS)
        second = rng.randrange(6 * 3600)
        role = f"service-{rng.randrange(40)}"
        session = f"i-{rng.getrandbits(68):017x}"
        yield {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"AROA{rng.getrandbits(60):015X}:{session}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
                "accountId": account,
                "accessKeyId": f"ASIA{rng.getrandbits(64):016X}",
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": f"AROA{rng.getrandbits(60):015X}",
                        "arn": f"arn:aws:iam::{account}:role/{role}",
                        "accountId": account,
                        "userName": role,
                    },
                    "attributes": {"creationDate": "2026-03-01T09:00:00Z", "mfaAuthenticated": "false"},
                },
            },
            "eventTime": f"2026-03-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
            "eventSource": source,
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": f"198.51.100.{rng.randrange(1, 255)}",
            "userAgent": f"aws-sdk-go-v2/1.{rng.randrange(30)}.0 os/linux lang/go#1.22 md/GOARCH#amd64",
            "requestParameters": {
                "bucketName": f"bucket-{rng.randrange(60)}",
                "key": f"year=2026/part-{rng.randrange(10_000)}.parquet",
                "Host": f"bucket.s3.{region}.amazonaws.com",
            },
            "responseElements": None,
            "additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredOut": rng.randrange(10**6)},
            "requestID": f"{rng.getrandbits(64):016X}",
            "eventID": f"{rng.getrandbits(128):032x}",
            "readOnly": not name.startswith(("Run", "Create")),
            "resources": [
                {
                    "accountId": account,
                    "type": "AWS::S3::Bucket",
                    "ARN": f"arn:aws:s3:::bucket-{rng.randrange(60)}",
                }
            ],
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
            "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
        }


def write(folder: Path, *, events: int, seed: int, per_file: int = 60) -> int:
    """Packed envelopes of `per_file` records; how many bytes the records have."""
    size = 0
    chunk: list[bytes] = []
    made = (json.dumps(record, separators=(",", ":")).encode() for record in records(events, seed=seed))
    for number, raw in enumerate(made, 1):
        chunk.append(raw)
        size += len(raw)
        if len(chunk) == per_file or number == events:
            body = b'{"Records":[' + b",".join(chunk) + b"]}"
            (folder / f"{number:08}.json.gz").write_bytes(gzip.compress(body, mtime=0))
            chunk = []
    return size
