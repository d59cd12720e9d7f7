"""The lane: candidates in the order of event time, some at a time.

All rules that keep state share it, for they share their keys: what one rule remembers of a new account,
another asks for when somebody signs in to it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true, tuple_

from trailcam.commit import tables as t
from trailcam.commit.candidates import is_kept, last_turn
from trailcam.commit.lane_tables import candidate, candidate_event
from trailcam.model.candidate import Candidate, KeptEvent
from trailcam.model.timestamps import AHEAD, SECOND, Micros
from trailcam.state.chunks import chunked
from trailcam.state.database import Database

MOST_PAIRS = 1_000
"""Of one turn: each turn is a transaction, and what is not in one by a crash is run again."""

MOST_BYTES = 8 << 20

_Place = tuple[int, str, str]
"""(event time, row id, rule id): the order of the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is to run next, in its order, over key-values as the turn `last` has left them."""

    last: int
    candidates: Sequence[Candidate]


def next_turn(
    database: Database, rules: Collection[str], *, delay_seconds: float, now: Micros
) -> Turn | None:
    """What rules of these ids are to see next; None when nothing waits, or all of it still has to.

    What has waited for `delay_seconds` has its turn, and before it what is earlier, however young it is.
    """
    with database.read() as connection:
        waiting = [rule_id for rule_id in _waiting_rules(connection) if rule_id in rules]
        due = _due(connection, waiting, delay_seconds=delay_seconds, now=now)
        places = merge(*(_places(connection, rule_id, due) for rule_id in waiting))
        chosen = list(islice(places, MOST_PAIRS))
        if not chosen:
            return None
        events = _events(connection, [row_id for _, row_id, _ in chosen])
        candidates: list[Candidate] = []
        size = 0
        for _, row_id, rule_id in chosen:
            size += len(events[row_id].raw) + len(events[row_id].rest)
            if size > MOST_BYTES and candidates:
                break
            candidates.append(Candidate(rule_id=rule_id, event=events[row_id]))
        return Turn(last=last_turn(connection), candidates=candidates)


def waiting(connection: Connection, run_id: str) -> list[tuple[str, str, int]]:
    """(rule id, origin's id, how many) of the candidates that wait of what a run came upon."""
    c, e, r = candidate.c, candidate_event.c, t.run_origin.c
    rows = connection.execute(
        select(c.rule_id, e.origin_id, func.count())
        .join(candidate_event, e.row_id == c.row_id)
        .join(t.run_origin, (r.origin_id == e.origin_id) & (r.run_id == run_id))
        .where(c.consumed_by.is_(None))
        .group_by(c.rule_id, e.origin_id)
        .order_by(c.rule_id, e.origin_id)
    )
    return [(rule_id, origin_id, number) for rule_id, origin_id, number in rows]


@dataclass(frozen=True, slots=True)
class _Due:
    """Which candidates may have their turn: those queued by then, and those not after a place."""

    queued_by: Micros | None
    """None: all of them."""
    place: _Place | None = None


def _due(connection: Connection, rules: Sequence[str], *, delay_seconds: float, now: Micros) -> _Due:
    if not delay_seconds:
        return _Due(None)
    until = Micros(now - int(delay_seconds * SECOND))
    c = candidate.c
    last: _Place | None = None
    for rule_id in rules:
        row = connection.execute(
            select(c.event_time, c.row_id)
            .where(
                c.rule_id == rule_id,
                c.consumed_by.is_(None),
                c.queued_at <= until,
                c.event_time <= now + AHEAD,
            )
            .order_by(c.event_time.desc(), c.row_id.desc())
            .limit(1)
        ).first()
        if row is not None and (last is None or (row.event_time, row.row_id, rule_id) > last):
            last = (row.event_time, row.row_id, rule_id)
    return _Due(until, last)


def _places(connection: Connection, rule_id: str, due: _Due) -> list[_Place]:
    c = candidate.c
    may: ColumnElement[bool] = true()
    if due.queued_by is not None:
        may = c.queued_at <= due.queued_by
        if due.place is not None:
            event_time, row_id, rule = due.place
            same = tuple_(c.event_time, c.row_id)
            before = same <= (event_time, row_id) if rule_id <= rule else same < (event_time, row_id)
            may = or_(may, before)
    rows = connection.execute(
        select(c.event_time, c.row_id)
        .where(and_(c.rule_id == rule_id, c.consumed_by.is_(None), may, is_kept()))
        .order_by(c.event_time, c.row_id)
        .limit(MOST_PAIRS)
    )
    return [(row.event_time, row.row_id, rule_id) for row in rows]


def _waiting_rules(connection: Connection) -> list[str]:
    """The rules that have candidates waiting, each found by one step in the index."""
    c = candidate.c
    found: list[str] = []
    while True:
        first = select(c.rule_id).where(c.consumed_by.is_(None)).order_by(c.rule_id).limit(1)
        if found:
            first = first.where(c.rule_id > found[-1])
        rule_id = connection.execute(first).scalar()
        if rule_id is None:
            return found
        found.append(rule_id)


def _events(connection: Connection, row_ids: Sequence[str]) -> Mapping[str, KeptEvent]:
    found = {}
    for chunk in chunked(list(dict.fromkeys(row_ids))):
        rows = connection.execute(select(candidate_event).where(candidate_event.c.row_id.in_(chunk)))
        for row in rows:
            found[row.row_id] = KeptEvent(
                row_id=row.row_id,
                log_type=row.log_type,
                event_id=row.event_id,
                event_time=Micros(row.event_time),
                origin_id=row.origin_id,
                raw=row.raw,
                rest=row.rest,
            )
    return found
