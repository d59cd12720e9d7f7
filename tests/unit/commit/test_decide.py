"""One decision: all of it or nothing, first decided wins, and alerts that follow their windows."""

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from trailcam.alerts.read import alert_of, history
from trailcam.alerts.tables import alert
from trailcam.commit import alerting, storms
from trailcam.commit import decide as deciding
from trailcam.commit import tables as t
from trailcam.commit.decide import AlreadyDecided, decide
from trailcam.commit.group import Group, Purpose, Treated, Unseen
from trailcam.commit.ledger import Ledger
from trailcam.commit.windows import window_row
from trailcam.model.alert import Alert
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.origin import Origin
from trailcam.model.severity import Severity
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import Item, cut
from trailcam.state.database import Database

HOUR = 60 * MINUTE


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


def match(row: str, time: int, **fields: Any) -> Match:
    defaults: dict[str, Any] = {
        "rule_id": "R",
        "row_id": row,
        "log_type": "T",
        "event_id": None,
        "event_time": Micros(time),
        "title": f"title {row}",
        "dedup": "d",
        "severity": Severity.LOW,
        "period_minutes": 60,
        "threshold": 1,
    }
    return Match(**(defaults | fields))


def error(row: str, time: int, function: str = "rule", *, origin: str = "a", text: str = "x") -> RuleError:
    return RuleError(
        rule_id="R", row_id=row, log_type="T", event_id=None, event_time=Micros(time), function=function,
        error_class="KeyError", error=f"KeyError({text!r})", message="m", severity=Severity.INFO,
        origin_id=origin,
    )  # fmt: skip


def treated(name: str, purpose: Purpose = Purpose.WHOLE, *, events: int = 1, part: str = "") -> Treated:
    origin = Origin(
        id=name, name=name, source_id="s", source_label="s", size_bytes=1, fallback_time=Micros(0)
    )
    return Treated(origin=origin, purpose=purpose, events=events, dead_letters=0, part=part)


def keep(
    database: Database,
    *origins: str | Treated,
    items: Iterable[Item] = (),
    not_run: Sequence[NotRun] = (),
    version: str = "1",
    rule: str = "R",
    now: int = 1,
) -> int:
    items = list(items)
    group = Group(
        run_id="run",
        pack="p",
        rules={rule: version},
        treated=[treated(each) if isinstance(each, str) else each for each in origins],
        files=[],
        matches=[item for item in items if isinstance(item, Match)],
        errors=[item for item in items if isinstance(item, RuleError)],
        not_run=Counter(Unseen(pair.rule_id, pair.origin_id, pair.reason) for pair in not_run),
    )
    return decide(database, group, warehouse=database.path.parent, now=Micros(now))


def count(database: Database, table: Any) -> int:
    with database.read() as state:
        return int(state.execute(select(func.count()).select_from(table)).scalar_one())


def alerts(database: Database) -> list[Alert]:
    with database.read() as state:
        return [alert_of(row) for row in state.execute(select(alert).order_by(alert.c.opened_at, alert.c.id))]


def told(database: Database, alert_id: str) -> list[str]:
    with database.read() as state:
        return [event.what for event in history(state, alert_id)]


def lines(database: Database, alert_id: str) -> list[tuple[int, str, str]]:
    with database.read() as state:
        return [(event.at, event.what, event.why) for event in history(state, alert_id)]


# -- the ledger --------------------------------------------------------------------------------------------


def test_an_origin_is_decided_once_and_a_group_with_a_known_one_leaves_nothing(database: Database) -> None:
    keep(database, "a", items=[match("1", 0)])
    with pytest.raises(AlreadyDecided) as caught:
        keep(database, "b", "a", items=[match("2", 0)])
    assert caught.value.keys == {"a"}
    assert (count(database, t.origin), count(database, t.match), count(database, t.decision)) == (1, 1, 1)
    keep(database, "b", items=[match("2", 0)])
    assert count(database, t.match) == 2


def test_whatever_fails_in_a_decision_leaves_nothing_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(deciding, "alert", fail)
    with pytest.raises(ZeroDivisionError):
        keep(database, "a", items=[match("1", 0), error("2", 0)])
    assert [count(database, table) for table in (t.origin, t.match, t.rule_error, t.window, t.decision)] == [
        0
    ] * 5


def test_the_first_decided_copy_of_a_match_stands(database: Database) -> None:
    keep(database, "a", items=[match("1", 5, title="first")])
    keep(database, "b", items=[match("1", 3, title="second")])
    with database.read() as state:
        (row,) = state.execute(select(t.match)).all()
    assert (row.title, row.event_time) == ("first", 5)


