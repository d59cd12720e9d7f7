"""Which entries of the ledger count: of those of one origin, whose events, and whose dead letters stand."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from trailcam.commit import tables as t
from trailcam.commit.group import LATER, Purpose
from trailcam.model.timestamps import Micros


class Standing(NamedTuple):
    """What counts of an origin: rows of the ledger."""

    events: tuple[Any, ...]
    """Those whose events are the origin's."""
    letters: Any
    """The one whose dead letters stand."""

    @property
    def records(self) -> int:
        """Entries that the origin is made of: events, and dead letters that stand."""
        return int(sum(row.events for row in self.events) + self.letters.dead_letters)


@dataclass(slots=True)
class Counted:
    """What came of a source, by what counts of its origins."""

    origins: int = 0
    events: int = 0
    dead_letters: int = 0
    size_bytes: int = 0
    """Of the origins as they lie there, each once."""


def standing(entries: Iterable[Any]) -> dict[str, Standing]:
    """What counts of each origin. `entries` are rows of the ledger in the order of their decisions.

    An origin that was read whole: that entry, and what was mended since. Any other: the last of its parts; it
    is left out when that has been answered, for then another origin stands in its place.
    """
    held: dict[str, Standing] = {}
    for row in entries:
        if row.purpose in LATER:
            continue
        before = held.get(row.origin_id)
        is_whole = before is not None and before.events[0].purpose == Purpose.WHOLE
        if row.purpose == Purpose.MENDED and before is not None and is_whole:
            held[row.origin_id] = Standing((*before.events, row), row)
        elif row.purpose == Purpose.WHOLE or not is_whole:
            held[row.origin_id] = Standing((row,), row)
    return {origin_id: each for origin_id, each in held.items() if each.events[0].purpose != Purpose.MENDED}


def with_letters(connection: Connection) -> Mapping[str, Standing]:
    """What counts of every origin that has dead letters which stand."""
    o = t.origin.c
    dead = select(o.origin_id).where(o.dead_letters > 0)
    rows = connection.execute(
        select(t.origin).where(o.origin_id.in_(dead), o.purpose.not_in(LATER)).order_by(o.decision_id)
    )
    return {origin_id: each for origin_id, each in standing(rows).items() if each.letters.dead_letters}


def counted(connection: Connection, *, since: Micros | None = None) -> defaultdict[str, Counted]:
    """What came of each source: nothing of those that are not known. `since`: of what was read later.

    What was read again counts once, and dead letters that are mended are events and nothing else any more.
    """
    o, d = t.origin.c, t.decision.c
    entries = (
        select(
            o.source_id,
            o.purpose,
            func.count().label("origins"),
            func.sum(o.events).label("events"),
            func.sum(o.size_bytes).label("size_bytes"),
        )
        .where(o.purpose.in_([Purpose.WHOLE.value, Purpose.MENDED.value]))
        .group_by(o.source_id, o.purpose)
    )
    letters: Iterable[Standing] = with_letters(connection).values()
    if since is not None:
        later = select(d.id).where(d.decided_at > since)
        entries = entries.where(o.decision_id.in_(later))
        read = set(connection.execute(later).scalars())
        letters = [each for each in letters if each.events[0].decision_id in read]
    found: defaultdict[str, Counted] = defaultdict(Counted)
    for row in connection.execute(entries):
        it = found[row.source_id]
        it.events += row.events
        if row.purpose == Purpose.WHOLE:
            it.origins += row.origins
            it.size_bytes += row.size_bytes
    for each in letters:
        last = each.letters
        it = found[last.source_id]
        it.dead_letters += last.dead_letters
        if last.purpose == Purpose.PART:  # without dead letters it would be whole
            it.origins += 1
            it.events += last.events
            it.size_bytes += last.size_bytes
    return found
