"""Reads objects of S3 and of servers that speak like it.

Objects are read by obstore, a fifth of the processor time that boto3 takes for it; what obstore cannot name
(keys with empty parts, dots for parts, control characters) by boto3, and so are listings, for one such key
would spoil a listing of obstore's.
"""

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from trailcam.contracts.source import Blob, NotFetched
from trailcam.errors import Problem, WorldError, cannot_write, code
from trailcam.model.origin import Origin
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros
from trailcam.sources.aws import world_error
from trailcam.sources.fetched import IN_MEMORY_BYTES, Fetched
from trailcam.sources.files import time_in_name
from trailcam.sources.s3_answers import by_boto3, by_obstore, replaced, unreachable
from trailcam.sources.s3_notifications import S3Object

PART_BYTES = 8 << 20
"""Large objects are read in parts, each with a time-out of its own."""

_LARGE_BYTES = 1 << 30
_FULL_BY = 4
"""Who may write to a bucket must not fill our disk: a large object may take this part of what is free."""

_TIMEOUT_SECONDS = 60
_CONNECT_SECONDS = 10
_RETRIES = 3
_ODD = re.compile(r"^/|/$|//|(^|/)\.\.?(/|$)|[\x00-\x1f\x7f]")
"""Keys that obstore refuses, or worse, takes for others: it leaves out slashes at either end."""

_PAGE_KEYS = 1_000
_NO_REGION = "redirect without LOCATION"


class _Read(NamedTuple):
    """A part of an object with what S3 says of the whole."""

    data: bytes
    etag: str
    modified: datetime
    size_bytes: int


