"""What tests of correlation rules build: rules, matches of others, turns."""

from itertools import count
from typing import Any

from sqlalchemy import select
from tests.support import make_rule

from trailcam.commit import tables as t
from trailcam.commit.correlation_rules import CorrelationRule, correlation_rules
from trailcam.commit.correlation_saying import Said
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.correlation_turn import correlate_now
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.model.correlation import Correlation, Criterion, Step, fields_kept
from trailcam.model.match import Match
from trailcam.model.origin import Origin
from trailcam.model.rule import Kind, Rule
from trailcam.model.severity import Severity
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.state.database import Database
from trailcam.state.processes import Role

NOON = 20_000 * DAY + DAY // 2

_numbers = count()


def at(minute: float) -> Micros:
    return Micros(NOON + round(minute * MINUTE))


def correlation_rule(rule_id: str, *steps: Step, field: str = "user", **changes: Any) -> Rule:
    """A group of steps that share the value of a field; of none where it is empty."""
    fields = tuple((step.id, field) for step in steps)
    given: dict[str, Any] = {
        "rule_id": rule_id,
        "steps": steps,
        "is_sequence": False,
        "criteria": (Criterion(name="who", fields=fields),) if field else (),
    } | changes
    correlation = Correlation(**given)
    return make_rule(
        rule_id,
        "",
        kind=Kind.CORRELATION_RULE,
        log_types=(),
        correlation=correlation,
        period_minutes=correlation.look_back_minutes,
    )


def correlations(*rules: Rule) -> tuple[CorrelationRule, ...]:
    keeps = fields_kept([rule.correlation for rule in rules if rule.correlation is not None])
    return correlation_rules(rules, keeps=keeps)


def source_match(rule_id: str, minute: float, *values: str, row: str = "") -> Match:
    """A match that makes no alert."""
    return Match(
        rule_id=rule_id,
        row_id=row or f"{rule_id}@{minute:g}",
        log_type="AWS.CloudTrail",
        event_id=None,
        event_time=at(minute),
        title=rule_id,
        dedup=rule_id,
        severity=Severity.INFO,
        period_minutes=60,
        threshold=1,
        create_alert=False,
        kept=(("user", values or ("alice",)),),
    )


def keep(database: Database, *matches: Match) -> None:
    """Decides matches, as those of one origin."""
    number = next(_numbers)
    origin = Origin(
        id=f"o{number}",
        name=f"o{number}",
        source_id="s",
        source_label="s",
        size_bytes=1,
        fallback_time=Micros(0),
    )
    treated = Treated(origin=origin, purpose=Purpose.WHOLE, events=len(matches), dead_letters=0)
    group = Group(
        run_id="run",
        pack="p",
        rules={},
        treated=[treated],
        files=[],
        matches=matches,
        errors=[],
    )
    decide(database, group, warehouse=database.path.parent, now=Micros(0))


def turn(
    database: Database,
    rules: tuple[CorrelationRule, ...] | Any,
    *,
    until: float | None = None,
    everything: bool = False,
    run_id: str = "run",
    now: Micros = Micros(0),  # noqa: B008  # a number
) -> Said:
    """A turn for which all has arrived until a minute, everything, or nothing is known of it."""
    arrived = None if until is None else Arrived(until=at(until))
    if everything:
        arrived = Arrived(until=at(1_000_000), is_all=True)
    return correlate_now(
        database,
        rules,
        run_id=run_id,
        arrived=arrived,
        stage=lambda _said, _gone: [],
        warehouse=database.path.parent,
        left_to=Role.past,
        now=lambda: now,
        lateness=Micros(0),
    )


def said(database: Database) -> set[tuple[str, str, str]]:
    """(rule, row of the anchor, dedup string) of what correlation rules say now."""
    m = t.match.c
    with database.read() as state:
        found = state.execute(select(m.rule_id, m.anchor_row, m.dedup).where(m.anchor_rule.is_not(None)))
        return {(row.rule_id, row.anchor_row, row.dedup) for row in found}
