"""Queues candidates and takes them out of the queue, inside the transaction of a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from trailcam.commit.key_values import forget_expired, save
from trailcam.commit.lane_tables import candidate, candidate_event
from trailcam.model.candidate import Candidate
from trailcam.model.timestamps import Micros
from trailcam.rules.keyvalue import Item
from trailcam.state.chunks import chunked

Pair = tuple[str, str]
"""(rule id, row id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """What a turn of the lane has run, and what the rules remember now."""

    last: int
    """The last turn before it, by its decision: key-values are as that one left them."""
    pairs: Sequence[Pair]
    written: Mapping[str, Item]
    from_time: Micros
    """The event time of the first of the pairs."""


class TurnTaken(Exception):
    """Somebody else has had this turn of the lane; nothing of ours was kept."""


def queue(connection: Connection, candidates: Sequence[Candidate], *, decision_id: int, now: Micros) -> None:
    """Queues those that were never queued before."""
    new = {(it.rule_id, it.event.row_id): it for it in reversed(candidates)}  # the first of copies stands
    for pair in _known(connection, list(new)):
        del new[pair]
    if not new:
        return
    events = {it.event.row_id: it.event for it in new.values()}
    times = {row_id: event.event_time for row_id, event in events.items()} | _times(connection, list(events))
    connection.execute(
        insert(candidate),
        [
            {
                "rule_id": it.rule_id,
                "row_id": it.event.row_id,
                "event_time": times[it.event.row_id],
                "queued_at": now,
                "queued_by": decision_id,
            }
            for it in new.values()
        ],
    )
    connection.execute(
        upsert(candidate_event).on_conflict_do_nothing(),
        [
            {
                "row_id": event.row_id,
                "log_type": event.log_type,
                "event_id": event.event_id,
                "event_time": event.event_time,
                "origin_id": event.origin_id,
                "raw": event.raw,
                "rest": event.rest,
            }
            for event in events.values()
        ],
    )


def refuse_taken(connection: Connection, turn: Consumed) -> None:
    """Looks whether the state is as it was when the turn began.

    Raises:
        TurnTaken: it is not.
    """
    if last_turn(connection) != turn.last:
        raise TurnTaken


def last_turn(connection: Connection) -> int:
    """The last decision that was a turn of the lane; 0 before the first."""
    return int(connection.execute(select(func.max(candidate.c.consumed_by))).scalar() or 0)


def is_kept() -> ColumnElement[bool]:
    """Whether the event of a candidate is there. In a damaged state it may not be: `verify` tells, and nobody
    waits for it."""
    return exists().where(candidate_event.c.row_id == candidate.c.row_id)


def earliest_waiting(connection: Connection, rule_id: str) -> Micros | None:
    """The time of the earliest event that waits for a rule; None where none does."""
    c = candidate.c
    waiting = select(c.event_time).where(c.rule_id == rule_id, c.consumed_by.is_(None), is_kept())
    return connection.execute(waiting.order_by(c.event_time).limit(1)).scalar()


def consume(connection: Connection, turn: Consumed, *, decision_id: int, now: Micros) -> None:
    """Takes the pairs of a turn out of the queue for ever, and keeps what rules have written."""
    c = candidate.c
    connection.execute(
        update(candidate)
        .where(c.rule_id == bindparam("its_rule"), c.row_id == bindparam("its_row"))
        .values(consumed_by=decision_id),
        [{"its_rule": rule_id, "its_row": row_id} for rule_id, row_id in turn.pairs],
    )
    waiting = exists().where(c.row_id == candidate_event.c.row_id, c.consumed_by.is_(None))
    for chunk in chunked(sorted({row_id for _, row_id in turn.pairs})):
        connection.execute(delete(candidate_event).where(candidate_event.c.row_id.in_(chunk), ~waiting))
    save(connection, turn.written, now=now)
    forget_expired(connection, event_time=turn.from_time, now=now)


def consumed(connection: Connection, pairs: Sequence[Pair]) -> set[Pair]:
    """Those of the pairs that have had their turn."""
    return _known(connection, pairs, had_turn=True)


def _times(connection: Connection, row_ids: Sequence[str]) -> dict[str, Micros]:
    """The times of the events that wait already for another rule: perhaps of another copy."""
    e = candidate_event.c
    found: dict[str, Micros] = {}
    for chunk in chunked(row_ids):
        rows = connection.execute(select(e.row_id, e.event_time).where(e.row_id.in_(chunk)))
        found |= {row.row_id: Micros(row.event_time) for row in rows}
    return found


def _known(connection: Connection, pairs: Sequence[Pair], *, had_turn: bool = False) -> set[Pair]:
    rows: dict[str, list[str]] = {}
    for rule_id, row_id in pairs:
        rows.setdefault(rule_id, []).append(row_id)
    found: set[Pair] = set()
    c = candidate.c
    for rule_id, row_ids in rows.items():
        for chunk in chunked(row_ids):
            known = select(c.row_id).where(c.rule_id == rule_id, c.row_id.in_(chunk))
            if had_turn:
                known = known.where(c.consumed_by.is_not(None))
            found.update((rule_id, row_id) for row_id in connection.execute(known).scalars())
    return found
