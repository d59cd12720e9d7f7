"""Which entries of the ledger count: of those of one origin, whose events, and whose dead letters stand."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from trailcam.commit import tables as t
from trailcam.commit.group import Purpose


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


def standing(entries: Iterable[Any]) -> dict[str, Standing]:
    """What counts of each origin. `entries` are rows of the ledger in the order of their decisions.

    An origin that was read whole: that entry, and what was mended since. Any other: the last of its parts; it
    is left out when that has been answered, for then another origin stands in its place.
    """
    held: dict[str, Standing] = {}
    for row in entries:
        if row.purpose == Purpose.RULES:
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
        select(t.origin)
        .where(o.origin_id.in_(dead), o.purpose != Purpose.RULES.value)
        .order_by(o.decision_id)
    )
    return {origin_id: each for origin_id, each in standing(rows).items() if each.letters.dead_letters}
