"""Rules that keep state: every candidate waits, with its event, or has had its turn, with all it came to."""

from collections.abc import Iterator

from sqlalchemy import Connection, Executable, Table, exists, func, select

from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.lane_tables import candidate, candidate_event


def lane(state: Connection) -> Iterator[str]:
    """In words, what of candidates does not agree with the rest of the state."""
    c, e = candidate.c, candidate_event.c
    waits = c.consumed_by.is_(None)
    kept = exists().where(e.row_id == c.row_id)
    yield from _several(
        state,
        select(func.count(), func.min(c.row_id)).where(waits, ~kept),
        "candidates wait without their event",
    )
    wanted = exists().where(c.row_id == e.row_id, waits)
    yield from _several(
        state,
        select(func.count(), func.min(e.row_id)).where(~wanted),
        "events are kept for candidates that do not wait",
    )
    yield from _several(
        state,
        select(func.count(), func.min(c.row_id)).where(c.consumed_by <= c.queued_by),
        "candidates had their turn before they were queued",
    )
    for table, what in ((t.match, "matches"), (t.rule_error, "rule errors")):
        yield from _of_no_candidate(state, table, what)


def _of_no_candidate(state: Connection, table: Table, what: str) -> Iterator[str]:
    """What a turn of the lane has come to is of pairs that had it."""
    c, o = candidate.c, t.origin.c
    turns = select(o.decision_id).where(o.purpose == Purpose.LANE.value)
    had_it = exists().where(
        c.rule_id == table.c.rule_id, c.row_id == table.c.row_id, c.consumed_by == table.c.decision_id
    )
    yield from _several(
        state,
        select(func.count(), func.min(table.c.row_id)).where(table.c.decision_id.in_(turns), ~had_it),
        f"{what} are of a turn that their events did not have",
    )


def _several(state: Connection, counted: Executable, words: str) -> Iterator[str]:
    count, example = state.execute(counted).one()
    if count:
        yield f"{count:,} {words}: {example}"
