"""What correlation rules say of the matches of the state, kept in it: a turn takes in what was decided since.

A rule's own matches are at any time what `pipeline.correlate` says of all matches up to a decision, `seen`.
So nothing hangs on who decided these, under which rules, in which order: a run without the rule, a lane,
another process.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from trailcam.commit import tables as t
from trailcam.commit.correlation_index import GroupIndex
from trailcam.commit.correlation_rules import CorrelationRule
from trailcam.commit.correlation_saying import RuleTurn, Said
from trailcam.commit.correlation_standing import (
    Arrived,
    is_taken,
    last_decision,
    make_stale,
    settled_until,
    sources_of,
)
from trailcam.commit.correlation_tables import correlation, correlation_match
from trailcam.model.timestamps import Micros
from trailcam.state.chunks import chunked


def take_turn(
    connection: Connection,
    rules: Sequence[CorrelationRule],
    *,
    run_id: str,
    arrived: Arrived | None,
    now: Micros,
) -> Said:
    """Brings the rules, each behind those it looks at, up to what is decided. The matches that come are not
    in the state yet. `arrived` None: what waits goes on waiting. `now` tells whom we hear."""
    said = Said()
    until = last_decision(connection)
    for it in rules:
        standing = connection.execute(
            select(correlation).where(correlation.c.rule_id == it.rule.id)
        ).one_or_none()
        is_another = standing is not None and standing.version != it.version
        if is_another and is_taken(connection, standing, run_id, now=now):
            continue
        RuleTurn(connection, it, standing, until=until, run_id=run_id).take(said, arrived)
        said.taken.append(it.rule.id)
    _note_vanished(connection, said)
    return said


def is_due(
    connection: Connection,
    rules: Sequence[CorrelationRule],
    *,
    run_id: str,
    arrived: Arrived | None,
    now: Micros,
    looked: int = 0,
) -> bool:
    """Whether a turn would find something to do: a look that writes nothing. `looked`: up to this decision,
    there was nothing before."""
    until = last_decision(connection)
    for it in rules:
        standing = connection.execute(
            select(correlation).where(correlation.c.rule_id == it.rule.id)
        ).one_or_none()
        if standing is None:
            return True
        if standing.version != it.version:
            if not is_taken(connection, standing, run_id, now=now):
                return True
            continue
        if max(standing.seen, looked) < until:
            m = t.match.c
            news = select(m.row_id).where(
                m.decision_id > max(standing.seen, looked), m.rule_id.in_(sorted(sources_of(it.correlation)))
            )
            if connection.execute(news.limit(1)).first() is not None:
                return True
        settled = settled_until(connection, it, standing, arrived)
        if settled is not None and settled != standing.settled:
            waiting = GroupIndex(connection, it.correlation).last_before(Micros(settled - 1))
            if waiting is not None and (standing.settled is None or waiting >= standing.settled):
                return True
    return False


def _note_vanished(connection: Connection, said: Said) -> None:
    """Rules that did not have the turn still look at what has vanished in it: they are gone through anew when
    they come back."""
    c = correlation_match.c
    stale: set[str] = set()
    for rule_id in {match.rule_id for match, _ in said.gone}:
        for chunk in chunked([match.row_id for match, _ in said.gone if match.rule_id == rule_id]):
            looking = select(c.rule_id).where(c.source_rule_id == rule_id, c.row_id.in_(chunk)).distinct()
            stale.update(connection.execute(looking).scalars())
    make_stale(connection, sorted(stale.difference(said.taken)))
