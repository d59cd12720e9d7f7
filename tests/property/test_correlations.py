"""What correlation rules say in the state is what all matches say, whatever the order and the groups in which
these were decided, and whenever turns were had."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from sqlalchemy import select
from tests.correlating import NOON, correlations, keep, turn
from tests.property.test_correlate import cases, correlation, match_set, randoms, time
from tests.property.test_decide import clear, expected, in_groups, windows_of
from tests.support import make_rule

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.correlation_index import GroupIndex
from trailcam.commit.correlation_rules import CorrelationRule, match_of
from trailcam.commit.windows import match_item
from trailcam.model.correlation import Correlation, Criterion, Step
from trailcam.model.derived import SourceMatch, Stretch
from trailcam.model.match import Match
from trailcam.model.rule import Kind, Rule
from trailcam.model.severity import Severity
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.pipeline.correlate import correlate, correlate_group
from trailcam.pipeline.correlate_stretch import joined, wait
from trailcam.query.proof.correlations import correlations as proof
from trailcam.query.proof.windows import windows as proof_of_windows
from trailcam.state.database import Database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(tmp_path_factory.mktemp("state") / "state.db")
    made.migrate()
    return made


def over(drawn: Correlation, random: Random) -> Correlation:
    """A rule that looks at what the drawn one says."""
    steps = (Step(id="said", rule_id="C"), Step(id="r1", rule_id="R1", absent=random.random() < 0.5))
    fields = tuple((step.id, "f") for step in steps)
    return Correlation(
        rule_id="D",
        steps=steps,
        is_sequence=False,
        criteria=(Criterion(name="x", fields=fields),) if drawn.criteria else (),
        look_back_minutes=10,
    )


def one_that_waits_and_says_something(random: Random) -> tuple[Correlation, list[SourceMatch]]:
    while True:
        for rule, matches in cases(random):
            if rule.waits and correlate(rule, matches):
                return rule, matches


def another(drawn: Correlation, random: Random) -> Correlation:
    """Another rule of the same id; of some, only how far they look has changed."""
    if random.random() < 0.3:
        return correlation(random)
    return replace(drawn, look_back_minutes=random.choice([2, 5, 15, 30]))


def minute(since_the_epoch: int) -> float:
    """As tests count minutes."""
    return since_the_epoch - NOON / MINUTE


def as_rule(of: Correlation, random: Random) -> Rule:
    return make_rule(
        of.rule_id,
        "",
        kind=Kind.CORRELATION_RULE,
        log_types=(),
        correlation=of,
        period_minutes=of.look_back_minutes,
        threshold=random.choice([1, 1, 2]),
    )


def as_match(source: SourceMatch) -> Match:
    return Match(
        rule_id=source.rule_id,
        row_id=source.row_id,
        log_type="AWS.CloudTrail",
        event_id=None,
        event_time=source.event_time,
        title="",
        dedup="",
        severity=Severity.INFO,
        period_minutes=60,
        threshold=1,
        create_alert=False,
        kept=tuple(sorted(source.values.items())),
    )


def said_at_once(
    rules: Sequence[CorrelationRule], matches: Sequence[SourceMatch], *, watermark: Micros | None = None
) -> set[tuple[str, str]]:
    """The oracle: rule by rule, of all matches and of what the rules before it say of them, and wait for."""
    every = list(matches)
    found = set()
    behind: dict[str, int] = {}
    for it in rules:
        waited = max(behind.get(step.rule_id, 0) for step in it.correlation.steps)
        behind[it.rule.id] = waited + wait(it.correlation)
        here = None if watermark is None or not it.correlation.waits else Micros(watermark - waited)
        for derived in correlate(it.correlation, every, watermark=here):
            every.append(
                SourceMatch(
                    rule_id=derived.rule_id,
                    row_id=derived.row_id,
                    event_time=derived.event_time,
                    values=dict(match_of(it, derived).kept or ()),
                )
            )
            found.add((derived.rule_id, derived.row_id))
    return found


def stands(database: Database) -> None:
    with database.read() as state:
        assert list(proof(state)) == []
        assert proof_of_windows(state).missing == []


def derived(database: Database) -> Iterator[Match]:
    with database.read() as state:
        for row in state.execute(select(t.match).where(t.match.c.anchor_rule.is_not(None))):
            yield match_item(row)


@settings(max_examples=max(settings().max_examples // 2, 1))
@given(randoms)
def test_any_order_and_any_turns_come_to_the_same_as_all_at_once(database: Database, random: Random) -> None:
    drawn = correlation(random)
    rules = correlations(as_rule(drawn, random), as_rule(over(drawn, random), random))
    matches = match_set(drawn, random)
    matches += [
        SourceMatch(rule_id="R1", row_id=f"more{number}", event_time=match.event_time, values=match.values)
        for number, match in enumerate(random.sample(matches, len(matches) // 3))
    ]
    clear(database)
    again = random.sample(matches, len(matches) // 3)
    arriving = [as_match(match) for match in random.sample([*matches, *again], len(matches) + len(again))]
    for some in in_groups(arriving, random):
        keep(database, *[match for match in some if isinstance(match, Match)])
        while random.random() < 0.5:
            until = minute(random.randint(90, 140)) if random.random() < 0.6 else None
            turn(database, rules, until=until, everything=random.random() < 0.2)
            stands(database)
    turn(database, rules, everything=True)
    stands(database)
    found = list(derived(database))
    assert {(match.rule_id, match.row_id) for match in found} == said_at_once(rules, matches)
    assert windows_of(database) == expected(found)
    with database.read() as state:
        live = select(alert.c.id).where(alert.c.status.not_in(["retracted", "merged"]))
        assert len(state.execute(live).all()) == sum(bool(window[-1]) for window in expected(found))


@given(randoms)
def test_what_is_read_for_stretches_of_a_group_says_of_them_what_all_matches_say(
    database: Database, random: Random
) -> None:
    with database.write() as connection:
        for rule, matches in cases(random):
            index = GroupIndex(connection, rule)
            index.clear()
            index.add(matches)
            times = sorted(time(random, most=15) for _ in range(random.choice([2, 4, 4, 6])))
            for group in index.groups():
                stretches = [Stretch(group, *times[at : at + 2]) for at in range(0, len(times), 2)]
                spans = joined(stretches)[group]
                read = correlate_group(rule, group, index.near(group, spans), spans=spans)
                whole = correlate(rule, matches, stretches=stretches)
                assert {it.row_id for it in read} == {it.row_id for it in whole}


@settings(max_examples=max(settings().max_examples // 4, 1))
@given(randoms)
def test_a_rule_that_changes_says_what_it_would_have_said_from_the_beginning(
    database: Database, random: Random
) -> None:
    drawn, matches = one_that_waits_and_says_something(random)
    waited = random.choice(correlate(drawn, matches)).event_time + wait(drawn)
    before = waited // MINUTE + random.randint(0, 5)
    until = before + random.choice([0, 0, 5, 20])
    everything = random.random() < 0.3
    clear(database)
    half = random.choice([len(matches), len(matches) // 2])
    keep(database, *map(as_match, matches[:half]))
    turn(database, correlations(as_rule(drawn, random)), until=minute(before))
    keep(database, *map(as_match, matches[half:]))
    changed = correlations(as_rule(another(drawn, random), random))
    turn(database, changed, until=minute(until), everything=everything)
    stands(database)
    watermark = None if everything else Micros(until * MINUTE)
    fresh = said_at_once(changed, matches, watermark=watermark)
    assert {(match.rule_id, match.row_id) for match in derived(database)} == fresh