def test_a_match_outweighs_the_failure_of_a_copy_in_either_order(database: Database) -> None:
    keep(database, "a", items=[error("1", 0)])
    assert [window.kind for window in windows(database)] == ["error"]
    keep(database, "b", items=[match("1", 0), error("1", 0, "unique")])
    keep(database, "c", items=[error("1", 0)])
    with database.read() as state:
        assert [row.function for row in state.execute(select(t.rule_error))] == ["unique"]
    assert sorted(window.kind for window in windows(database)) == ["error", "match"]


def again(origin: str, part: str = "run2", purpose: Purpose = Purpose.RULES) -> Treated:
    return treated(origin, purpose, events=0, part=part)


def test_what_a_later_version_of_a_rule_says_of_an_origin_replaces_its_errors(database: Database) -> None:
    keep(database, "a", items=[error("1", 0), error("2", 1), error("3", 2), error("4", 3, "unique")])
    keep(database, "b", items=[error("5", 4, origin="b")])
    keep(database, again("a"), items=[error("2", 1, text="y"), match("3", 2)], version="2")
    with database.read() as state:
        rows = state.execute(select(t.rule_error).order_by(t.rule_error.c.row_id)).all()
    assert [(row.row_id, row.error, row.rule_version) for row in rows] == [
        ("2", "KeyError('y')", "2"),
        ("4", "KeyError('x')", "1"),
        ("5", "KeyError('x')", "1"),
    ]
    assert [(row.kind, row.matches) for row in windows(database)] == [("error", 3), ("match", 1)]
    check(database)


def test_an_alert_about_errors_goes_with_them(database: Database) -> None:
    keep(database, "a", items=[error("1", 0)])
    keep(database, again("a"), version="2")
    (one,) = alerts(database)
    assert one.status == "retracted"
    assert (count(database, t.rule_error), count(database, t.window)) == (0, 0)


@pytest.mark.parametrize("reason", ["the same version", "only a part", "not run", "another rule"])
def test_errors_stand_until_the_rule_has_gone_over_their_origin_in_another_version(
    database: Database, reason: str
) -> None:
    keep(database, "a", items=[error("1", 0)])
    pair = NotRun(
        rule_id="R" if reason == "not run" else "S", row_id="9", origin_id="a", origin_name="a", reason="x"
    )
    keep(
        database,
        again("a", purpose=Purpose.PART if reason == "only a part" else Purpose.RULES),
        not_run=[pair],
        version="1" if reason == "the same version" else "2",
        rule="S" if reason == "another rule" else "R",
    )
    assert count(database, t.rule_error) == 1


def windows(database: Database) -> list[Any]:
    with database.read() as state:
        return list(state.execute(select(t.window).order_by(t.window.c.start)).all())


def test_a_derived_origin_stands_beside_the_whole_one_and_adds_no_records(database: Database) -> None:
    keep(database, "a")
    keep(database, again("a"), items=[match("1", 0)])
    with database.read() as state:
        rows = state.execute(select(t.origin).order_by(t.origin.c.purpose)).all()
    assert [(row.purpose, row.records) for row in rows] == [("rules", 0), ("whole", 1)]


def test_what_was_not_run_is_listed_until_it_is(database: Database) -> None:
    pairs = [
        NotRun(rule_id="R", row_id=str(n), origin_id="a", origin_name="a", reason="TC0503") for n in range(3)
    ]
    keep(database, "a", not_run=pairs)
    with database.read() as state:
        assert [(row.rule_id, row.origin_id, row.events) for row in state.execute(select(t.not_run))] == [
            ("R", "a", 3)
        ]
    keep(database, again("a"))
    assert count(database, t.not_run) == 0


def test_what_was_not_run_stays_listed_when_it_could_not_be_read_again(database: Database) -> None:
    pair = NotRun(rule_id="R", row_id="1", origin_id="a", origin_name="a", reason="TC0503")
    keep(database, "a", not_run=[pair])
    keep(database, again("a", purpose=Purpose.PART))
    keep(database, again("a", "run3", purpose=Purpose.PART), not_run=[pair, pair])
    with database.read() as state:
        assert [row.events for row in state.execute(select(t.not_run))] == [2]
    ledger = Ledger(database, {"R": "1"})
    assert ledger.look_up(["a"]) == {"a": frozenset({"R"})}
    keep(database, again("a"))
    assert count(database, t.not_run) == 0


# -- alerts ------------------------------------------------------------------------------------------------


def test_a_window_that_qualifies_opens_one_alert_which_grows_with_it(database: Database) -> None:
    keep(database, "a", items=[match("1", 0, threshold=2)])
    assert alerts(database) == []
    keep(database, "b", items=[match("2", 1, threshold=2)])
    (one,) = alerts(database)
    assert (one.title, one.matches, one.status, one.window_start) == ("title 1", 2, "open", 0)
    keep(database, "c", items=[match("3", 2, threshold=2)])
    (grown,) = alerts(database)
    assert (grown.id, grown.matches, grown.revision > one.revision) == (one.id, 3, True)
    assert told(database, one.id) == ["opened", "grew"]


