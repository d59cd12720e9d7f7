"""How far correlation rules are, as the state has it, and how far what they wait for has come."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.commit.candidates import earliest_waiting
from trailcam.commit.correlation_index import GroupIndex
from trailcam.commit.correlation_rules import CorrelationRule, behind, defined
from trailcam.commit.correlation_tables import correlation
from trailcam.model.correlation import Correlation
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate_stretch import wait
from trailcam.state.processes import Role, is_heard, process

_NOTHING = Micros(-(2**62))
"""Before all times: a column of the state can hold it, and what is waited for before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What has arrived: all that is earlier than `until`. With `is_all`, everything has, whatever its time,
    and nothing is waited for; then `until` bounds which times are believed."""

    until: Micros
    is_all: bool = False


def last_decision(connection: Connection) -> int:
    """The last decision; 0 before the first."""
    d = t.decision.c
    return int(connection.execute(select(d.id).order_by(d.id.desc()).limit(1)).scalar() or 0)


def sources_of(rule: Correlation) -> set[str]:
    """The rules whose matches it looks at."""
    return {step.rule_id for step in rule.steps}


def settled_until(
    connection: Connection, it: CorrelationRule, standing: Any, arrived: Arrived | None
) -> Micros | None:
    """The anchors before this time have waited long enough. It goes back only where a rule, or one that it
    looks at, has changed and is to wait longer. What still waits for its turn in the lane has not arrived
    for who looks at its rule."""
    before = _settled_before(connection, it, standing)
    if not it.correlation.waits or arrived is None:
        return before
    known = _said_until(connection, it.correlation, None if arrived.is_all else arrived.until, {})
    if arrived.is_all:
        last = GroupIndex(connection, it.correlation).last_before(arrived.until)
        known = None if last is None else _least([Micros(last + 1), known])
    return max((time for time in (before, known) if time is not None), default=None)


def _said_until(
    connection: Connection, rule: Correlation, arrived: Micros | None, known: dict[str, Micros | None]
) -> Micros | None:
    """Up to when all is known that a rule says, where all matches of events are known up to `arrived`; None:
    whatever its time. What it looks at may itself be said by a rule that waits: then the waits add up.
    `known` has the rules that were looked at before."""
    untils = []
    for rule_id in sources_of(rule):
        if rule_id not in known:
            known[rule_id] = (
                arrived  # rules that have changed may look at each other as they are in the state
            )
            known[rule_id] = _known_until(connection, rule_id, arrived, known)
        untils.append(known[rule_id])
    least = _least(untils)
    return None if least is None else Micros(least - wait(rule))


def _known_until(
    connection: Connection, rule_id: str, arrived: Micros | None, known: dict[str, Micros | None]
) -> Micros | None:
    """Up to when all matches of a rule are known: none of an event that waits for it in the lane."""
    definition = connection.execute(
        select(correlation.c.definition).where(correlation.c.rule_id == rule_id)
    ).scalar()
    said = arrived if definition is None else _said_until(connection, defined(definition), arrived, known)
    return _least([said, earliest_waiting(connection, rule_id)])


def _least(times: Iterable[Micros | None]) -> Micros | None:
    """The earliest of them, of which None are no bound."""
    return min((time for time in times if time is not None), default=None)


def _settled_before(connection: Connection, it: CorrelationRule, standing: Any) -> Micros | None:
    """How far the rule was; what has waited long enough for another definition may not have for this one, nor
    for what it looks at by now."""
    if standing is None or standing.settled is None or standing.definition == it.definition:
        return None if standing is None else standing.settled
    was, waited_for = defined(standing.definition), behind(standing.definition)
    longer = max(0, wait(it.correlation) - wait(was))
    later = sources_of(it.correlation) - sources_of(was)
    later |= {rule_id for rule_id, late in behind(it.definition).items() if late > waited_for.get(rule_id, 0)}
    known = _least(_held_until(connection, rule_id, set()) for rule_id in later)
    at_most = None if known is None else Micros(known - wait(it.correlation))
    return _least([Micros(standing.settled - longer), at_most])


def _held_until(connection: Connection, rule_id: str, looked: set[str]) -> Micros | None:
    """Up to when the state holds all that a rule says, whatever has arrived by now; None: whatever its time.
    `looked` has the rules that were looked at before."""
    standing = connection.execute(select(correlation).where(correlation.c.rule_id == rule_id)).one_or_none()
    held: Micros | None = None
    if standing is not None and rule_id not in looked:
        rule = defined(standing.definition)
        if rule.waits:
            held = _NOTHING if standing.settled is None else standing.settled
        else:
            sources = sources_of(rule)
            held = _least(_held_until(connection, source, looked | {rule_id}) for source in sources)
    return _least([held, earliest_waiting(connection, rule_id)])


def is_taken(connection: Connection, standing: Any, run_id: str, *, now: Micros) -> bool:
    """Whether a rule is another one in a server that began later and still runs: it goes on as there."""
    r, p = t.run.c, process.c
    theirs = [standing.run_id, run_id]
    last = connection.execute(select(r.id).where(r.id.in_(theirs)).order_by(t.run_number.desc())).scalar()
    if not standing.version or run_id == last:
        return False
    alive = (
        select(p.id)
        .join(t.run, r.process_id == p.id)
        .where(r.id == standing.run_id, p.role == Role.serve.value, is_heard(now))
    )
    return connection.execute(alive).first() is not None


def note_loaded(connection: Connection, rules: Sequence[CorrelationRule], run_id: str) -> None:
    """The rules stand in the state from now on, also before their first turn: what waits for it is told."""
    for it in rules:
        values = {"version": "", "definition": it.definition, "run_id": run_id, "settled": None}
        connection.execute(
            insert(correlation)
            .values(rule_id=it.rule.id, seen=0, **values)
            .on_conflict_do_update(
                index_elements=[correlation.c.rule_id], set_=values, where=correlation.c.seen == 0
            )
        )


def note_seen(connection: Connection, rule_ids: Sequence[str], decision_id: int) -> None:
    """The rules have seen the decision that their turn has come to."""
    connection.execute(
        update(correlation).where(correlation.c.rule_id.in_(rule_ids)).values(seen=decision_id)
    )


def look_anew(connection: Connection, rule_ids: Collection[str]) -> None:
    """Who looks at matches of these rules goes through all of them in its next turn."""
    for row in connection.execute(select(correlation)).all():
        if not sources_of(defined(row.definition)).isdisjoint(rule_ids):
            make_stale(connection, [row.rule_id])


def make_stale(connection: Connection, rule_ids: Sequence[str]) -> None:
    """These rules are gone through anew in their next turn."""
    if rule_ids:
        connection.execute(update(correlation).where(correlation.c.rule_id.in_(rule_ids)).values(version=""))
