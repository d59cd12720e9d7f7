"""Dead letters that are known by a name alone, answered once something of that name has been read.

What cannot be opened has no digest, and what CloudTrail announces no etag: their dead letters stand under the
name. What is read later has an identity of its own, so it says itself which dead letters it answers.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.model.text import storable
from trailcam.model.timestamps import Micros
from trailcam.state.chunks import chunked
from trailcam.state.database import Database


def under_its_name(name: str) -> tuple[str, str]:
    """The identities under which dead letters of something stand that could not be opened.

    >>> under_its_name("logs/a.json")
    ('path:logs/a.json', 'logs/a.json')
    """
    return storable(f"path:{name}"), storable(name)


def answer(connection: Connection, names: Sequence[str], *, run_id: str, decision_id: int) -> None:
    """Notes that something of each name has been read to its end by now: see `unanswered`."""
    _write(connection, _unanswered(connection, names), run_id=run_id, decision_id=decision_id)


def unanswered(database: Database, names: Sequence[str]) -> bool:
    """Whether dead letters stand under one of these names."""
    with database.read() as connection:
        return bool(_unanswered(connection, names))


def answer_now(
    database: Database, names: Sequence[str] = (), *, origin_ids: Sequence[str] = (), run_id: str, now: Micros
) -> None:
    """The same in a decision of its own, for what was read before; `origin_ids` are answered themselves."""
    with database.write() as connection:
        last = [*_unanswered(connection, names), *_standing(connection, origin_ids)]
        if last:
            made = connection.execute(insert(t.decision).values(run_id=run_id, decided_at=now))
            assert made.inserted_primary_key is not None
            _write(connection, last, run_id=run_id, decision_id=made.inserted_primary_key[0])


def _unanswered(connection: Connection, names: Sequence[str]) -> list[Any]:
    return _standing(connection, [origin_id for name in names for origin_id in under_its_name(name)])


def _standing(connection: Connection, origin_ids: Sequence[str]) -> list[Any]:
    """The last entry of each of these origins, where it is a part."""
    o = t.origin.c
    last = {}
    for chunk in chunked(origin_ids):
        entries = select(t.origin).where(o.origin_id.in_(chunk), o.purpose != Purpose.LANE.value)
        for row in connection.execute(entries.order_by(o.decision_id)):
            last[row.origin_id] = row
    return [row for row in last.values() if row.purpose == Purpose.PART]


def _write(connection: Connection, last: Sequence[Any], *, run_id: str, decision_id: int) -> None:
    for row in last:
        part = str(row.decision_id)
        values = row._asdict() | {
            "key": " ".join([row.origin_id, Purpose.MENDED.value, part]),
            "purpose": Purpose.MENDED.value,
            "part": part,
            "decision_id": decision_id,
            "records": 0,
            "events": 0,
            "dead_letters": 0,
        }
        connection.execute(insert(t.origin).values(values))
        scope = {"run_id": run_id, "origin_id": row.origin_id}
        connection.execute(upsert(t.run_origin).on_conflict_do_nothing().values(scope))
