"""Turns at the end of a run and while sources are followed, and how the two leave things to one another."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select
from tests.correlating import at, correlation_rule, correlations, keep, said, source_match

from trailcam.alerts.tables import alert
from trailcam.app.correlating import Correlating
from trailcam.app.home import Home, make_home
from trailcam.commit import tables as t
from trailcam.commit.correlation_standing import Arrived
from trailcam.commit.stage import Stager
from trailcam.errors import Problem, WorldError
from trailcam.model.correlation import Step
from trailcam.model.rule import Rule
from trailcam.model.timestamps import DAY, MINUTE, SECOND, Micros
from trailcam.state import processes
from trailcam.state.database import Database
from trailcam.state.processes import Role

LOGIN, MFA = Step(id="login", rule_id="Login"), Step(id="mfa", rule_id="Mfa", absent=True)
ALONE = correlation_rule("Alone", LOGIN, MFA)
BOTH = correlation_rule("Both", LOGIN, Step(id="other", rule_id="Other"))
NOW = at(600)
SAID_ALONE, SAID_BOTH = ("Alone", "Login@5", "alice"), ("Both", "Login@5", "alice")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = make_home(tmp_path / "home")
    with made.database.write() as state:
        row = {"id": "run", "started_at": 0, "version": "0", "pack": "p", "rules": 0, "paths": "[]"}
        state.execute(insert(t.run).values(row | {"published": False}))
    return made


def correlating(home: Home, *rules: Rule, run_id: str = "run") -> Correlating:
    return Correlating(
        home=home,
        run_id=run_id,
        rules=correlations(*(rules or (ALONE, BOTH))),
        stager=Stager(home.iceberg.warehouse, (), pack="p"),
        now=lambda: NOW / SECOND,
    )


def serving(
    home: Home,
    *rules: Rule,
    role: Role = Role.serve,
    heard: Micros = NOW,
    run_id: str = "server",
    id_: str = "",
) -> None:
    """A process that has begun a run with these rules; of the id of one that is there, it has begun anew."""
    id_ = id_ or processes.begin(home.database, role, now=lambda: heard, id_=f"server-{run_id}")
    row = {"id": run_id, "started_at": 0, "version": "0", "pack": f"pack of {run_id}", "rules": 0}
    with home.database.write() as state:
        state.execute(insert(t.run).values(row | {"paths": "[]", "published": False, "process_id": id_}))
        for it in correlations(*rules):
            version = {"pack": row["pack"], "rule_id": it.rule.id, "rule_version": it.version}
            state.execute(insert(t.pack_rule).values(version))


def test_while_somebody_goes_over_the_past_a_server_takes_nothing_for_absent(home: Home) -> None:
    server, arrived = correlating(home), Arrived(until=at(300))
    keep(home.database, source_match("Login", -60))
    server.go_on(arrived)
    assert said(home.database) == {("Alone", "Login@-60", "alice")}
    past = processes.begin(home.database, Role.past, now=lambda: NOW)
    keep(home.database, source_match("Other", 4), source_match("Login", 5))
    server.go_on(arrived)
    assert said(home.database) == {("Alone", "Login@-60", "alice"), SAID_BOTH}
    processes.end(home.database, past, now=lambda: NOW)
    server.go_on(arrived)
    assert said(home.database) == {("Alone", "Login@-60", "alice"), SAID_BOTH, SAID_ALONE}


def test_what_comes_before_the_past_has_been_gone_over_is_not_absent(home: Home) -> None:
    server, arrived = correlating(home), Arrived(until=at(300))
    server.go_on(arrived)
    past = processes.begin(home.database, Role.past, now=lambda: NOW)
    keep(home.database, source_match("Login", 5))
    server.go_on(arrived)
    keep(home.database, source_match("Mfa", 6))
    processes.end(home.database, past, now=lambda: NOW)
    server.go_on(arrived)
    with home.database.read() as state:
        assert state.execute(select(alert)).all() == []


def test_who_begins_to_go_over_the_past_while_a_server_waits_for_the_state_is_left_to_end(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Database.write

    def wait_for_others(database: Database) -> AbstractContextManager[Connection]:
        monkeypatch.setattr(Database, "write", write)
        processes.begin(database, Role.past, now=lambda: NOW)
        return write(database)

    keep(home.database, source_match("Other", 4), source_match("Login", 5))
    monkeypatch.setattr(Database, "write", wait_for_others)
    server = correlating(home)
    server.go_on(Arrived(until=at(300)))
    assert said(home.database) == {SAID_BOTH}
    with home.database.write() as state:
        state.execute(delete(processes.process))
    server.go_on(Arrived(until=at(300)))
    assert said(home.database) == {SAID_BOTH, SAID_ALONE}


def test_who_went_over_the_past_and_was_killed_holds_nothing_up_for_long(home: Home) -> None:
    processes.begin(home.database, Role.past, now=lambda: Micros(NOW - MINUTE))
    keep(home.database, source_match("Login", 5))
    correlating(home).go_on(Arrived(until=at(300)))
    assert said(home.database) == {SAID_ALONE}


@pytest.mark.parametrize("role", [Role.past, Role.serve])
def test_who_was_killed_with_a_clock_that_was_ahead_holds_nothing_up(home: Home, role: Role) -> None:
    processes.begin(home.database, role, now=lambda: Micros(NOW + DAY))
    keep(home.database, source_match("Login", 5))
    if role is Role.past:
        correlating(home).go_on(Arrived(until=at(300)))
    else:
        correlating(home).finish()
    assert said(home.database) == {SAID_ALONE}


def test_earlier_matches_of_which_a_new_rule_sees_too_little_are_found_once(home: Home) -> None:
    keep(home.database, replace(source_match("Login", 5), kept=None))
    server = correlating(home)
    for _ in range(2):
        server.go_on(None)
    assert [(it.rule_id, it.matches) for it in server.kept_without] == [("Alone", 1), ("Both", 1)]
    again = correlating(home)
    again.go_on(None)
    assert again.kept_without == []


def test_what_a_new_rule_does_not_see_is_told_by_the_turn_that_is_had(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(home.database, replace(source_match("Login", 5), kept=None))
    server = correlating(home)
    with monkeypatch.context() as patched:
        patched.setattr("trailcam.app.correlating.correlate_now", refused)
        for _ in range(3):
            with pytest.raises(WorldError):
                server.go_on(None)
    assert server.kept_without == []
    server.go_on(None)
    assert [it.rule_id for it in server.kept_without] == ["Alone", "Both"]


def refused(*_: object, **__: object) -> None:
    raise WorldError(Problem(code="TC0602", message="the state is locked"))


@pytest.mark.parametrize("role", list(Role))
def test_at_the_end_of_a_run_everything_has_come_unless_a_server_knows_better(home: Home, role: Role) -> None:
    serving(home, ALONE, BOTH, role=role)
    keep(home.database, source_match("Other", 4), source_match("Login", 5))
    run = correlating(home)
    run.finish()
    if role is Role.serve:
        assert (said(home.database), run.left) == ({SAID_BOTH}, {"Alone": "has its turn in the server"})
    else:
        assert (said(home.database), run.left) == ({SAID_BOTH, SAID_ALONE}, {})


def test_what_a_server_does_not_run_is_not_left_to_it(home: Home) -> None:
    serving(home, ALONE, run_id="1")
    serving(home, ALONE, heard=Micros(NOW - MINUTE), run_id="2")
    serving(home, BOTH, run_id="3", id_="server-1")
    keep(home.database, source_match("Other", 4), source_match("Login", 5))
    run = correlating(home)
    run.finish()
    assert (said(home.database), run.left) == ({SAID_BOTH, SAID_ALONE}, {})


@pytest.mark.parametrize("is_stopped", [False, True], ids=["killed", "stopped"])
def test_what_a_server_waits_for_is_left_to_it_while_it_is_down_for_a_moment(
    home: Home, *, is_stopped: bool
) -> None:
    serving(home, ALONE, BOTH, heard=Micros(NOW - 59 * MINUTE))
    if is_stopped:
        processes.end(home.database, "server-server", now=lambda: Micros(NOW - 59 * MINUTE))
    changed = correlation_rule("Both", LOGIN, Step(id="other", rule_id="Other"), look_back_minutes=30)
    run = correlating(home, ALONE, changed)
    run.lateness_seconds = 3600
    keep(home.database, source_match("Other", 4), source_match("Login", 5), source_match("Login", 599))
    run.finish()
    assert (said(home.database), list(run.left)) == ({SAID_BOTH}, ["Alone"])
    assert "ended a moment ago" in run.left["Alone"]
    keep(home.database, source_match("Mfa", 599.5))
    server = correlating(home, ALONE, changed)
    server.go_on(Arrived(until=at(540)))
    assert said(home.database) == {SAID_BOTH, SAID_ALONE}
    with home.database.read() as state:
        assert set(state.execute(select(alert.c.status)).scalars()) == {"open"}


@pytest.mark.parametrize("is_replaced", [False, True])
def test_what_was_left_to_a_server_is_said_by_runs_when_it_does_not_come_back(
    home: Home, *, is_replaced: bool
) -> None:
    serving(home, ALONE, heard=Micros(NOW - (10 if is_replaced else 61) * MINUTE))
    if is_replaced:
        serving(home, BOTH, run_id="later")
    run = correlating(home, ALONE)
    run.lateness_seconds = 3600
    keep(home.database, source_match("Login", 5))
    run.finish()
    assert (said(home.database), run.left) == ({SAID_ALONE}, {})


def test_a_rule_of_which_a_server_has_another_version_has_its_turns_there_alone(home: Home) -> None:
    shorter = correlation_rule("Both", LOGIN, Step(id="other", rule_id="Other"), look_back_minutes=1)
    serving(home, BOTH)
    keep(home.database, source_match("Other", 1), source_match("Login", 5))
    server, run = correlating(home, BOTH, run_id="server"), correlating(home, shorter)
    for _ in range(2):
        server.go_on(None)
        run.finish()
    assert (said(home.database), list(run.left)) == ({SAID_BOTH}, ["Both"])
    with home.database.read() as state:
        assert state.execute(select(alert.c.status)).scalars().all() == ["open"]


def test_a_server_whose_rules_change_after_the_clock_was_set_back_goes_on_under_the_later_ones(
    home: Home,
) -> None:
    shorter = correlation_rule("Both", LOGIN, Step(id="other", rule_id="Other"), look_back_minutes=30)
    serving(home, BOTH, run_id="2-ahead")
    correlating(home, BOTH, run_id="2-ahead").go_on(None)
    serving(home, shorter, run_id="1-set-back", id_="server-2-ahead")
    keep(home.database, source_match("Other", 4), source_match("Login", 5))
    correlating(home, shorter, run_id="1-set-back").go_on(None)
    assert said(home.database) == {SAID_BOTH}
    run = correlating(home, shorter)
    run.finish()
    assert run.left == {}


def test_who_looks_for_what_the_server_may_yet_say_waits_too(home: Home) -> None:
    said_here = correlation_rule("Here", LOGIN, Step(id="alone", rule_id="Alone"))
    chain = correlation_rule(
        "Chain", Step(id="other", rule_id="Other"), Step(id="here", rule_id="Here", absent=True)
    )
    serving(home, ALONE)
    keep(home.database, source_match("Other", 5), source_match("Login", 5))
    run = correlating(home, ALONE, said_here, chain)
    run.finish()
    assert (said(home.database), list(run.left)) == (set(), ["Alone", "Here", "Chain"])
    assert "looks at what the server says by Here" in run.left["Chain"]


def test_who_looks_at_what_the_server_may_yet_say_without_waiting_has_its_turn_and_is_told(
    home: Home,
) -> None:
    here = correlation_rule("Here", LOGIN, Step(id="alone", rule_id="Alone"), field="")
    serving(home, ALONE)
    server, run = correlating(home, ALONE), correlating(home, ALONE, here)
    keep(home.database, source_match("Login", 5))
    server.go_on(Arrived(until=at(300)))
    keep(home.database, source_match("Login", 350))
    run.finish()
    assert {rule_id for rule_id, _, _ in said(home.database)} == {"Alone", "Here"}
    assert "by Alone: what is yet to be said it sees in the next run" in run.left["Here"]
    serving(home, ALONE, here, run_id="later")
    run.finish()
    assert list(run.left) == ["Alone"], "the server looks at it every second"


def test_what_is_left_to_a_server_that_begins_while_a_run_waits_for_the_state_is_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Database.write

    def wait_for_others(database: Database) -> AbstractContextManager[Connection]:
        monkeypatch.setattr(Database, "write", write)
        serving(home, ALONE)
        return write(database)

    keep(home.database, source_match("Login", 5))
    run = correlating(home, ALONE)
    monkeypatch.setattr(Database, "write", wait_for_others)
    run.finish()
    assert (said(home.database), list(run.left)) == (set(), ["Alone"])


def test_who_looks_for_what_a_rule_that_waits_may_yet_say_waits_for_that_rule_too(home: Home) -> None:
    chain = correlation_rule(
        "Chain", Step(id="other", rule_id="Other"), Step(id="alone", rule_id="Alone", absent=True)
    )
    server = correlating(home, ALONE, chain)
    keep(home.database, source_match("Other", 5), source_match("Login", 6), source_match("Other", 90))
    for minute in range(10, 120):
        server.go_on(Arrived(until=at(minute)))
        assert ("Chain", "Other@5", "alice") not in said(home.database)
        with home.database.read() as state:
            assert state.execute(select(alert).where(alert.c.rule_id == "Chain")).all() == []
    assert ("Alone", "Login@6", "alice") in said(home.database)
    server.go_on(Arrived(until=at(121)))
    assert ("Chain", "Other@90", "alice") in said(home.database)
