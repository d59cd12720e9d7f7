"""Keeps account of the places that events come from, and of their habits: how long each may be silent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, insert, select, update

from trailcam.commit import tables as t
from trailcam.model.place import Place, Seen, add
from trailcam.model.timestamps import AHEAD, BEGINNING, DAY, MINUTE, SECOND, Micros
from trailcam.state.database import Database

HABIT_DAYS = 14
"""Of so many days the longest silences count: two weekends."""

_DAYS_KEPT = 2 * HABIT_DAYS
"""As many again: while a clock is wrong, the days of the right one shall not be forgotten."""

_MOST_PLACES = 2_000
"""Of a source; what log content names beyond them counts together, without account and region."""

_LEAST_HISTORY = DAY
_LEAST_SILENCE = 15 * MINUTE
_TIMES_LONGER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of a place; times are microseconds, UTC."""

    place: Place
    events: int
    first_arrival: Micros
    last_arrival: Micros
    last_event: Micros | None
    """The latest whose time was believed; None where none was."""
    longest: Micros
    """The longest silence of the days that count: those up to the last arrival."""
    silent_told: Micros | None
    """The arrival after which its silence was told; None while it is not silent."""

    @property
    def silent_from(self) -> Micros | None:
        """When its silence becomes longer than its habit allows; None while too little is known of it."""
        if self.last_arrival - self.first_arrival < _LEAST_HISTORY:
            return None
        return Micros(self.last_arrival + max(_TIMES_LONGER * self.longest, _LEAST_SILENCE))


def note(
    connection: Connection, places: Mapping[Place, Seen], *, followed_since: Micros, now: Micros
) -> None:
    """Adds what has come; a silence counts from when somebody listened, in the transaction of a decision.

    What was noted with a clock that was ahead gives way: else a silence would begin in the future.
    Log content is hostile: forged accounts do not fill the state, but count together once they are many.
    """
    p = t.place.c
    room: dict[str, int] = {}
    nameless: dict[Place, Seen] = {}
    for place, seen in places.items():
        key = and_(p.source == place.source, p.account == place.account, p.region == place.region)
        known = connection.execute(select(t.place).where(key)).first()
        if known is None:
            if place.source not in room:
                room[place.source] = _room(connection, place.source)
            nowhere = Place(place.source, "", "")
            if room[place.source] <= 0 and place != nowhere:
                add(nameless, nowhere, seen)
                continue
            room[place.source] -= 1
            connection.execute(
                insert(t.place).values(
                    **place._asdict(),
                    events=seen.events,
                    first_arrival=now,
                    last_arrival=now,
                    last_believed=now if _believed(seen.last, now) > BEGINNING else BEGINNING,
                    last_event=_believed(seen.last, now),
                    silences="{}",
                    silent_told=None,
                )
            )
            continue
        silence = max(0, now - max(known.last_arrival, followed_since))
        connection.execute(
            update(t.place)
            .where(key)
            .values(
                events=known.events + seen.events,
                first_arrival=min(now, known.first_arrival),
                last_arrival=now,
                last_believed=now if _believed(seen.last, now) > BEGINNING else known.last_believed,
                last_event=max(_believed(seen.last, now), _believed(known.last_event, now)),
                silences=_with(known.silences, silence, now=now),
                silent_told=None,
            )
        )
    if nameless:
        note(connection, nameless, followed_since=followed_since, now=now)


def _believed(event_time: Micros, now: Micros) -> Micros:
    """The time of an event; that of none where it is too far ahead."""
    return event_time if event_time <= now + AHEAD else BEGINNING


def _room(connection: Connection, source: str) -> int:
    """How many new places of a source there is room for."""
    counted = select(func.count()).select_from(t.place).where(t.place.c.source == source)
    return _MOST_PLACES - connection.execute(counted).scalar_one()


def heard(database: Database) -> list[Heard]:
    """All places, by source, account and region."""
    with database.read() as connection:
        rows = connection.execute(select(t.place).order_by(*t.place.primary_key.columns)).all()
    return [
        Heard(
            place=Place(row.source, row.account, row.region),
            events=row.events,
            first_arrival=Micros(row.first_arrival),
            last_arrival=Micros(row.last_arrival),
            last_event=Micros(row.last_event) if row.last_event > BEGINNING else None,
            longest=_longest(row.silences, until=Micros(row.last_arrival)),
            silent_told=None if row.silent_told is None else Micros(row.silent_told),
        )
        for row in rows
    ]


def tell_silent(database: Database, it: Heard) -> None:
    """Notes that the silence of a place was told, unless it has ended meanwhile."""
    _set(database, it, silent_told=it.last_arrival)


def came_by(database: Database, it: Heard, *, now: Micros) -> None:
    """Notes that the last arrival, which is in the future, was now at the latest: the clock was ahead."""
    _set(database, it, first_arrival=min(now, it.first_arrival), last_arrival=now)


def _set(database: Database, it: Heard, **values: int) -> None:
    """Notes something of a place, unless something has come from there meanwhile."""
    p = t.place.c
    with database.write() as connection:
        connection.execute(
            update(t.place)
            .where(
                p.source == it.place.source,
                p.account == it.place.account,
                p.region == it.place.region,
                p.last_arrival == it.last_arrival,
            )
            .values(values)
        )


def _longest(written: str, *, until: Micros) -> Micros:
    last = until // DAY
    silences = json.loads(written).items()
    found = [seconds for day, seconds in silences if last - HABIT_DAYS < int(day) <= last]
    return Micros(max(found, default=0) * SECOND)


def _with(written: str, silence: int, *, now: Micros) -> str:
    """Silences by day, in seconds, with one more."""
    today = now // DAY
    found = {int(day): longest for day, longest in json.loads(written).items()}
    found[today] = max(found.get(today, 0), silence // SECOND)
    nearest = sorted(found, key=lambda day: abs(day - today))
    return json.dumps({day: found[day] for day in nearest[:_DAYS_KEPT]})
