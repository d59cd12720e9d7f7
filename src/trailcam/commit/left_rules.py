"""Which correlation rules have no turn now, or too early a one, because others run; who has it then."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from trailcam.commit import tables as t
from trailcam.commit.correlation_rules import CorrelationRule
from trailcam.commit.correlation_standing import sources_of
from trailcam.model.timestamps import Micros
from trailcam.state.processes import Role, is_heard, is_there, process

Turns = tuple[Sequence[CorrelationRule], dict[str, str]]
"""The rules that have their turn now; and by id, in words what is left to others of a rule, by whom and when
it is had."""


def left_rules(
    connection: Connection,
    rules: Sequence[CorrelationRule],
    *,
    left_to: Role,
    now: Micros,
    lateness: Micros,
) -> Turns:
    """Which of the rules, each behind those it looks at, have no turn now: they are left to a server, or to
    the time behind somebody who goes over the past. `lateness` is how late events may come: where no server
    runs, but one did at most so long ago, what it waited for is left to the one that takes its place."""
    if left_to is not Role.past:
        served = _served(connection, is_heard(now))
        ended = process.c.seen_at.between(now - lateness, now)
        return _left_to_servers(rules, served, {} if served else _served(connection, ended))
    if not is_there(connection, Role.past, now=now):
        return rules, {}
    later = {it.rule.id: "has its turn in the server later" for it in rules if it.correlation.waits}
    return [it for it in rules if not it.correlation.waits], later


def _left_to_servers(
    rules: Sequence[CorrelationRule], served: Mapping[str, str], was_served: Mapping[str, str]
) -> Turns:
    """What servers run, or ran until a moment ago, by id, in these versions, and who looks at what these are
    yet to say.

    A server knows better what is yet to come; and under two versions of a rule at once, its has its way.
    """
    having: list[CorrelationRule] = []
    left: dict[str, str] = {}
    behind: set[str] = set()
    for it in rules:
        version, waits = served.get(it.rule.id), it.correlation.waits
        looks_at = sorted(behind & sources_of(it.correlation))
        theirs = f"looks at what the server says by {', '.join(looks_at)}"
        if version not in (None, it.version):
            left[it.rule.id] = "has its turn in the server, which runs another version of it"
        elif waits and version is not None:
            left[it.rule.id] = "has its turn in the server"
        elif waits and it.rule.id in was_served:
            left[it.rule.id] = "has its turn in the server, which ended a moment ago, or in a later run"
        elif waits and looks_at:
            left[it.rule.id] = f"{theirs}: it has its turn in a run without one"
        else:
            having.append(it)
            if looks_at and version is None:
                left[it.rule.id] = f"{theirs}: what is yet to be said it sees in the next run"
        if it.rule.id in left or looks_at:
            behind.add(it.rule.id)
    return having, left


def _served(connection: Connection, of_processes: ColumnElement[bool]) -> dict[str, str]:
    """The versions of the rules that some servers run, by id: of each server as its latest run has them, of
    several servers as the one has them that began its run last."""
    r, p, of = t.run.c, process.c, t.pack_rule.c
    latest = (
        select(func.max(t.run_number))
        .select_from(t.run)
        .join(process, p.id == r.process_id)
        .where(p.role == Role.serve.value, of_processes)
        .group_by(p.id)
    )
    rows = connection.execute(
        select(of.rule_id, of.rule_version)
        .join(t.run, r.pack == of.pack)
        .where(t.run_number.in_(latest))
        .order_by(t.run_number)
    )
    return {row.rule_id: row.rule_version for row in rows}
