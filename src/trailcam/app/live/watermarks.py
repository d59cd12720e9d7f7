"""How far followed sources are: up to when all has arrived of each, and of all of them."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import func, select

from trailcam.commit import tables as t
from trailcam.commit.correlation_standing import Arrived
from trailcam.model.timestamps import AHEAD, BEGINNING, SECOND, Micros
from trailcam.sources.tables import source as source_table
from trailcam.state.database import Database


def arrived(
    database: Database,
    sources: Collection[str],
    *,
    lateness_seconds: float,
    followed_since: Micros,
    now: Micros,
    held_seconds: Mapping[str, float] = MappingProxyType({}),
) -> Arrived | None:
    """What has arrived of all sources, by their names: of that which is furthest behind. None where that is
    not known of one; see `watermarks`."""
    untils = watermarks(
        database,
        sources,
        lateness_seconds=lateness_seconds,
        followed_since=followed_since,
        now=now,
        held_seconds=held_seconds,
    ).values()
    known = [until for until in untils if until is not None]
    return Arrived(until=min(known)) if known and len(known) == len(untils) else None


def watermarks(
    database: Database,
    sources: Collection[str],
    *,
    lateness_seconds: float,
    followed_since: Micros,
    now: Micros,
    held_seconds: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Micros | None]:
    """By source, the time before which all of it has arrived; None where that is not known.

    All that is earlier than its latest event by more than events may be late; so a backlog that is worked up
    has not arrived before it is worked up, and who sends nothing but old times is behind for as long. Where
    nothing has come for as long as events may be late, all that is earlier than now by as much; what is ahead
    of its time is as if it had not come. While a source fails, what has not come of it is not absent.
    `held_seconds`: by source, since when something of it is in hand and not decided; what was announced since
    then has not arrived.
    """
    late = int(lateness_seconds * SECOND)
    p, s = t.place.c, source_table.c
    with database.read() as state:
        failing = set(
            state.execute(select(s.name).where(s.name.in_(sources), s.fault.is_not(None))).scalars()
        )
        rows = state.execute(
            select(
                p.source,
                func.max(p.last_believed).filter(p.last_believed <= now).label("heard"),
                func.max(p.last_event)
                .filter(p.last_event.between(BEGINNING + 1, now + AHEAD))
                .label("event"),
            )
            .where(p.source.in_(sources))
            .group_by(p.source)
        ).all()
    heard = {row.source: row.heard for row in rows if row.heard is not None}
    events = {row.source: row.event for row in rows}
    found: dict[str, Micros | None] = {}
    for name in sources:
        event = events.get(name)
        decided = now - int(held_seconds.get(name, 0) * SECOND)
        if name in failing:
            found[name] = None
        elif decided - max(heard.get(name, BEGINNING), followed_since) >= late:
            found[name] = Micros(decided - late)
        else:
            found[name] = None if event is None else Micros(min(event, decided) - late)
    return found
