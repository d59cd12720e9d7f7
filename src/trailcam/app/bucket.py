"""Holds what lies in a bucket against the ledger: each object, page by page."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import select

from trailcam.app.backfill import Asked, Search, search
from trailcam.app.home import Home
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.standing import standing
from trailcam.model.text import storable
from trailcam.settings.schema import Settings
from trailcam.sources.s3_listing import fits
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects
from trailcam.state.chunks import chunked

ON_THEIR_WAY_SECONDS = 900
"""How long an object may lie in a bucket before it is missed in the ledger."""

_PAGE = 1_000
_MOST_TOLD = 100_000


@dataclass(slots=True, kw_only=True)
class Listed:
    """What a listing of a bucket found, and what the ledger says of it."""

    place: str
    objects: int = 0
    size_bytes: int = 0
    whole: int = 0
    """Those that were read to their end."""
    in_part: int = 0
    """Those of which something was read, and not all."""
    dead: int = 0
    """Those of which nothing could be read, by the dead letter that says so."""
    on_their_way: int = 0
    """Those that are not in the ledger, and so young that they may still be announced or in work."""
    unknown: int = 0
    """Those that are not in the ledger and should be."""
    expired: int = 0
    """Objects of the ledger that do not lie there any more as they were read. That is no fault."""
    missing: list[str] = field(default_factory=list)
    """In words, each object that is not in the ledger as a whole and should be; the first 100,000 of them."""
    origin_ids: list[str] = field(default_factory=list)
    """Those of the objects that were read to their end."""

    @property
    def all_missing(self) -> int:
        """How many are not in the ledger as a whole and should be."""
        return self.in_part + self.dead + self.unknown

    def tell(self, words: str) -> None:
        """One object more that is missing."""
        if len(self.missing) < _MOST_TOLD:
            self.missing.append(words)


def hold_against_ledger(
    asked: Asked,
    settings: Settings,
    home: Home,
    *,
    now: Callable[[], float] = time.time,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Listed, Objects]:
    """What lies there, and what reads it. `progress` is told how many objects were looked at.

    Raises:
        TrailcamError: TC0104 no such place or source.
        WorldError: TC0801, TC0802 the bucket cannot be listed.
    """
    looking = search(asked, settings)
    listed = Listed(place=" and ".join(looking.urls))
    oldest = datetime.fromtimestamp(now() - ON_THEIR_WAY_SECONDS, UTC)
    # What was seen is kept on the disk: a bucket holds more names than memory should.
    with (
        tempfile.NamedTemporaryFile(dir=home.scratch, suffix=".db") as file,
        closing(sqlite3.connect(file.name)) as seen,
    ):
        seen.execute("PRAGMA journal_mode = OFF")
        seen.execute("CREATE TABLE seen (origin_id TEXT PRIMARY KEY) WITHOUT ROWID")
        found = looking.find()
        while page := list(islice(found, _PAGE)):
            ids = [(storable(it.origin_id or it.name),) for it in page]
            seen.executemany("INSERT OR IGNORE INTO seen VALUES (?)", ids)
            _look_up(home, page, listed, oldest)
            progress(listed.objects)
        absent = list(looking.met.absent(looking.wanted))
        if not listed.objects and not absent:
            absent = ["nothing lies there of what was asked for"]
        for words in absent:  # a proof of nothing proves nothing
            listed.unknown += 1
            listed.tell(f"{listed.place}: {words}")
        listed.expired = _expired(home, seen, looking)
    return listed, looking.objects


def _look_up(home: Home, page: Sequence[S3Object], listed: Listed, oldest: datetime) -> None:
    """Adds a page of the listing to the counts."""
    ids = [storable(each) for it in page for each in (it.origin_id, it.name) if each is not None]
    o = t.origin.c
    rows: list[Any] = []
    with home.database.read() as state:
        for chunk in chunked(ids):
            rows += state.execute(select(t.origin).where(o.origin_id.in_(chunk)))
    counting = standing(sorted(rows, key=lambda row: row.decision_id))
    for it in page:
        listed.objects += 1
        listed.size_bytes += it.size_bytes
        origin_id = storable(it.origin_id or it.name)
        held = counting.get(origin_id) or counting.get(storable(it.name))
        written = f"{it.written_at:%Y-%m-%dT%H:%M:%SZ}" if it.written_at is not None else "an unknown time"
        if held is not None and held.events[0].purpose == Purpose.WHOLE:
            listed.whole += 1
            listed.origin_ids.append(origin_id)
        elif held is not None and held.letters.events:
            listed.in_part += 1
            listed.tell(f"{it.name}: was not read to its end")
        elif held is not None:
            listed.dead += 1
            listed.tell(f"{it.name}: is a dead letter and could not be read")
        elif it.written_at is not None and it.written_at > oldest:
            listed.on_their_way += 1
        else:
            listed.unknown += 1
            listed.tell(f"{it.name}: lies there since {written} and is not in the ledger")


def _expired(home: Home, seen: sqlite3.Connection, looking: Search) -> int:
    """How many objects of the ledger were not seen, of those that a listing would have shown."""
    number = 0
    for place, url in zip(looking.places, looking.urls, strict=True):
        for origin_id, name in _of_ledger(home, url):
            if not fits(name[len(url) - len(place) :], looking.wanted, place=place):
                continue
            if seen.execute("SELECT 1 FROM seen WHERE origin_id = ?", (origin_id,)).fetchone() is None:
                number += 1
    return number


def _of_ledger(home: Home, place: str) -> Iterator[tuple[str, str]]:
    """(identity, name) of what was read to its end under a place, by identity, a page at a time."""
    o = t.origin.c
    prefix = storable(place)
    after = ""
    while True:
        query = (
            select(o.origin_id, o.name)
            .where(o.origin_id >= prefix, o.origin_id > after, o.purpose == Purpose.WHOLE.value)
            .order_by(o.origin_id)
            .limit(_PAGE)
        )
        with home.database.read() as state:
            rows = state.execute(query).all()
        for row in rows:
            if not row.origin_id.startswith(prefix):
                return
            yield row.origin_id, row.name
        if len(rows) < _PAGE:
            return
        after = rows[-1].origin_id
