"""Clients of servers that tests start, and what a process must know to reach them."""

from typing import Any

import boto3
from botocore.config import Config
from obstore.store import S3Store

KEY = "test"
"""Both halves of it: the access key and its secret."""
REGION = "eu-central-1"


def client(service: str, endpoint: str, *, key: str = KEY, read_seconds: float = 30) -> Any:
    """A client of boto3 that tries once and gives up soon; close it, or its sockets warn."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=key,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=read_seconds,
            max_pool_connections=32,
            s3={"addressing_style": "path"},
        ),
    )


def store(endpoint: str, bucket: str) -> S3Store:
    """A client for many objects of a bucket: three times as fast as that of boto3."""
    return S3Store(
        bucket,
        endpoint=endpoint,
        region=REGION,
        access_key_id=KEY,
        secret_access_key=KEY,
        client_options={"allow_http": True},
    )


def credentials(*, key: str = KEY) -> dict[str, str]:
    """Variables by which libraries of AWS find region and credentials, and look for them nowhere else."""
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
