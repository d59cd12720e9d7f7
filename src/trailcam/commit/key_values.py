"""What rules remember, in the state: read by key, and written with the turn of the lane that changed it."""

import json
from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit.lane_tables import key_value
from trailcam.model.timestamps import SECOND, Micros
from trailcam.rules.keyvalue import GRACE_SECONDS, Item

_FARTHEST_SECONDS = 1 << 62
"""No expiry lies farther from 1970 than the state can say: rules may name any number."""


def load(connection: Connection, key: str) -> Item | None:
    """What lies under a key; None when nothing does."""
    row = connection.execute(select(key_value).where(key_value.c.key == _bytes(key))).first()
    if row is None:
        return None
    return Item(
        count=None if row.counter is None else Decimal(row.counter),
        strings=frozenset(json.loads(row.strings)) if row.strings is not None else frozenset(),
        dictionary=row.dictionary,
        expires_at=row.expires_at,
    )


def save(connection: Connection, written: Mapping[str, Item], *, now: Micros) -> None:
    """Puts these in place of what was there."""
    rows = [
        {
            "key": _bytes(key),
            "counter": None if item.count is None else str(item.count),
            "strings": json.dumps(sorted(item.strings)) if item.strings else None,
            "dictionary": item.dictionary,
            "expires_at": None if item.expires_at is None else _sayable(item.expires_at),
            "saved_at": now,
        }
        for key, item in written.items()
    ]
    if rows:
        statement = insert(key_value)
        columns = {name: statement.excluded[name] for name in rows[0] if name != "key"}
        connection.execute(
            statement.on_conflict_do_update(index_elements=[key_value.c.key], set_=columns), rows
        )


def forget_expired(connection: Connection, *, event_time: Micros, now: Micros) -> None:
    """Drops what no event from `event_time` on finds any more.

    No event is believed to be of a later time than the clock's: one forged time would make rules forget. A
    backfill runs in a time long past, perhaps beside what is live: so what was written a while ago only.
    """
    c = key_value.c
    event_time = min(event_time, now)
    connection.execute(
        delete(key_value).where(
            c.expires_at < event_time // SECOND - GRACE_SECONDS,
            c.saved_at < now - GRACE_SECONDS * SECOND,
        )
    )


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _sayable(seconds: int) -> int:
    return max(-_FARTHEST_SECONDS, min(seconds, _FARTHEST_SECONDS))