def test_growing_again_and_again_is_one_line_of_the_history(database: Database) -> None:
    keep(database, "first", items=[match("0", 0)], now=1)
    for number in range(1, 4):
        keep(database, str(number), items=[match(str(number), number)], now=number + 1)
    keep(database, "urgent", items=[match("4", 4, severity=Severity.CRITICAL)], now=5)
    keep(database, "last", items=[match("5", 5), match("6", 6)], now=6)
    (one,) = alerts(database)
    assert lines(database, one.id)[1:] == [
        (5, "grew", "from 1 to 5 matches"),
        (5, "escalated", "a match of severity CRITICAL, it was LOW"),
        (6, "grew", "from 5 to 7 matches"),
    ]


def test_another_title_and_fewer_matches_are_told_in_the_history(database: Database) -> None:
    keep(database, "a", items=[match("2", 0)], now=1)
    keep(database, "b", items=[match("1", 0, title="another")], now=2)
    keep(database, "c", items=[error("3", 0), error("4", 1)], now=3)
    keep(database, "d", items=[match("3", 0, title="the third", create_alert=False)], now=4)
    of_matches, of_errors = alerts(database)
    assert lines(database, of_matches.id)[1:] == [
        (2, "retitled", 'its first match has another title now; it was "title 2"'),
        (2, "grew", "from 1 to 2 matches"),
    ]
    assert lines(database, of_errors.id)[-1] == (4, "shrank", "from 2 to 1 match")


def test_a_later_match_of_higher_severity_escalates(database: Database) -> None:
    keep(database, "a", items=[match("1", 0)])
    keep(database, "b", items=[match("2", 1, severity=Severity.CRITICAL)])
    (one,) = alerts(database)
    assert one.severity is Severity.CRITICAL
    assert told(database, one.id) == ["opened", "grew", "escalated"]


def test_a_late_match_moves_the_window_and_the_alert_with_it(database: Database) -> None:
    keep(database, "a", items=[match("2", 30 * MINUTE)])
    (before,) = alerts(database)
    keep(database, "b", items=[match("1", 10 * MINUTE)])
    (after,) = alerts(database)
    assert (after.id, after.window_start, after.matches, after.title) == (
        before.id,
        10 * MINUTE,
        2,
        "title 1",
    )
    assert told(database, after.id) == ["opened", "moved", "retitled", "grew"]


def test_alerts_that_meet_in_one_window_are_merged_into_the_older(database: Database) -> None:
    keep(database, "a", items=[match(str(n), n * MINUTE) for n in (50, 100, 105)], now=1)
    keep(database, "b", items=[match(str(n), n * MINUTE) for n in (115, 116)], now=2)
    # The windows were [50, 110) and [115, 175); now they are [0, 60) and [100, 160), which holds most of both.
    keep(database, "c", items=[match("0", 0)], now=3)
    older, younger, new = alerts(database)
    assert (older.status, older.window_start, older.matches) == ("open", 100 * MINUTE, 4)
    assert (younger.status, younger.merged_into) == ("merged", older.id)
    assert (new.status, new.window_start, new.matches) == ("open", 0, 2)
    assert [told(database, each.id) for each in (older, younger, new)] == [
        ["opened", "moved", "retitled", "grew"],
        ["opened", "merged"],
        ["opened"],
    ]
    check(database)


def test_the_older_of_two_alerts_is_the_one_that_was_decided_first_whatever_the_clock_said(
    database: Database,
) -> None:
    keep(database, "a", items=[match(str(n), n * MINUTE) for n in (50, 100, 105)], now=2)
    (first,) = alerts(database)
    keep(database, "b", items=[match(str(n), n * MINUTE) for n in (115, 116)], now=1)
    keep(database, "c", items=[match("0", 0)], now=3)
    (merged,) = (each for each in alerts(database) if each.status == "merged")
    assert merged.merged_into == first.id


