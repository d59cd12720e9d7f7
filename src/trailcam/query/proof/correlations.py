"""Correlation rules: their matches are those that all matches say, up to where each of them is."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, or_, select

from trailcam.commit import tables as t
from trailcam.commit.correlation_index import source_matches
from trailcam.commit.correlation_rules import DERIVED, defined, version_of
from trailcam.commit.correlation_standing import sources_of
from trailcam.commit.correlation_tables import correlation
from trailcam.model.timestamps import Micros
from trailcam.pipeline.correlate import correlate
from trailcam.pipeline.correlate_stretch import wait


def correlations(state: Connection) -> Iterator[str]:
    """In words, what correlation rules say and the state does not hold, or the other way round."""
    m = t.match.c
    for row in state.execute(select(correlation).order_by(correlation.c.rule_id)).all():
        if row.version == version_of(
            row.definition
        ):  # else its next turn goes through all, and makes it hold
            yield from _differences(state, row)
    known = select(correlation.c.rule_id)
    count, example = state.execute(
        select(func.count(), func.min(m.row_id)).where(m.log_type == DERIVED, m.rule_id.not_in(known))
    ).one()
    if count:
        yield f"{count:,} matches are of correlation rules that the state does not know: {example}"


def waiting(state: Connection) -> dict[str, int]:
    """By correlation rule, how many matches its next turn is to look at; of a rule that is to be gone through
    anew, all. One that has never had a turn has a next only where the latest run has it."""
    m, of = t.match.c, t.pack_rule.c
    pack = select(t.run.c.pack).order_by(t.run_number.desc()).limit(1).scalar_subquery()
    latest = select(of.rule_id).where(of.pack == pack)
    asked = select(correlation).where(or_(correlation.c.seen > 0, correlation.c.rule_id.in_(latest)))
    found = {}
    for row in state.execute(asked.order_by(correlation.c.rule_id)).all():
        later = select(func.count()).where(
            m.rule_id.in_(sorted(sources_of(defined(row.definition)))),
            m.decision_id > (row.seen if row.version == version_of(row.definition) else 0),
        )
        found[row.rule_id] = state.execute(later).scalar_one()
    return {rule_id: number for rule_id, number in found.items() if number}


def _differences(state: Connection, row: Any) -> Iterator[str]:
    rule = defined(row.definition)
    sources = sources_of(rule)
    m = t.match.c
    derived = select(m.row_id, m.event_time).where(m.rule_id == rule.rule_id, m.anchor_rule.is_not(None))
    held = {(each.row_id, each.event_time) for each in state.execute(derived)}
    fresh: set[tuple[str, int]] = set()
    if not rule.waits or row.settled is not None:
        watermark = Micros(row.settled + wait(rule)) if rule.waits else None
        matches = source_matches(state, sources, after=0, until=row.seen)
        fresh = {(it.row_id, it.event_time) for it in correlate(rule, matches, watermark=watermark)}
    if fresh - held:
        example = min(fresh - held)[0]
        yield f"{rule.rule_id}: {len(fresh - held):,} matches that it says are not in the state: {example}"
    if held - fresh:
        example = min(held - fresh)[0]
        yield f"{rule.rule_id}: {len(held - fresh):,} matches of the state are none that it says: {example}"
