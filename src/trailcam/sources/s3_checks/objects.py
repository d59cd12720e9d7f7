"""The objects of a bucket: that there are some where they are looked for, and what became of the newest."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from trailcam.contracts.source import Finding, Grade
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, Refusal, ask
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import of_listing

_MOST_LISTINGS = 60
_MOST_PAGES = 5
_MOST_FOLDERS = 8
"""Of those that are no dates: accounts and regions of an organisation are too many to look into all."""

_MOST_SHOWN = 3
_BESIDE_THE_LOG = ("-Digest", "-Insight")
"""How folders of CloudTrail end that are no log: they are looked into last."""

_DATED = re.compile(r"(.*/)\d{4}/\d{1,2}/\d{1,2}/[^/]*")


def written(it: S3Object) -> datetime:
    """When an object of a listing was written."""
    assert it.written_at is not None
    return it.written_at


@dataclass(slots=True)
class Search:
    """Looks for the newest object below prefixes, in no more than some listings."""

    access: Access
    bucket: str
    newest: S3Object | None = None
    empty: list[str] = field(default_factory=list)
    """Prefixes below which nothing lies."""
    refused: list[tuple[str, NotDone]] = field(default_factory=list)
    whole: bool = True
    """Whether everything that could be newer was looked at."""
    _listings: int = 0

    def look(self, prefixes: Sequence[str], *, known: Sequence[str] = ()) -> None:
        """Looks below each of them; first where something came from lately, by its names."""
        try:
            for folder in _folders(known, self.bucket, prefixes):
                self._below(folder)
        except NotDone:  # then it is told below
            pass
        for prefix in prefixes:
            try:
                if not self._below(prefix):
                    self.empty.append(prefix)
            except NotDone as refused:
                self.refused.append((prefix, refused))

    def _below(self, prefix: str) -> bool:
        """Whether an object lies there; days are looked at from the last on until one does."""
        folders, objects = self._level(prefix)
        for it in objects:
            if it.size_bytes and (self.newest is None or written(it) > written(self.newest)):
                self.newest = it
        found = any(it.size_bytes for it in objects)
        dates = sorted((it for it in folders if it.isdigit() and len(it) <= 4), key=int, reverse=True)
        for name in dates:
            if self._has_enough():
                break
            if self._below(f"{prefix}{name}/"):
                found = True
                break
        others = sorted(
            (it for it in folders if it not in dates), key=lambda it: (it.endswith(_BESIDE_THE_LOG), it)
        )
        self.whole &= len(others) <= _MOST_FOLDERS
        for name in others[:_MOST_FOLDERS]:
            if self._has_enough():
                break
            found |= self._below(f"{prefix}{name}/")
        return found

    def _has_enough(self) -> bool:
        enough = self._listings >= _MOST_LISTINGS
        self.whole &= not enough
        return enough

    def _level(self, prefix: str) -> tuple[list[str], list[S3Object]]:
        """Folders and objects right below; where `prefix` does not end in `/`, what begins so."""
        folders: list[str] = []
        objects: list[S3Object] = []
        token: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            self._listings += 1
            page = ask(
                self.access.s3.list_objects_v2, Bucket=self.bucket, Prefix=prefix, Delimiter="/", **token
            )
            folders += [it["Prefix"][len(prefix) : -1] for it in page.get("CommonPrefixes", ())]
            objects += [of_listing(self.bucket, it) for it in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                return folders, objects
            token = {"ContinuationToken": page["NextContinuationToken"]}
        self.whole = False
        return folders, objects


def _folders(names: Sequence[str], bucket: str, prefixes: Sequence[str]) -> list[str]:
    """The folders in which objects of these names lie, those of days as one; within the prefixes."""
    beginning = f"s3://{bucket}/"
    keys = [name[len(beginning) :] for name in names if name.startswith(beginning)]
    dated = [_DATED.fullmatch(key) for key in keys]
    folders = [day[1] if day else key[: key.rfind("/") + 1] for day, key in zip(dated, keys, strict=True)]
    wanted = [it for it in dict.fromkeys(folders) if it and it.startswith(tuple(prefixes))]
    return wanted[:_MOST_FOLDERS]


def told(search: Search) -> Iterator[Finding]:
    """What the search says of prefixes: nothing below one may not be listed, or lies there at all."""
    bucket, who = search.bucket, search.access.who
    for prefix, refused in search.refused:
        on = f"arn:aws:s3:::{bucket} for prefix {prefix!r}"
        yield refused.finding("objects", action="s3:ListBucket", on=on, who=who, needed=False)
    for prefix in search.empty:
        if search.newest is not None:
            yield Finding(
                check="prefix",
                grade=Grade.WARNING,
                found=f"no object of {bucket} begins {prefix or 'at all'}",
            )
        else:
            yield _empty(search, prefix)


def _empty(search: Search, prefix: str) -> Finding:
    bucket = search.bucket
    nothing = f"no object of {bucket} begins {prefix}" if prefix else f"nothing lies in {bucket}"
    try:
        there = _nearest(search, prefix) if prefix else []
    except NotDone as refused:
        more = "may not be listed" if refused.refusal is Refusal.DENIED else f"is not told: {refused.said}"
        return Finding(
            check="prefix",
            grade=Grade.WARNING,
            found=f"{nothing}; what else lies there {more}",
            cure="see that keys begin so, and that the trail writes there",
            because=f"{nothing}: it is the wrong prefix, or nothing was written yet",
        )
    if not there:
        return Finding(
            check="prefix",
            grade=Grade.WARNING,
            found=nothing if not prefix else f"{nothing}, and nothing else lies there",
            cure="see that something writes there",
            because=f"nothing was written to s3://{bucket} yet",
        )
    shown = ", ".join(there[:_MOST_SHOWN])
    return Finding(
        check="prefix",
        grade=Grade.BROKEN,
        found=f"{nothing}; there are keys that begin {shown}",
        cure="mend `prefixes` in trailcam.toml, and the filter of the notification with it",
        because=f"{nothing}: keys there begin {shown}",
    )


def _nearest(search: Search, prefix: str) -> list[str]:
    """What lies in the deepest folder of the prefix that holds anything, the most alike first.

    Raises:
        NotDone: it may not be listed.
    """
    parent = prefix.rstrip("/")
    while True:
        parent = parent.rpartition("/")[0]
        folder = f"{parent}/" if parent else ""
        page = ask(
            search.access.s3.list_objects_v2, Bucket=search.bucket, Prefix=folder, Delimiter="/", MaxKeys=200
        )
        there = [it["Prefix"] for it in page.get("CommonPrefixes", ())]
        there += [it["Key"] for it in page.get("Contents", ()) if it["Key"] != folder]
        if there or not parent:
            alike = get_close_matches(prefix, there, n=_MOST_SHOWN, cutoff=0)
            return [*alike, *(it for it in there if it not in alike)]


def readable(access: Access, it: S3Object) -> Iterator[Finding]:
    """Whether an object may be read, by its first byte; and its version, where the bucket keeps versions."""
    asked: dict[str, Any] = {"Bucket": it.bucket, "Key": it.key}
    if it.size_bytes:
        asked["Range"] = "bytes=0-0"
    action = "s3:GetObject"
    on = f"arn:aws:s3:::{it.bucket}/{it.key}"
    try:
        answer = ask(access.s3.get_object, **asked)
        answer["Body"].close()
        if answer.get("VersionId", "null") != "null":
            action = "s3:GetObjectVersion"
            ask(access.s3.get_object, **asked, VersionId=answer["VersionId"])["Body"].close()
    except NotDone as refused:
        if refused.refusal is Refusal.ABSENT:
            yield Finding(check="reading", grade=Grade.WARNING, found=f"{it.name} has just been removed")
        else:
            action = "kms:Decrypt" if "kms:Decrypt" in refused.said else action
            yield refused.finding("reading", action=action, on=on, who=access.who)
        return
    yield Finding(check="reading", grade=Grade.OK, found=f"{it.name} may be read")
