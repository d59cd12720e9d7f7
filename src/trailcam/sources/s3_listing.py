"""Lists what lies in a bucket, of some accounts, regions and days only, where keys tell them as AWS does.

AWS writes logs to `AWSLogs/[o-organisation/]account/service/region/year/month/day/file`; other keys are
listed too, and told by the time in their names or at which they were written.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html,
read 2026-11-28.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.text import storable
from trailcam.sources.files import time_in_name
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d{1,2}")
_YEAR = re.compile(r"(19|20)\d\d")
_DAY = re.compile(r"/?(\d{4})/(\d{1,2})/(\d{1,2})/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a bucket is wanted; empty accounts or regions are all of them.

    `since` and `until` are days, both included: those in keys, which are days of delivery. An event may be
    some minutes older than its file.
    """

    accounts: Collection[str] = ()
    regions: Collection[str] = ()
    since: date | None = None
    until: date | None = None

    def holds(self, day: date | None) -> bool:
        """Whether a day is wanted; what tells no day is."""
        if day is None:
            return True
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """The two parts of `s3://bucket/prefix`.

    Raises:
        TrailcamError: TC0104 it is no such URL.
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        message = f'"{url}" is no place in S3'
        hint = "say s3://BUCKET or s3://BUCKET/PREFIX"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    return bucket, prefix


def object_of(name: str, origin_id: str) -> S3Object:
    """The object that an origin is, with the etag that its identity tells, if any.

    >>> object_of("s3://trail/a.gz", "s3://trail/a.gz#0f").etag
    '0f'
    """
    bucket, key = bucket_and_prefix(name)
    known = f"{storable(name)}#"
    etag = origin_id.removeprefix(known) if origin_id.startswith(known) else ""
    return S3Object(bucket=bucket, key=key, etag=etag)


def fits(key: str, wanted: Wanted) -> bool:
    """Whether a listing of what is wanted shows the object of a key, as far as the key tells.

    Where days are wanted, a key that tells none does not fit.

    >>> fits("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/a.gz", Wanted(regions=["us-east-1"]))
    False
    """
    folders = key.split("/")[:-1]
    if not all(_is_wanted(name, wanted) for name in folders):
        return False
    if wanted.since is None and wanted.until is None:
        return True
    written = re.search(r"/(\d{4})/(\d{1,2})/(\d{1,2})/", f"/{key}")
    named = time_in_name(key.rpartition("/")[2])
    if written:
        day = _date(*map(int, written.groups()))
    else:
        day = None if named is None else datetime.fromtimestamp(named / 1e6, UTC).date()
    return day is not None and wanted.holds(day)


def find(objects: Objects, bucket: str, prefix: str, wanted: Wanted) -> Iterator[S3Object]:
    """The wanted objects under a prefix, folder by folder in order of keys.

    Raises:
        WorldError: TC0801, TC0802.
    """
    if prefix and not prefix.endswith("/"):  # `AWSLogs` means the folder, `AWSLogs/1111` all that begins so
        parent = prefix.rpartition("/")[0]
        parent = f"{parent}/" if parent else ""
        begins = prefix[len(parent) :]
        folders, files = objects.level(bucket, parent, begins=begins)
        yield from _here(files, wanted)
        for name in folders:
            yield from _under(objects, bucket, f"{parent}{name}/", wanted)
        return
    yield from _under(objects, bucket, prefix, wanted)


def _under(objects: Objects, bucket: str, prefix: str, wanted: Wanted) -> Iterator[S3Object]:
    folders, files = objects.level(bucket, prefix)
    yield from _here(files, wanted)
    years = [name for name in folders if _YEAR.fullmatch(name)]
    if years:
        yield from _days(objects, bucket, prefix, wanted)
    for name in folders:
        if name not in years and _is_wanted(name, wanted):
            yield from _under(objects, bucket, f"{prefix}{name}/", wanted)


def _is_wanted(name: str, wanted: Wanted) -> bool:
    if wanted.accounts and _ACCOUNT.fullmatch(name):
        return name in wanted.accounts
    if wanted.regions and _REGION.fullmatch(name):
        return name in wanted.regions
    return True


def _here(files: Sequence[S3Object], wanted: Wanted) -> Iterator[S3Object]:
    for it in files:
        named = time_in_name(it.key.rpartition("/")[2])
        day = datetime.fromtimestamp(named / 1e6, UTC).date() if named is not None else it.day
        if wanted.holds(day) and not (it.key.endswith("/") and not it.size_bytes):
            yield it


def _days(objects: Objects, bucket: str, prefix: str, wanted: Wanted) -> Iterator[S3Object]:
    """All days below a folder of years in one listing, from the first day that is wanted to the last."""
    after, in_order = "", False
    if wanted.since is not None:
        months, _ = objects.level(bucket, f"{prefix}{wanted.since.year}/")
        in_order = all(len(month) == 2 for month in months)  # 2026/3/1 would come after 2026/11/1
        day_before = wanted.since - timedelta(days=1)
        after = f"{prefix}{day_before:%Y/%m/%d}/~" if in_order else f"{prefix}{wanted.since.year - 1}~"
    for it in objects.listed(bucket, prefix, after=after):
        written = _DAY.match(it.key[len(prefix) - 1 :])
        day = _date(*map(int, written.groups())) if written else it.day
        last = wanted.until
        if last and written and day and (day.year > last.year or (in_order and day > last)):
            return
        if wanted.holds(day) and not (it.key.endswith("/") and not it.size_bytes):
            yield it


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
