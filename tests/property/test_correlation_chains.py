"""Rules that wait and look at one another: what one of them has said under a watermark stays said, and when
one changes, all say what they would have said from the beginning."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from sqlalchemy import select
from tests.correlating import at, correlation_rule, correlations, keep, source_match, turn
from tests.property.test_correlate import randoms
from tests.property.test_correlations import said_at_once, stands
from tests.property.test_decide import clear

from trailcam.commit import tables as t
from trailcam.model.correlation import Step
from trailcam.model.derived import SourceMatch
from trailcam.model.match import Match
from trailcam.model.rule import Rule
from trailcam.state.database import Database

MINUTES = 30


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(tmp_path_factory.mktemp("state") / "state.db")
    made.migrate()
    return made


def chain(random: Random) -> list[Rule]:
    """Rules, each of which looks at matches of events and may look at what those before it say."""
    made: list[Rule] = []
    for number in range(random.randint(2, 4)):
        looked_at = [f"Events{random.randint(0, 1)}", made[-1].id if made else "Events2"]
        looked_at += [random.choice(made).id] if made and random.random() < 0.5 else []
        steps = [
            Step(id=f"s{place}", rule_id=rule_id, absent=place > 0 and random.random() < 0.7)
            for place, rule_id in enumerate(dict.fromkeys(looked_at))
        ]
        back = random.choice([2, 5, 10])
        made.append(correlation_rule(f"C{number}", *steps, look_back_minutes=back))
    return made


def matches_of(random: Random) -> list[Match]:
    times = sorted(random.sample(range(4 * MINUTES), random.randint(3, 12)))
    return [
        source_match(f"Events{random.choice([0, 0, 1, 1, 2])}", time / 4, row=f"e{time}") for time in times
    ]


def said_by(database: Database, rules: Sequence[Rule]) -> set[tuple[str, str]]:
    """(rule, row) of what these rules say now, of those of them that wait."""
    waiting = [rule.id for rule in rules if rule.correlation is not None and rule.correlation.waits]
    m = t.match.c
    with database.read() as state:
        found = state.execute(select(m.rule_id, m.row_id).where(m.rule_id.in_(waiting)))
        return {(row.rule_id, row.row_id) for row in found}


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(randoms)
def test_what_was_waited_for_is_never_unsaid_where_nothing_comes_late(
    database: Database, random: Random
) -> None:
    made = chain(random)
    rules = correlations(*made)
    coming = matches_of(random)
    clear(database)
    stages: list[set[tuple[str, str]]] = []
    until = 0.0
    while until < MINUTES + 40:
        until += random.choice([1, 1, 4, 10])
        early = random.choice([0, 0, 3])
        here = [match for match in coming if match.event_time < at(until + early)]
        if here:
            keep(database, *here)
            coming = coming[len(here) :]
        turn(database, rules, until=until)
        stages.append(said_by(database, made))
    turn(database, rules, everything=True)
    whole = said_by(database, made)
    for said in stages:
        assert said <= whole


def looking_otherwise(rules: Sequence[Rule], random: Random) -> list[Rule]:
    """The same rules, of which some look less or further back."""
    return [
        replace(rule, correlation=replace(rule.correlation, look_back_minutes=random.choice([2, 5, 10, 20])))
        if rule.correlation is not None and random.random() < 0.5
        else rule
        for rule in rules
    ]


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(randoms)
def test_after_a_change_all_rules_say_what_they_would_have_said_from_the_beginning(
    database: Database, random: Random
) -> None:
    made, coming = chain(random), matches_of(random)
    others = looking_otherwise(made, random) if random.random() < 0.5 else chain(random)
    clear(database)
    keep(database, *coming)
    until = random.choice([5, 20, 40, 60])
    turn(database, correlations(*made), until=until)
    changed = correlations(*others)
    until += random.choice([0, 0, 3, 30])
    turn(database, changed, until=until)
    stands(database)
    sources = [
        SourceMatch(
            rule_id=it.rule_id, row_id=it.row_id, event_time=it.event_time, values=dict(it.kept or ())
        )
        for it in coming
    ]
    m = t.match.c
    with database.read() as state:
        found = state.execute(
            select(m.rule_id, m.row_id).where(
                m.anchor_rule.is_not(None), m.rule_id.in_([it.rule.id for it in changed])
            )
        )
        said = {(row.rule_id, row.row_id) for row in found}
    assert said == said_at_once(changed, sources, watermark=at(until))


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(randoms)
def test_what_was_waited_for_after_a_change_is_never_unsaid_where_nothing_comes(
    database: Database, random: Random
) -> None:
    made = chain(random)
    clear(database)
    keep(database, *matches_of(random))
    turn(database, correlations(*made), until=random.choice([10, 40, 80]), everything=random.random() < 0.5)
    others = looking_otherwise(made, random)
    rules = correlations(*others)
    stages: list[set[tuple[str, str]]] = []
    until = 0.0
    while until < MINUTES + 80:
        turn(database, rules, until=until)
        stages.append(said_by(database, others))
        until += random.choice([1, 4, 10])
    turn(database, rules, everything=True)
    whole = said_by(database, others)
    for said in stages:
        assert said <= whole
