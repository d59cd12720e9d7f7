"""Candidates are queued once and consumed once, whatever comes again, and together with what came of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from trailcam.commit import key_values
from trailcam.commit import tables as t
from trailcam.commit.candidates import Consumed, TurnTaken
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.lane import next_turn, waiting
from trailcam.commit.lane_tables import candidate, candidate_event, key_value
from trailcam.model.candidate import Candidate, KeptEvent
from trailcam.model.match import RuleError
from trailcam.model.origin import Origin
from trailcam.model.severity import Severity
from trailcam.model.timestamps import SECOND, Micros
from trailcam.rules.keyvalue import GRACE_SECONDS, Item
from trailcam.state.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db")
    made.migrate()
    with made.write() as state:
        state.execute(
            insert(t.run).values(
                id="run", started_at=0, version="0", pack="p", rules=1, paths="[]", published=False
            )
        )
    return made


def load(database: Database, key: str) -> Item | None:
    with database.read() as state:
        return key_values.load(state, key)


def asked(row: str, time: int = 0, *, rule: str = "R", origin: str = "a", raw: bytes = b"x") -> Candidate:
    event = KeptEvent(
        row_id=row, log_type="T", event_id=None, event_time=Micros(time), origin_id=origin, raw=raw, rest="{}"
    )
    return Candidate(rule_id=rule, event=event)


def treated(name: str, purpose: Purpose = Purpose.WHOLE, *, part: str = "") -> Treated:
    origin = Origin(
        id=name, name=name, source_id="s", source_label="s", size_bytes=1, fallback_time=Micros(0)
    )
    return Treated(origin=origin, purpose=purpose, events=0, dead_letters=0, part=part)


def keep(database: Database, *origins: str | Treated, now: int = 1, version: str = "1", **fields: Any) -> int:
    made: dict[str, Any] = {"files": [], "matches": [], "errors": []}
    group = Group(
        run_id="run",
        pack="p",
        rules={"R": version, "S": version},
        treated=[treated(each) if isinstance(each, str) else each for each in origins],
        **made | fields,
    )
    return decide(database, group, warehouse=database.path.parent, now=Micros(now))


def turn(
    database: Database,
    pairs: Sequence[tuple[str, str]],
    *,
    last: int = 0,
    written: Mapping[str, Item] = {},
    from_time: int = 0,
    now: int = 1,
    **fields: Any,
) -> int:
    had = Consumed(last=last, pairs=pairs, written=written, from_time=Micros(from_time))
    return keep(database, now=now, turn=had, **fields)


def pairs(database: Database, *, consumed: bool) -> set[tuple[str, str]]:
    c = candidate.c
    with database.read() as state:
        rows = state.execute(select(c.rule_id, c.row_id, c.consumed_by))
        return {(row.rule_id, row.row_id) for row in rows if (row.consumed_by is not None) is consumed}


def count(database: Database, table: Any) -> int:
    with database.read() as state:
        return int(state.execute(select(func.count()).select_from(table)).scalar_one())


def failure(row: str) -> RuleError:
    return RuleError(
        rule_id="R", row_id=row, log_type="T", event_id=None, event_time=Micros(0), function="rule",
        error_class="KeyError", error="KeyError('x')", message="m", severity=Severity.INFO, origin_id="a",
    )  # fmt: skip


# -- the queue ---------------------------------------------------------------------------------------------


def test_a_pair_is_queued_once_whatever_copies_come(database: Database) -> None:
    keep(database, "a", candidates=[asked("1", raw=b"first"), asked("1", origin="b", raw=b"second")])
    keep(database, "c", candidates=[asked("1", origin="c", raw=b"third"), asked("2", origin="c")])
    assert pairs(database, consumed=False) == {("R", "1"), ("R", "2")}
    with database.read() as state:
        kept = dict(state.execute(select(candidate_event.c.row_id, candidate_event.c.raw)).all())
    assert kept == {"1": b"first", "2": b"x"}


def test_a_pair_that_had_its_turn_is_never_queued_again(database: Database) -> None:
    keep(database, "a", candidates=[asked("1")])
    turn(database, [("R", "1")])
    keep(database, "b", candidates=[asked("1", origin="b")])
    keep(database, treated("a", Purpose.RULES, part="run2"), candidates=[asked("1")], version="2")
    assert pairs(database, consumed=False) == set()
    assert pairs(database, consumed=True) == {("R", "1")}
    assert count(database, candidate_event) == 0


def test_an_event_is_kept_for_as_long_as_any_rule_waits_for_it(database: Database) -> None:
    keep(database, "a", candidates=[asked("1"), asked("1", rule="S")])
    first = turn(database, [("R", "1")])
    assert count(database, candidate_event) == 1
    turn(database, [("S", "1")], last=first)
    assert count(database, candidate_event) == 0


def test_an_event_has_one_time_for_all_rules_that_wait_for_it(database: Database) -> None:
    """A copy in another file has another time, when the record names none."""
    keep(database, "a", candidates=[asked("1", 5)])
    keep(database, "b", candidates=[asked("1", 9, rule="S", origin="b")])
    with database.read() as state:
        assert list(state.execute(select(candidate.c.event_time)).scalars()) == [5, 5]


def test_an_origin_that_is_known_queues_nothing(database: Database) -> None:
    keep(database, "a")
    with pytest.raises(Exception, match="in the ledger"):
        keep(database, "a", candidates=[asked("1")])
    assert count(database, candidate) == count(database, candidate_event) == 0


def test_what_waits_is_told_of_the_origins_that_a_run_came_upon(database: Database) -> None:
    keep(database, "a", candidates=[asked("1"), asked("2"), asked("2", rule="S")])
    with database.read() as state:
        assert waiting(state, "run") == [("R", "a", 2), ("S", "a", 1)]
        assert waiting(state, "another") == []


# -- turns -------------------------------------------------------------------------------------------------


def test_a_turn_that_somebody_else_has_had_leaves_nothing_behind(database: Database) -> None:
    keep(database, "a", candidates=[asked("1"), asked("2")])
    first = turn(database, [("R", "1")], written={"k": Item(count=Decimal(1))})
    with pytest.raises(TurnTaken):
        turn(database, [("R", "2")], written={"k": Item(count=Decimal(7))}, errors=[failure("2")])
    assert load(database, "k") == Item(count=Decimal(1))
    assert pairs(database, consumed=False) == {("R", "2")}
    assert count(database, t.rule_error) == 0
    assert turn(database, [("R", "2")], last=first) > first


def test_a_turn_is_no_part_of_what_a_run_came_upon(database: Database) -> None:
    keep(database, "a", candidates=[asked("1")])
    with database.write() as state:
        state.execute(
            insert(t.run).values(
                id="later", started_at=0, version="0", pack="p", rules=1, paths="[]", published=False
            )
        )
    group = Group(
        run_id="later", pack="p", rules={"R": "1"}, treated=[treated("a", Purpose.LANE, part="0")], files=[],
        matches=[], errors=[failure("1")],
        turn=Consumed(last=0, pairs=[("R", "1")], written={}, from_time=Micros(0)),
    )  # fmt: skip
    decide(database, group, warehouse=database.path.parent, now=Micros(1))
    with database.read() as state:
        assert state.execute(select(t.run_origin.c.run_id)).scalars().all() == ["run"]


def test_an_error_of_a_turn_stands_though_another_version_asks_for_its_turn_again(database: Database) -> None:
    keep(database, "a", candidates=[asked("1")])
    turn(database, [("R", "1")], errors=[failure("1")])
    again = treated("a", Purpose.RULES, part="run2")
    keep(database, again, candidates=[asked("1")], version="2")
    assert count(database, t.rule_error) == 1
    keep(database, treated("a", Purpose.RULES, part="run3"), version="3")  # this one says no by itself
    assert count(database, t.rule_error) == 0


# -- key-values --------------------------------------------------------------------------------------------

ITEMS = [
    Item(),
    Item(count=Decimal(0)),
    Item(count=Decimal("12345678901234567890.5"), expires_at=1_700_000_000),
    Item(strings=frozenset({"a", "\ud800", "\x00", "é"}), expires_at=-5),
    Item(dictionary='{"a": [1, null]}'),
]


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("key", ["k", "\udcff \x00", "x" * 5_000])
def test_what_a_rule_remembers_is_read_as_it_was_written(database: Database, key: str, item: Item) -> None:
    keep(database, "a", candidates=[asked("1")])
    turn(database, [("R", "1")], written={key: Item(strings=frozenset({"before"})), "other": Item()})
    turn(database, [("R", "1")], last=2, written={key: item})
    assert load(database, key) == item
    assert load(database, "another") is None


def test_an_expiry_that_no_database_could_say_is_as_far_as_it_can(database: Database) -> None:
    keep(database, "a", candidates=[asked("1")])
    turn(database, [("R", "1")], written={"k": Item(expires_at=10**40)})
    item = load(database, "k")
    assert item is not None
    assert item.expires_at == 1 << 62


@pytest.mark.parametrize(
    ("event_seconds", "later_seconds", "left"),
    [
        pytest.param(1_000 + GRACE_SECONDS, GRACE_SECONDS + 1, 1, id="rules may still find it"),
        pytest.param(1_001 + GRACE_SECONDS, GRACE_SECONDS + 1, 0, id="none finds it any more"),
        pytest.param(1_001 + GRACE_SECONDS, GRACE_SECONDS, 1, id="it was written a moment ago"),
    ],
)
def test_what_has_expired_is_dropped_once_no_event_in_hand_finds_it(
    database: Database, event_seconds: int, later_seconds: int, left: int
) -> None:
    keep(database, "a", candidates=[asked("1"), asked("2")])
    written = {"k": Item(expires_at=1_000), "for ever": Item()}
    begun = 10_000_000 * SECOND
    first = turn(database, [("R", "1")], written=written, now=begun)
    now = begun + later_seconds * SECOND
    turn(database, [("R", "2")], last=first, from_time=event_seconds * SECOND, now=now)
    assert count(database, key_value) == 1 + left


@pytest.mark.parametrize(("expires_at", "left"), [(10_000_000, 1), (9_999_999, 0)])
def test_an_event_of_a_forged_future_makes_rules_forget_no_more_than_one_of_now(
    database: Database, expires_at: int, left: int
) -> None:
    keep(database, "a", candidates=[asked("1"), asked("2")])
    first = turn(database, [("R", "1")], written={"k": Item(expires_at=expires_at)}, now=0)
    now = (10_000_000 + GRACE_SECONDS) * SECOND
    turn(database, [("R", "2")], last=first, from_time=4_070_908_800 * SECOND, now=now)
    assert count(database, key_value) == left


# -- what is next ------------------------------------------------------------------------------------------


def order(database: Database, *, delay: float = 0, now: int = 0, rules: str = "RS") -> list[tuple[str, str]]:
    found = next_turn(database, set(rules), delay_seconds=delay, now=Micros(now * SECOND))
    return [(it.rule_id, it.event.row_id) for it in found.candidates] if found else []


def test_candidates_have_their_turn_by_event_time_then_row_then_rule(database: Database) -> None:
    keep(database, "a", candidates=[asked("2", 5), asked("1", 5, rule="S"), asked("1", 5), asked("3", 1)])
    assert order(database) == [("R", "3"), ("R", "1"), ("S", "1"), ("R", "2")]
    assert order(database, rules="S") == [("S", "1")]
    assert order(database, rules="X") == []


def test_a_young_candidate_waits_unless_a_later_one_has_waited(database: Database) -> None:
    keep(database, "a", candidates=[asked("at 50", 50)], now=10 * SECOND)
    keep(
        database, "b", candidates=[asked("at 40", 40), asked("at 60", 60), asked("at 50", 50, rule="S")],
        now=18 * SECOND,
    )  # fmt: skip
    assert order(database, delay=10, now=19) == []
    assert order(database, delay=10, now=20) == [("R", "at 40"), ("R", "at 50")]
    assert len(order(database, delay=10, now=28)) == 4


def test_a_forged_time_far_ahead_pulls_nothing_forward(database: Database) -> None:
    keep(database, "a", candidates=[asked("forged", 10**16)], now=10 * SECOND)
    keep(database, "b", candidates=[asked("young", 40)], now=18 * SECOND)
    assert order(database, delay=10, now=20) == [("R", "forged")]


@pytest.mark.parametrize("delay", [0, 10])
def test_what_waits_without_its_event_holds_nothing_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    keep(database, "a", candidates=[asked(f"{n}", n) for n in range(6)])
    monkeypatch.setattr("trailcam.commit.lane.MOST_PAIRS", 2)
    with database.write() as state:
        state.execute(delete(candidate_event).where(candidate_event.c.row_id.in_(["0", "1", "2", "5"])))
    assert order(database, delay=delay, now=20) == [("R", "3"), ("R", "4")]
    with database.write() as state:
        state.execute(delete(candidate_event))
    assert order(database, delay=delay, now=20) == []


def test_a_turn_is_no_longer_than_so_many_pairs_and_bytes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, "a", candidates=[asked(f"{n}", n, raw=bytes(10)) for n in range(9)])
    monkeypatch.setattr("trailcam.commit.lane.MOST_PAIRS", 5)
    assert len(order(database)) == 5
    monkeypatch.setattr("trailcam.commit.lane.MOST_BYTES", 25)
    assert len(order(database)) == 2
    monkeypatch.setattr("trailcam.commit.lane.MOST_BYTES", 1)
    assert len(order(database)) == 1