class Objects:
    """Objects as one session sees them, for the source `name`; `endpoint` is another server than AWS's."""

    def __init__(self, session: Any, *, name: str, endpoint: str = "") -> None:
        self._session = session
        self._name = name
        self._endpoint = endpoint or _endpoint_of_environment()
        self._stores: dict[tuple[str, str], Any] = {}
        self._client: Any = None
        self._lock = threading.Lock()

    def fetch(self, it: S3Object, *, spool: Path) -> Blob:
        """An object, at hand; that version of it which was announced, where the bucket keeps versions.

        Raises:
            NotFetched: TC0416 it is gone, TC0417 refused, TC0418 another one lies there now, TC0419 it would
                fill the disk.
            WorldError: TC0801, TC0802; the spool cannot be written.
        """
        first = self._read(it, 0)
        if not first.etag or it.etag not in ("", first.etag):
            raise replaced(it)
        it = replace(it, etag=first.etag, size_bytes=first.size_bytes)  # CloudTrail announces names alone
        if len(first.data) >= first.size_bytes <= IN_MEMORY_BYTES:
            return Fetched(origin=self._origin(it, first), data=first.data)
        return self._spooled(it, first, spool)

    def close(self) -> None:
        """Lets go of what is open."""
        with self._lock:
            if self._client is not None:
                self._client.close()

    def client(self) -> Any:
        """boto3's client of S3."""
        from botocore.config import Config  # noqa: PLC0415  # with boto3

        with self._lock:
            if self._client is None:
                config = Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_TIMEOUT_SECONDS,
                    retries={"max_attempts": _RETRIES, "mode": "standard"},
                    s3={"addressing_style": "path"} if self._endpoint else None,
                )
                self._client = self._session.client("s3", endpoint_url=self._endpoint or None, config=config)
            return self._client

    def listed(self, bucket: str, prefix: str) -> Iterator[S3Object]:
        """The objects under a prefix by key; a page of 1,000 at a time.

        Raises:
            WorldError: TC0801, TC0802.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        token: dict[str, str] = {}
        while True:
            try:
                page = self.client().list_objects_v2(
                    Bucket=bucket, Prefix=prefix, MaxKeys=_PAGE_KEYS, **token
                )
            except (BotoCoreError, ClientError) as error:
                raise world_error(error, what=f"s3://{bucket}/{prefix} cannot be listed") from None
            yield from (of_listing(bucket, entry) for entry in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def level(self, bucket: str, prefix: str, *, begins: str = "") -> tuple[list[str], list[S3Object]]:
        """What lies right below a prefix that is empty or ends in `/`: the names of folders, and the objects.

        With `begins`, only what begins so.

        Raises:
            WorldError: TC0801, TC0802.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        folders: list[str] = []
        objects: list[S3Object] = []
        try:
            pages = self.client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}{begins}", Delimiter="/"):
                folders += [it["Prefix"][len(prefix) : -1] for it in page.get("CommonPrefixes", ())]
                objects += [of_listing(bucket, entry) for entry in page.get("Contents", ())]
        except (BotoCoreError, ClientError) as error:
            raise world_error(error, what=f"s3://{bucket}/{prefix} cannot be listed") from None
        return sorted(folders), objects

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Writes a small object.

        Raises:
            WorldError: TC0801, TC0802.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        try:
            self.client().put_object(Bucket=bucket, Key=key, Body=data)
        except (BotoCoreError, ClientError) as error:
            raise world_error(error, what=f"s3://{bucket}/{key} cannot be written") from None

    # -- one object --------------------------------------------------------------------------------------

    def _origin(self, it: S3Object, read: _Read) -> Origin:
        name = storable(it.name)
        named = time_in_name(it.key.rpartition("/")[2])
        modified = Micros((read.modified - _EPOCH) // timedelta(microseconds=1))
        return Origin(
            id=storable(it.origin_id or ""),
            name=name,
            source_id=self._name,
            source_label=self._name,
            size_bytes=read.size_bytes,
            fallback_time=modified if named is None else named,
        )

    def _spooled(self, it: S3Object, first: _Read, spool: Path) -> Blob:
        part = first
        read = 0
        copy: Path | None = None
        _must_fit(it, spool)
        try:
            with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
                copy = Path(file.name)
                while True:
                    file.write(part.data)
                    read += len(part.data)
                    if read >= first.size_bytes:
                        break
                    part = self._next(it, read)
            return Fetched(origin=self._origin(it, first), path=copy)
        except OSError as error:
            _remove(copy)
            raise cannot_write(error, f"a copy of {it.name} to read it from", path=spool) from None
        except BaseException:
            _remove(copy)
            raise

    def _next(self, it: S3Object, start: int) -> _Read:
        part = self._read(it, start)
        if not part.data:
            raise unreachable(it, f"nothing comes after {start} of {it.size_bytes} bytes")
        return part

    def _read(self, it: S3Object, start: int) -> _Read:
        """An object from a byte on: whole where it is small, else a part of it."""
        import obstore  # noqa: PLC0415  # only where objects are read
        from obstore import exceptions as refused  # noqa: PLC0415  # the same

        options: dict[str, Any] = {}
        if it.version:
            options["version"] = it.version
        elif it.etag:
            options["if_match"] = f'"{it.etag}"'
        if start or it.size_bytes > PART_BYTES:
            options["range"] = (start, start + PART_BYTES)
        if _ODD.search(it.key):
            return self._read_odd(it, options)
        try:
            result = obstore.get(self._store(it.bucket, it.region), it.key, options=cast(Any, options))
            meta = result.meta
            if meta["size"] > PART_BYTES and "range" not in options:  # it was announced as smaller
                return self._read(replace(it, size_bytes=meta["size"]), start)
            etag = str(meta["e_tag"] or "").strip('"')
            return _Read(bytes(result.bytes()), etag, meta["last_modified"], meta["size"])
        except (refused.InvalidPathError, ValueError):
            return self._read_odd(it, options)
        except (refused.BaseError, TimeoutError, OSError) as error:
            if _NO_REGION in str(error):  # boto3 finds out where a bucket is
                return self._read_odd(it, options)
            raise by_obstore(it, error) from None

    def _read_odd(self, it: S3Object, options: dict[str, Any]) -> _Read:
        """The same by boto3, which takes every key that S3 takes."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # with boto3

        asked: dict[str, Any] = {"Bucket": it.bucket, "Key": it.key}
        if "version" in options:
            asked["VersionId"] = options["version"]
        if "if_match" in options:
            asked["IfMatch"] = options["if_match"]
        if "range" in options:
            asked["Range"] = f"bytes={options['range'][0]}-{options['range'][1] - 1}"
        try:
            answer = self.client().get_object(**asked)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > PART_BYTES and "range" not in options:
                    return self._read_odd(it, {**options, "range": (0, PART_BYTES)})
                data = body.read()
        except ClientError as error:
            if error.operation_name != "GetObject":  # a role cannot be assumed: nothing is said of the object
                raise world_error(error, what=f"{it.name} cannot be read") from None
            raise by_boto3(it, error.response) from None
        except (BotoCoreError, OSError) as error:
            raise world_error(error, what=f"{it.name} cannot be read") from None
        of_range = answer.get("ContentRange", "").rpartition("/")[2]
        size = int(of_range) if of_range.isdigit() else answer["ContentLength"]
        return _Read(data, answer["ETag"].strip('"'), answer["LastModified"], size)

    def _store(self, bucket: str, region: str) -> Any:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # with boto3
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415  # with obstore
        from obstore.store import S3Store  # noqa: PLC0415  # the same

        with self._lock:
            store = self._stores.get((bucket, region))
            if store is None:
                options: dict[str, Any] = {"region": region or self._session.region_name or "us-east-1"}
                if self._endpoint:
                    options |= {"endpoint": self._endpoint, "virtual_hosted_style_request": False}
                try:
                    found = self._session.get_credentials()
                except BotoCoreError as error:
                    raise world_error(error, what=f"s3://{bucket} cannot be read") from None
                if found is None:
                    message = f"there are no credentials to read s3://{bucket} with"
                    raise WorldError(Problem(code=code("source_refused"), message=message))
                store = self._stores[bucket, region] = S3Store(
                    bucket,
                    credential_provider=Boto3CredentialProvider(self._session, ttl=_CREDENTIALS_ASKED_AFTER),
                    client_options={
                        "timeout": timedelta(seconds=_TIMEOUT_SECONDS),
                        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                        "allow_http": self._endpoint.startswith("http:"),
                    },
                    retry_config={
                        "max_retries": _RETRIES,
                        "retry_timeout": timedelta(seconds=_TIMEOUT_SECONDS),
                    },
                    **options,
                )
            return store


def _endpoint_of_environment() -> str:
    """boto3 obeys these variables by itself; obstore has to be told.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html, read 2026-11-28.
    """
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return ""
    return os.environ.get("AWS_ENDPOINT_URL_S3", "") or os.environ.get("AWS_ENDPOINT_URL", "")


def of_listing(bucket: str, entry: dict[str, Any]) -> S3Object:
    """An object as an entry of ListObjectsV2 tells it."""
    return S3Object(
        bucket=bucket,
        key=entry["Key"],
        etag=entry["ETag"].strip('"'),
        size_bytes=entry["Size"],
        written_at=entry["LastModified"],
    )


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_CREDENTIALS_ASKED_AFTER = timedelta(minutes=5)
"""boto3 renews them by itself; obstore asks it so often."""


def _must_fit(it: S3Object, spool: Path) -> None:
    with suppress(OSError):  # writing there tells
        if it.size_bytes > max(_LARGE_BYTES, shutil.disk_usage(spool).free // _FULL_BY):
            detail = f"{it.name} has {it.size_bytes:,} bytes, too many for the disk of the home"
            raise NotFetched(code("object_too_large"), detail)


def _remove(copy: Path | None) -> None:
    if copy is not None:
        with suppress(OSError):
            copy.unlink(missing_ok=True)
