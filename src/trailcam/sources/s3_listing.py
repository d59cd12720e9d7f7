"""Lists what lies in a bucket, of some accounts, regions and days only, where keys tell them as AWS does.

AWS writes logs to `AWSLogs/[o-organisation/]account/service/region/year/month/day/file`; other keys are
listed too, and told by the time in their names or at which they were written.
Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html,
read 2026-11-28.

What is wanted is said of one object, and folders are passed over only where that could be true of nothing in
them: a listing gives what a look at every object of the bucket would give.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.text import storable
from trailcam.sources.files import time_in_name
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+)+-\d{1,2}")
_YEAR = re.compile(r"(?:^|/)((?:19|20)\d\d)/$")
_MONTH_AND_DAY = re.compile(r"(?:^|/)((?:19|20)\d\d)/(0?[1-9]|1[0-2])/(?:(\d{1,2})/)?")
"""Not everybody who writes logs puts zeros before numbers: their order is not that of keys."""

_MOST_NAMED = 20

Days = tuple[date, date]
"""The first and the last one."""


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

    @property
    def days(self) -> Days:
        """All days that are wanted."""
        return self.since or date.min, self.until or date.max

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.accounts or self.regions or self.since or self.until)


@dataclass(slots=True)
class Met:
    """The accounts and regions that a listing came by, wanted or not; of everything, it notes none."""

    accounts: set[str] = field(default_factory=set)
    regions: set[str] = field(default_factory=set)

    def note(self, path: str) -> None:
        """Notes those among the folders of a path."""
        folders = path.split("/")[:-1]
        self.accounts.update(filter(_ACCOUNT.fullmatch, folders))
        self.regions.update(filter(_REGION.fullmatch, folders))

    def absent(self, wanted: Wanted) -> Iterator[str]:
        """In words, each account and region that is wanted and was not met: its name may be wrong."""
        for noun, asked, met in (
            ("account", wanted.accounts, sorted(self.accounts)),
            ("region", wanted.regions, sorted(self.regions)),
        ):
            more = ", ..." if len(met) > _MOST_NAMED else ""
            there = f"{noun}s there: {', '.join(met[:_MOST_NAMED])}{more}" if met else f"no {noun} does"
            for name in sorted(set(asked).difference(met)):
                yield f"nothing of {noun} {name} lies there; {there}"


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


def places(prefix: str, prefixes: Sequence[str]) -> list[str]:
    """What to list below a prefix for a source that follows `prefixes` only; the prefix itself if all is
    followed, or nothing there is: then it is asked for as it is.

    >>> places("AWSLogs/o-exampleorgid", ["AWSLogs/o-exampleorgid/", "Config/"])
    ['AWSLogs/o-exampleorgid/']
    """
    if not prefixes or prefix.startswith(tuple(prefixes)):
        return [prefix]
    inside = sorted({it for it in prefixes if it.startswith(prefix)})
    return [it for it in inside if not it.startswith(tuple(set(inside) - {it}))] or [prefix]


def fits(key: str, wanted: Wanted, *, place: str) -> bool:
    """Whether a listing of what is wanted under a place shows the object of a key, as far as the key tells.

    Where days are wanted, a key that tells none does not fit.

    >>> key = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/a.gz"
    >>> fits(key, Wanted(regions=["us-east-1"]), place="AWSLogs/")
    False
    """
    days = _days(key)
    if days is None:
        return wanted.days == Wanted().days and _is_wanted(key, place, wanted)
    return _meet(days, wanted.days) and _is_wanted(key, place, wanted)


def find(
    objects: Objects, bucket: str, place: str, wanted: Wanted, *, met: Met | None = None
) -> Iterator[S3Object]:
    """The wanted objects under a place, each once: whatever begins with it, as in S3.

    What the place names is wanted, whichever accounts and regions are. `met` is told what lies there.

    Raises:
        WorldError: TC0801, TC0802.
    """
    met = met or Met()
    for it in _candidates(objects, bucket, place, wanted, met):
        days = _days(it.key) or (None if it.day is None else (it.day, it.day))
        is_folder = it.key.endswith("/") and not it.size_bytes
        if not is_folder and _is_wanted(it.key, place, wanted) and (days is None or _meet(days, wanted.days)):
            yield it


def _candidates(objects: Objects, bucket: str, place: str, wanted: Wanted, met: Met) -> Iterator[S3Object]:
    """All that may be wanted, and more. A request costs as much as a thousand keys: what is wanted as a whole
    is listed as a whole, at most one year, month or day at a time where days are wanted."""
    if wanted.is_everything:
        yield from objects.listed(bucket, place)
        return
    parent = place[: place.rfind("/") + 1]
    pending = [(parent, place[len(parent) :])]
    while pending:
        folder, begins = pending.pop()
        days = _folder_days(folder)
        if days is not None and not begins and _holds(wanted.days, days):
            for it in objects.listed(bucket, folder):
                met.note(it.key)
                yield it
            continue
        names, files = objects.level(bucket, folder, begins=begins)
        yield from files
        below = [f"{folder}{name}/" for name in names]
        for path in below:
            met.note(path)
        pending += [(path, "") for path in reversed(below) if _may_hold_wanted(path, place, wanted)]


def _may_hold_wanted(folder: str, place: str, wanted: Wanted) -> bool:
    days = _days_of_folders(folder)
    return _is_wanted(folder, place, wanted) and (days is None or _meet(days, wanted.days))


def _is_wanted(path: str, place: str, wanted: Wanted) -> bool:
    """Whether no folder of a path, beside those that the place names, is of another account or region."""
    named = f"{place}/" if path.startswith(f"{place}/") else place[: place.rfind("/") + 1]
    for name in path[len(named) :].split("/")[:-1]:
        if wanted.accounts and _ACCOUNT.fullmatch(name) and name not in wanted.accounts:
            return False
        if wanted.regions and _REGION.fullmatch(name) and name not in wanted.regions:
            return False
    return True


def _days(key: str) -> Days | None:
    """The days that a key tells: by its folders, else by its name; None when it tells none."""
    told = _days_of_folders(key)
    named = time_in_name(key.rpartition("/")[2]) if told is None else None
    if named is None:
        return told
    day = datetime.fromtimestamp(named / 1e6, UTC).date()
    return day, day


def _days_of_folders(path: str) -> Days | None:
    """The days of the first folder of a month, or of the day in it; None without one.

    A year alone tells nothing: the number may be anything.
    """
    found = _MONTH_AND_DAY.search(path)
    if found is None:
        return None
    year, month, day = (int(number or 0) for number in found.groups())
    last = monthrange(year, month)[1]
    if 1 <= day <= last:
        return date(year, month, day), date(year, month, day)
    return date(year, month, 1), date(year, month, last)


def _folder_days(folder: str) -> Days | None:
    """The days that most of what lies in a folder is of; of one that is named like a year, that year."""
    year = _YEAR.search(folder)
    told = _days_of_folders(folder)
    if told is None and year is not None:
        return date(int(year[1]), 1, 1), date(int(year[1]), 12, 31)
    return told


def _meet(some: Days, others: Days) -> bool:
    return some[0] <= others[1] and others[0] <= some[1]


def _holds(these: Days, those: Days) -> bool:
    return these[0] <= those[0] and those[1] <= these[1]