def test_the_older_of_two_alerts_that_were_opened_at_once_is_that_of_the_earlier_window(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter("zyx")
    monkeypatch.setattr(alerting, "ULID", lambda: next(ids))
    keep(database, "a", items=[match(str(n), n * MINUTE) for n in (50, 100, 105, 115, 116)])
    keep(database, "c", items=[match("0", 0)])
    assert [(each.id, each.status.value, each.merged_into) for each in alerts(database)] == [
        ("x", "open", None),
        ("y", "merged", "z"),
        ("z", "open", None),
    ]


def test_an_alert_whose_window_does_not_qualify_any_more_is_retracted(database: Database) -> None:
    early = [match(str(n), n * MINUTE, threshold=3) for n in (50, 55)]
    late = [match(str(n), n * MINUTE, threshold=3) for n in (110, 111)]
    keep(database, "a", items=[*early, *late], now=1)
    (one,) = alerts(database)
    assert one.window_start == 110 * MINUTE  # its stretch sees the match at 55
    # Now the first window reaches the threshold alone, and no other sees its matches.
    keep(database, "b", items=[match("52", 52 * MINUTE, threshold=3)], now=2)
    retracted, new = alerts(database)
    assert (retracted.id, retracted.status) == (one.id, "retracted")
    assert (new.status, new.window_start) == ("open", 50 * MINUTE)
    assert told(database, one.id) == ["opened", "retracted"]
    check(database)


def check(database: Database) -> None:
    """Live alerts and windows that qualify stand for one another."""
    with database.read() as state:
        rows = [window_row(row) for row in state.execute(select(t.window))]
    live = [each for each in alerts(database) if each.status == "open"]
    assert sorted(row.alert_id for row in rows if row.alerts) == sorted(each.id for each in live)  # type: ignore[type-var]  # none is None
    by_id = {each.id: each for each in live}
    for row in rows:
        if row.alerts:
            held = by_id[str(row.alert_id)]
            assert (held.window_start, held.matches) == (row.start, row.matches)


def test_ids_of_alerts_are_never_reused_and_none_is_deleted(database: Database) -> None:
    rng = random.Random(5)
    seen: set[str] = set()
    for number in range(200):
        late = match(f"{number:03}", rng.randrange(DAY // 2), threshold=rng.choice([1, 3]), period_minutes=45)
        keep(database, str(number), items=[late], now=number)
        ids = {each.id for each in alerts(database)}
        assert seen <= ids
        seen = ids
        check(database)
    assert {each.status.value for each in alerts(database)} >= {"open", "merged"}
    for each in alerts(database):
        if each.status == "merged":
            assert each.merged_into in seen
            assert told(database, each.id)[-1] == "merged"


# -- storms ------------------------------------------------------------------------------------------------


def test_a_storm_is_one_alert_and_what_came_before_it_stands(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storms, "ALERTS_PER_HOUR", 3)
    rng = random.Random(3)
    items = [match(f"{n:02}", n * MINUTE, dedup=f"d{n:02}") for n in range(8)]
    rng.shuffle(items)
    for number, item in enumerate(items):
        keep(database, str(number), items=[item], now=number)
        storm_check(database, items[: number + 1])
    kept = {each.id: each for each in alerts(database)}
    storm = next(each for each in kept.values() if each.key.kind == "storm")
    assert (storm.status, storm.matches) == ("open", 5)
    assert {each.status for each in kept.values()} <= {"open", "merged"}
    assert all(each.merged_into == storm.id for each in kept.values() if each.status == "merged")


def storm_check(database: Database, items: Sequence[Match]) -> None:
    with database.read() as state:
        rows = [window_row(row) for row in state.execute(select(t.window))]
    expected = limit_storms(cut(items), limit=3)
    assert sorted((row.key, row.start, row.matches, row.alerts) for row in rows) == sorted(
        (window.key, window.start, len(window.row_ids), window.qualifies) for window in expected
    )
    check(database)


def test_a_storm_that_is_over_retracts_its_alert(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storms, "ALERTS_PER_HOUR", 1)
    keep(database, "a", items=[match("1", 60 * MINUTE), match("2", 121 * MINUTE - 1, dedup="e")])
    keep(database, "b", items=[match("3", 61 * MINUTE, dedup="f")])
    assert "storm" in {each.key.kind for each in alerts(database)}
    keep(database, "c", items=[match("0", 59 * MINUTE, dedup="f")])
    check(database)


# -- many processes ----------------------------------------------------------------------------------------


def decide_many(path: Path, ready: Any, share: int, items: list[Match]) -> None:
    database = Database(path)
    ready.wait()
    for number, item in enumerate(items):
        keep(database, f"{share}-{number}", items=[item])


def test_three_processes_that_decide_on_one_key_leave_the_windows_of_all_their_matches(
    database: Database,
) -> None:
    rng = random.Random(11)
    items = [match(f"{n:03}", rng.randrange(2 * DAY), threshold=3) for n in range(90)]
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(3)
    deciders = [
        context.Process(target=decide_many, args=(database.path, ready, share, items[share::3]))
        for share in range(3)
    ]
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join(timeout=120)
        assert decider.exitcode == 0
    with database.read() as state:
        rows = [window_row(row) for row in state.execute(select(t.window))]
    assert sorted((row.key, row.start, row.end, row.matches, row.qualifies) for row in rows) == sorted(
        (window.key, window.start, window.end, len(window.row_ids), window.qualifies) for window in cut(items)
    )
    check(database)
