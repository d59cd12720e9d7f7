"""Turns of correlation rules over a real state: what is said, waited for, unsaid, and gone through anew."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, update
from tests.correlating import at, correlation_rule, correlations, keep, said, source_match, turn

from trailcam.alerts.tables import alert, alert_history
from trailcam.commit import tables as t
from trailcam.commit.correlation_rules import MEANING, CorrelationRule, correlation_rules, defined, match_of
from trailcam.commit.correlation_standing import look_anew, make_stale, note_loaded
from trailcam.commit.correlation_tables import correlation, correlation_group, correlation_match
from trailcam.commit.correlations import is_due
from trailcam.commit.kept_without import KeptWithout
from trailcam.commit.lane_tables import candidate, candidate_event
from trailcam.model.correlation import MOST_VALUES, Criterion, Step, Transition
from trailcam.model.derived import SourceMatch
from trailcam.model.match import Match
from trailcam.model.rule import Rule
from trailcam.model.timestamps import SECOND, Micros
from trailcam.pipeline.correlate import correlate
from trailcam.query.proof.correlations import correlations as proof
from trailcam.query.proof.correlations import waiting
from trailcam.state import processes
from trailcam.state.database import Database
from trailcam.state.processes import Role

FAIL, LOGIN = Step(id="fails", rule_id="Fail", least=2), Step(id="login", rule_id="Login")
MFA = Step(id="mfa", rule_id="Mfa", absent=True)
BOTH = correlation_rule("Both", FAIL, LOGIN)
ALONE = correlation_rule("Alone", LOGIN, MFA)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    with made.write() as connection:
        connection.execute(insert(t.run).values(run("run")))
    return made


def run(run_id: str, **fields: Any) -> dict[str, Any]:
    row = {"id": run_id, "started_at": 0, "version": "0", "pack": "p", "rules": 0, "paths": "[]"}
    return row | {"published": False} | fields


def rules(*of: Rule) -> Sequence[CorrelationRule]:
    return correlations(*of)


@pytest.fixture(autouse=True)
def proved(database: Database) -> Iterator[None]:
    """Whatever a test did, what stands is what the rules say of all matches."""
    yield
    with database.read() as state:
        assert list(proof(state)) == []


def alerts(database: Database) -> list[tuple[str, str, int]]:
    with database.read() as state:
        found = state.execute(select(alert.c.rule_id, alert.c.status, alert.c.matches).order_by(alert.c.id))
        return [tuple(row) for row in found]


def decisions(database: Database) -> int:
    with database.read() as state:
        return state.execute(select(func.count()).select_from(t.decision)).scalar_one()


def test_what_several_rules_say_together_is_a_match_with_a_window_and_an_alert(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}
    assert alerts(database) == [("Both", "open", 1)]


def test_matches_of_another_value_are_of_another_group(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5, "bob"))
    turn(database, rules(BOTH))
    assert said(database) == set()


def test_what_was_decided_in_between_counts_at_the_next_turn(database: Database) -> None:
    keep(database, source_match("Fail", 0))
    turn(database, rules(BOTH))
    keep(database, source_match("Login", 5))
    keep(database, source_match("Fail", 2))
    turn(database, rules(BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}


def test_a_turn_without_news_writes_nothing(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    with database.read() as state:
        assert not is_due(state, rules(BOTH), run_id="run", arrived=None, now=Micros(0))
    before = decisions(database)
    turn(database, rules(BOTH))
    assert decisions(database) == before


def test_matches_of_other_rules_are_no_news(database: Database) -> None:
    turn(database, rules(BOTH))
    keep(database, source_match("Other", 0))
    with database.read() as state:
        assert not is_due(state, rules(BOTH), run_id="run", arrived=None, now=Micros(0))
    keep(database, source_match("Fail", 0))
    with database.read() as state:
        assert is_due(state, rules(BOTH), run_id="run", arrived=None, now=Micros(0))


def test_an_absence_is_waited_for_and_then_said(database: Database) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE))
    assert said(database) == set()
    turn(database, rules(ALONE), until=15)
    assert said(database) == set(), "one that comes at minute 15 would still unsay it"
    turn(database, rules(ALONE), until=15.1)
    assert said(database) == {("Alone", "Login@0", "alice")}


@pytest.mark.parametrize("everything", [False, True])
def test_what_waits_for_a_rule_that_keeps_state_is_not_absent(
    database: Database, *, everything: bool
) -> None:
    def arrive() -> None:
        turn(database, rules(BOTH, ALONE, over), until=None if everything else 60, everything=everything)

    over = correlation_rule("Over", LOGIN, Step(id="both", rule_id="Both", absent=True))
    keep(database, source_match("Login", 0), source_match("Login", 5))
    waiting = {"queued_at": 0, "queued_by": 1, "row_id": "r"}
    event = {"row_id": "r", "log_type": "T", "event_time": 0, "origin_id": "o0", "raw": b"", "rest": "{}"}
    with database.write() as state:
        state.execute(insert(candidate_event).values(event))
        state.execute(insert(candidate).values(rule_id="Mfa", event_time=at(20), **waiting))
        state.execute(insert(candidate).values(rule_id="Fail", event_time=at(15), **waiting))
        state.execute(insert(candidate).values(rule_id="Another", event_time=at(-60), **waiting))
    arrive()
    assert said(database) == {("Alone", "Login@0", "alice")}
    with database.write() as state:
        state.execute(update(candidate).where(candidate.c.rule_id == "Fail").values(consumed_by=1))
    arrive()
    assert {rule for rule, *_ in said(database)} == {"Alone", "Over"}
    with database.write() as state:
        state.execute(update(candidate).where(candidate.c.rule_id == "Mfa").values(consumed_by=1))
    arrive()
    assert ("Alone", "Login@5", "alice") in said(database)


def test_what_waits_in_the_lane_of_a_damaged_state_without_its_event_holds_nothing_up(
    database: Database,
) -> None:
    keep(database, source_match("Login", 5))
    gone = {"rule_id": "Mfa", "row_id": "gone", "event_time": at(1), "queued_at": 0, "queued_by": 1}
    with database.write() as state:
        state.execute(insert(candidate).values(gone))
    turn(database, rules(ALONE), until=60)
    assert said(database) == {("Alone", "Login@5", "alice")}


def test_what_has_arrived_never_goes_back(database: Database) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE), until=16)
    turn(database, rules(ALONE), until=1)
    keep(database, source_match("Login", 0, row="late"))
    turn(database, rules(ALONE))
    assert {row for _, row, _ in said(database)} == {"Login@0", "late"}


def test_what_is_absent_and_comes_late_retracts_the_alert(database: Database) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE), everything=True)
    assert alerts(database) == [("Alone", "open", 1)]
    keep(database, source_match("Mfa", -3))
    turn(database, rules(ALONE), everything=True)
    assert said(database) == set()
    assert alerts(database) == [("Alone", "retracted", 1)]
    with database.read() as state:
        why = state.execute(select(alert_history.c.why).where(alert_history.c.what == "retracted")).scalar()
    assert why is not None
    assert "came late" in why


def test_a_time_that_is_not_believed_ends_no_waiting(database: Database) -> None:
    keep(database, source_match("Login", 0), source_match("Login", 10_000_000))
    turn(database, rules(ALONE), everything=True)
    assert said(database) == {("Alone", "Login@0", "alice")}


def test_a_rule_over_a_correlation_rule_follows_what_it_says_and_unsays(database: Database) -> None:
    twice = correlation_rule("Twice", Step(id="alone", rule_id="Alone"), Step(id="fail", rule_id="Fail"))
    keep(database, source_match("Login", 0), source_match("Fail", 2))
    turn(database, rules(ALONE, twice), everything=True)
    assert ("Twice", "Fail@2", "alice") in said(database)
    keep(database, source_match("Mfa", 1))
    turn(database, rules(ALONE, twice), everything=True)
    assert said(database) == set()
    assert {status for _, status, _ in alerts(database)} == {"retracted"}


def test_a_rule_that_comes_later_says_what_is_to_be_said_of_the_past(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1))
    turn(database, rules(ALONE))
    keep(database, source_match("Login", 5))
    turn(database, rules(ALONE, BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}


def test_a_rule_that_has_changed_unsays_what_it_does_not_say_any_more(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    stricter = correlation_rule("Both", replace(FAIL, least=3), LOGIN)
    turn(database, rules(stricter))
    assert said(database) == set()
    assert alerts(database) == [("Both", "retracted", 1)]


def test_a_rule_with_another_title_keeps_its_alert(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    turn(database, rules(replace(BOTH, title="Said anew")))
    assert alerts(database) == [("Both", "open", 1)]
    with database.read() as state:
        assert state.execute(select(alert.c.title)).scalar() == "Said anew"


def test_only_what_decides_is_its_version() -> None:
    assert BOTH.correlation is not None
    other = replace(BOTH, correlation=replace(BOTH.correlation, order="ReverseChronological"), runbook="x")
    (one,), (another,) = rules(BOTH), rules(other)
    assert one.version == another.version
    assert defined(one.definition) == replace(BOTH.correlation, schedule=None)


def test_what_an_earlier_version_of_trailcam_said_otherwise_is_gone_through_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tuple(f"user{number:04}" for number in range(MOST_VALUES + 50))
    keep(database, source_match("Login", 1, *many), source_match("Mfa", 2, *many))
    both = correlation_rule("Both", LOGIN, replace(MFA, absent=False))
    with monkeypatch.context() as earlier:
        earlier.setattr("trailcam.commit.correlation_rules.MEANING", MEANING - 1)
        earlier.setattr("trailcam.model.derived.MOST_VALUES", 1_000)
        earlier.setattr("trailcam.model.derived.MOST_GROUPS", 1_000)
        turn(database, rules(both))
    assert len(said(database)) == MOST_VALUES + 50
    with database.read() as state:
        assert (list(proof(state)), waiting(state)) == ([], {"Both": 2})
        assert is_due(state, rules(both), run_id="run", arrived=None, now=Micros(0))
    turn(database, rules(both))
    assert len(said(database)) == MOST_VALUES
    with database.read() as state:
        assert (list(proof(state)), waiting(state)) == ([], {})


def test_what_was_kept_without_a_field_is_told_of_rules_that_are_new(database: Database) -> None:
    def told(*of: Rule) -> list[KeptWithout]:
        return turn(database, rules(*of)).kept_without

    keep(
        database,
        replace(source_match("Fail", 0), kept=None),
        replace(source_match("Login", 1), kept=(("other", ("x",)),)),
        replace(source_match("Login", 2), kept=(("user", ()),)),
        replace(source_match("Other", 3), kept=None),
        source_match("Login", 4),
    )
    everybody = correlation_rule("Everybody", FAIL, LOGIN, field="")
    assert told(BOTH, everybody) == [KeptWithout(rule_id="Both", matches=2, fields=("user",))]
    assert told(BOTH) == []
    with database.write() as connection:
        make_stale(connection, ["Both"])
    assert told(BOTH) == [], "it goes through everything anew, and is the same rule"
    assert told(replace(BOTH, title="Another"))[0].matches == 2


def test_a_field_that_is_kept_later_is_looked_at(database: Database) -> None:
    found = [source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5)]
    keep(database, *(replace(match, kept=None) for match in found))
    turn(database, rules(BOTH))
    assert said(database) == set()
    keep(database, *found)
    turn(database, rules(BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}
    keep(database, *(replace(match, kept=(("user", ("bob",)),)) for match in found))
    turn(database, rules(BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}, "what was kept first stands"


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_who_began_later_and_still_runs_is_left_alone(database: Database, *, is_killed: bool) -> None:
    heard = Micros(100 * SECOND)
    processes.begin(database, Role.serve, now=lambda: heard, id_="theirs")
    with database.write() as connection:
        connection.execute(insert(t.run).values(run("z-later", kind="live", process_id="theirs")))
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    stricter = correlation_rule("Both", replace(FAIL, least=3), LOGIN)
    turn(database, rules(stricter), run_id="z-later", now=heard)
    missed_beats = Micros(129 * SECOND)
    turn(database, rules(BOTH), now=missed_beats)
    assert said(database) == set()
    now = missed_beats
    if is_killed:
        now = Micros(130 * SECOND)
    else:
        processes.end(database, "theirs", now=lambda: heard)
    with database.read() as state:
        assert is_due(state, rules(BOTH), run_id="run", arrived=None, now=now)
    turn(database, rules(BOTH), now=now)
    assert said(database) == {("Both", "Login@5", "alice")}


def test_a_rule_without_criteria_has_one_group(database: Database) -> None:
    together = correlation_rule("Together", LOGIN, Step(id="mfa", rule_id="Mfa"), field="")
    keep(database, source_match("Login", 0, "alice"), source_match("Mfa", 1, "bob"))
    turn(database, rules(together))
    assert said(database) == {("Together", "Mfa@1", "defaultDedupString:Together")}


def test_what_a_log_says_is_kept_whatever_it_is(database: Database) -> None:
    odd = "\ud800 " + "x" * 3_000
    keep(database, source_match("Fail", 0, odd), source_match("Fail", 1, odd), source_match("Login", 5, odd))
    turn(database, rules(BOTH))
    ((_, row, dedup),) = said(database)
    assert row == "Login@5"
    assert dedup.startswith("\\ud800 xxx")
    assert len(dedup) == 1_000


@pytest.mark.parametrize(
    ("group", "dedup"),
    [
        ((), "defaultDedupString:Pair"),
        (("a, b",), "a, b"),
        (("alice", "10.0.0.1"), "alice, 10.0.0.1"),
        (("a, b", "c"), '["a, b", "c"]'),
        (("a", "b, c"), '["a", "b, c"]'),
        (('["a', 'b"]'), '["[\\"a", "b\\"]"]'),
    ],
)
def test_each_group_has_a_dedup_string_of_its_own(group: tuple[str, ...], dedup: str) -> None:
    assert dedup_of(*group) == dedup


def test_long_groups_that_begin_alike_have_dedup_strings_of_their_own() -> None:
    one, another = (dedup_of("x" * 1_000, end) for end in "ab")
    assert one != another
    assert len(one) == len(another) == 1_000


def dedup_of(*group: str) -> str:
    steps = tuple(Step(id=name, rule_id=name) for name in ("One", "Two"))
    criteria = tuple(
        Criterion(name=str(at), fields=tuple((step.id, str(at)) for step in steps))
        for at in range(len(group))
    )
    rule = correlation_rule("Pair", *steps, criteria=criteria)
    assert rule.correlation is not None
    values = {str(at): (value,) for at, value in enumerate(group)}
    found = [SourceMatch(rule_id=step.id, row_id="r", event_time=Micros(0), values=values) for step in steps]
    (it,) = rules(rule)
    derived = correlate(rule.correlation, found)
    (dedup,) = {match_of(it, each).dedup for each in derived}
    return dedup


def test_many_news_come_to_the_same_as_few(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    turn(database, rules(BOTH, ALONE))
    monkeypatch.setattr("trailcam.commit.correlation_saying.MOST_NEWS", 3)
    monkeypatch.setattr("trailcam.commit.correlation_saying._AT_ONCE", 2)
    keep(database, *(source_match("Fail", minute) for minute in range(5)), source_match("Login", 5))
    turn(database, rules(BOTH, ALONE), everything=True)
    assert said(database) == {("Both", "Login@5", "alice"), ("Alone", "Login@5", "alice")}


def test_a_rule_that_is_gone_through_anew_leaves_nothing_of_its_past(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Login", 5))
    turn(database, rules(BOTH))
    turn(database, rules(correlation_rule("Both", LOGIN, Step(id="mfa", rule_id="Mfa"))))
    with database.read() as state:
        steps = set(state.execute(select(correlation_match.c.step_id)).scalars())
        assert steps == {"login"}
        assert state.execute(select(func.count()).select_from(correlation_group)).scalar() == 1
        assert state.execute(select(func.count()).select_from(correlation)).scalar() == 1


def test_a_match_that_two_stretches_of_a_group_need_counts_for_every_step_of_each(database: Database) -> None:
    first, then = Step(id="first", rule_id="R"), Step(id="then", rule_id="R")
    tied = (Transition(from_step="first", to_step="then", match=(("f", "g"),)),)
    chain = correlation_rule(
        "Chain", first, then, criteria=(), is_sequence=True, look_back_minutes=10, transitions=tied
    )

    def found(row: str, minute: float, f: tuple[str, ...], g: tuple[str, ...]) -> Match:
        return replace(source_match("R", minute, row=row), kept=(("f", f), ("g", g)))

    keep(
        database,
        found("p", 19, ("a",), ()),
        found("q", 20, ("a",), ("a",)),
        found("z", 25, (), ("a",)),
    )
    turn(database, rules(chain))
    assert said(database) == {("Chain", "q", "a"), ("Chain", "z", "a")}
    keep(database, found("x", 18, ("a",), ()), found("y", 29, ("a",), ()))
    turn(database, rules(chain))
    assert said(database) == {("Chain", "q", "a"), ("Chain", "z", "a")}


def test_matches_with_more_values_than_are_looked_at_are_told_by_who_looks(database: Database) -> None:
    many = [f"{number:03}" for number in range(MOST_VALUES + 1)]
    keep(database, source_match("Login", 0, *many), source_match("Login", 1, *many[1:]))
    keep(database, source_match("Mfa", 0))
    assert turn(database, rules(ALONE, BOTH)).cut == {("Alone", "Login"): 1, ("Both", "Login"): 1}
    with database.read() as state:
        assert (
            state.execute(select(func.count()).select_from(correlation_group)).scalar() == 2 * MOST_VALUES + 3
        )
    assert not turn(database, rules(ALONE, BOTH)).cut


def test_a_rule_that_is_to_wait_longer_waits_from_then_on(database: Database) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE), until=20)
    assert said(database) == {("Alone", "Login@0", "alice")}
    patient = correlation_rule("Alone", LOGIN, MFA, look_back_minutes=60)
    turn(database, rules(patient), until=20)
    assert said(database) == set()
    turn(database, rules(patient), until=61)
    assert said(database) == {("Alone", "Login@0", "alice")}


QUIET = correlation_rule("Quiet", LOGIN, Step(id="alone", rule_id="Alone", absent=True))
"""Says a login at which `Alone` says nothing, before or after."""
PATIENT = correlation_rule("Alone", LOGIN, MFA, look_back_minutes=60)


@pytest.mark.parametrize("everything", [False, True])
def test_who_looks_at_a_rule_that_is_to_wait_longer_waits_for_it_as_well(
    database: Database, *, everything: bool
) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE, QUIET), until=31, everything=everything)
    assert said(database) == {("Alone", "Login@0", "alice")}
    turn(database, rules(PATIENT, QUIET), until=31)
    assert said(database) == set()
    turn(database, rules(PATIENT, QUIET), until=76)
    assert said(database) == {("Alone", "Login@0", "alice")}


def test_what_was_said_before_a_rule_that_is_looked_at_waited_longer_is_said_anew(
    database: Database,
) -> None:
    keep(database, source_match("Login", 0), source_match("Mfa", 1))
    turn(database, rules(ALONE, QUIET), until=31)
    assert said(database) == {("Quiet", "Login@0", "alice")}
    turn(database, rules(PATIENT, QUIET), until=31)
    assert said(database) == set()
    turn(database, rules(PATIENT, QUIET), until=76)
    assert said(database) == {("Quiet", "Login@0", "alice")}


def test_a_rule_that_comes_to_look_at_one_that_waits_waits_for_it_from_then_on(database: Database) -> None:
    keep(database, source_match("Login", 0))
    other = Step(id="alone", rule_id="Other", absent=True)
    turn(database, rules(PATIENT, correlation_rule("Quiet", LOGIN, other)), until=30)
    assert said(database) == {("Quiet", "Login@0", "alice")}
    turn(database, rules(PATIENT, QUIET), until=31)
    assert said(database) == set()
    turn(database, rules(PATIENT, QUIET), until=76)
    assert said(database) == {("Alone", "Login@0", "alice")}


def test_one_between_that_does_not_wait_passes_on_what_it_looks_at(database: Database) -> None:
    between = correlation_rule("Between", Step(id="alone", rule_id="Alone"), LOGIN)
    quiet = correlation_rule("Quiet", LOGIN, Step(id="between", rule_id="Between", absent=True))
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE, between, quiet), until=31)
    turn(database, rules(PATIENT, between, quiet), until=31)
    assert said(database) == set()


def test_a_rule_that_is_to_wait_less_does_not_count_as_waited_for_what_was_not(database: Database) -> None:
    patient = correlation_rule("Alone", LOGIN, MFA, look_back_minutes=60)
    keep(database, source_match("Login", 0))
    turn(database, rules(patient), everything=True)
    keep(database, source_match("Login", 20))
    turn(database, rules(ALONE))
    assert said(database) == {("Alone", "Login@0", "alice")}
    turn(database, rules(ALONE), until=36)
    assert {row for _, row, _ in said(database)} == {"Login@0", "Login@20"}


def test_a_rule_that_changes_in_what_it_does_not_wait_for_goes_on_as_far_as_it_was(
    database: Database,
) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE), until=20)
    turn(database, rules(replace(ALONE, title="Said anew")))
    assert said(database) == {("Alone", "Login@0", "alice")}
    assert alerts(database) == [("Alone", "open", 1)]


def matches_of(database: Database, rule_id: str) -> set[str]:
    m = t.match.c
    with database.read() as state:
        return set(state.execute(select(m.row_id).where(m.rule_id == rule_id)).scalars())


def test_a_rule_that_becomes_a_correlation_rule_keeps_its_own_matches(database: Database) -> None:
    keep(database, source_match("Both", 0), source_match("Both", 1))
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    assert said(database) == {("Both", "Login@5", "alice")}
    assert {"Both@0", "Both@1"} < matches_of(database, "Both")
    turn(database, rules(correlation_rule("Both", replace(FAIL, least=3), LOGIN)))
    assert matches_of(database, "Both") == {"Both@0", "Both@1"}


def test_a_correlation_rule_that_becomes_another_kind_keeps_what_it_has_said(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    keep(database, source_match("Both", 6), source_match("Fail", 7))
    turn(database, rules(ALONE))
    assert said(database) == {("Both", "Login@5", "alice")}
    assert "Both@6" in matches_of(database, "Both")
    with database.read() as state:
        assert list(proof(state)) == []


def test_what_was_not_looked_at_yet_is_told(database: Database) -> None:
    keep(database, source_match("Fail", 0))
    turn(database, rules(BOTH, ALONE))
    keep(database, source_match("Fail", 1), source_match("Login", 5), source_match("Other", 5))
    with database.read() as state:
        assert waiting(state) == {"Both": 2, "Alone": 1}
    turn(database, rules(BOTH))
    with database.read() as state:
        assert waiting(state) == {"Alone": 1}
    with database.write() as state:
        look_anew(state, ["Fail"])
    with database.read() as state:
        assert waiting(state) == {"Both": 3, "Alone": 1}


def load(database: Database, of: Sequence[CorrelationRule], *, run_id: str = "run", pack: str = "p") -> None:
    with database.write() as connection:
        note_loaded(connection, of, run_id)
        values = [{"pack": pack, "rule_id": it.rule.id, "rule_version": it.version} for it in of]
        connection.execute(insert(t.pack_rule).prefix_with("OR IGNORE"), values)


def test_a_rule_that_was_loaded_and_never_asked_is_told(database: Database) -> None:
    load(database, rules(ALONE))
    load(database, rules(BOTH))
    keep(database, replace(source_match("Login", 5), kept=None))
    with database.read() as state:
        assert waiting(state) == {"Alone": 1, "Both": 1}
    load(database, rules(correlation_rule("Both", replace(LOGIN, rule_id="Other"), FAIL)))
    with database.read() as state:
        assert waiting(state) == {"Alone": 1}
    made = turn(database, rules(ALONE), until=36)
    assert [it.rule_id for it in made.kept_without] == ["Alone"]
    with database.read() as state:
        assert waiting(state) == {}


def test_a_rule_that_was_never_asked_is_told_no_more_when_a_later_run_does_not_have_it(
    database: Database,
) -> None:
    load(database, rules(ALONE, BOTH))
    keep(database, source_match("Login", 5))
    with database.write() as state:
        state.execute(insert(t.run).values(run("1-clock-set-back", pack="q")))
    load(database, rules(BOTH), run_id="1-clock-set-back", pack="q")
    with database.read() as state:
        assert waiting(state) == {"Both": 1}


def test_a_rule_that_is_loaded_again_stands_as_it_did(database: Database) -> None:
    keep(database, source_match("Login", 0))
    turn(database, rules(ALONE), until=36)
    load(database, rules(PATIENT))
    with database.read() as state:
        assert waiting(state) == {}
        (row,) = state.execute(select(correlation)).all()
    assert (row.definition, row.settled) == (rules(ALONE)[0].definition, at(21))


def test_correlation_rules_are_those_among_all() -> None:
    assert [it.rule.id for it in correlation_rules([BOTH, ALONE])] == ["Both", "Alone"]


def test_what_a_state_has_lost_or_holds_too_much_of_is_told(database: Database) -> None:
    keep(database, source_match("Fail", 0), source_match("Fail", 1), source_match("Login", 5))
    turn(database, rules(BOTH))
    m = t.match.c
    with database.read() as state:
        (row,) = state.execute(select(t.match).where(m.rule_id == "Both")).all()
    with database.write() as connection:
        connection.execute(delete(t.match).where(m.rule_id == "Both"))
    with database.read() as state:
        assert [words.partition(":")[0] for words in proof(state)] == ["Both"]
    too_many = [row._asdict(), row._asdict() | {"row_id": "forged"}]
    with database.write() as connection:
        connection.execute(insert(t.match), too_many)
    with database.read() as state:
        (words,) = proof(state)
    assert words == "Both: 1 matches of the state are none that it says: forged"
    with database.write() as connection:
        connection.execute(delete(t.match).where(m.row_id == "forged"))
