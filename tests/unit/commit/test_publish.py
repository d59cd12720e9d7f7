"""Every decided file comes into its table exactly once, whoever publishes, whenever, however often."""

import multiprocessing
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import func, insert, select, update

from trailcam.app.home import Home, make_home
from trailcam.commit import publish as publishing
from trailcam.commit import revisions as revising
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.publish import publish, publish_table, republish
from trailcam.commit.recover import recover
from trailcam.errors import WorldError, code
from trailcam.lake import rows
from trailcam.lake.files import write
from trailcam.lake.tables import DEAD_LETTERS, TIME, LakeTable
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import DAY, Micros
from trailcam.query.lake import kept_files
from trailcam.query.proof import prove

NAME = DEAD_LETTERS.name


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return fresh(tmp_path / "home")


def fresh(path: Path) -> Home:
    made = make_home(path)
    begin(made, "run")
    return made


def begin(home: Home, run_id: str) -> None:
    with home.database.write() as state:
        state.execute(
            insert(t.run).values(
                id=run_id, started_at=0, version="0", pack="p", rules=0, paths="[]", published=False
            )
        )


def kept(home: Home, number: int) -> None:
    """Decides one origin of one dead letter, the smallest thing that has a file."""
    letter = DeadLetter(
        origin_id=f"o{number}",
        origin_name=f"o{number}",
        position=0,
        size_bytes=1,
        reason="TC0405",
        detail="d",
        raw=b"x",
    )
    staged = rows.dead_letters([letter], parse_time=Micros(number % 5 * DAY))
    files = write(staged, DEAD_LETTERS, warehouse=home.iceberg.warehouse, attempt="a")
    decided(home, letter.origin_id, files)


def kept_event(home: Home, number: int, *, run_id: str, **columns: object) -> None:
    """Decides one origin of one event, whose log type has these columns just now."""
    row = {"p_event_time": number, "p_row_id": f"r{number}", **columns}
    staged = pa.Table.from_pylist([row])
    staged = staged.set_column(0, "p_event_time", staged["p_event_time"].cast(TIME))
    table = LakeTable(name="custom_door", schema=staged.schema, time="p_event_time")
    begin(home, run_id)
    files = write(staged, table, warehouse=home.iceberg.warehouse, attempt="a")
    decided(home, f"o{number}", files, run_id=run_id)


def decided(home: Home, origin_id: str, files: Iterable[StagedFile], *, run_id: str = "run") -> None:
    origin = Origin(
        id=origin_id,
        name=origin_id,
        source_id="s",
        source_label="s",
        size_bytes=1,
        fallback_time=Micros(0),
    )
    group = Group(
        run_id=run_id,
        pack="p",
        rules={},
        treated=[Treated(origin=origin, purpose=Purpose.WHOLE, events=0, dead_letters=1)],
        files=list(files),
        matches=(),
        errors=(),
        not_run={},
    )
    decide(home.database, group, warehouse=home.iceberg.warehouse, now=Micros(0))


def in_table(home: Home) -> list[str]:
    """The origins whose rows any reader of the table sees, copies too."""
    table = home.iceberg.find(NAME)
    assert table is not None
    return sorted(table.scan().to_arrow().column("origin_id").to_pylist(), key=lambda name: int(name[1:]))


def roll_back(home: Home, *, to: int) -> None:
    """Takes the table back to where it was after so many commits."""
    table = home.iceberg.find(NAME)
    assert table is not None
    snapshots = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    table.manage_snapshots().rollback_to_snapshot(snapshots[to - 1].snapshot_id).commit()


def expected(count: int) -> list[str]:
    return [f"o{number}" for number in range(count)]


def test_everything_decided_is_published_once_however_often(home: Home) -> None:
    for number in range(3):
        kept(home, number)
    assert publish(home.database, home.iceberg) == 3
    assert publish(home.database, home.iceberg) == 0
    kept(home, 3)
    assert publish(home.database, home.iceberg) == 1
    assert in_table(home) == expected(4)


def test_one_commit_brings_the_columns_of_every_version_of_a_log_type(home: Home) -> None:
    kept_event(home, 0, run_id="one", door="north", floor=1)
    kept_event(home, 1, run_id="two", door="south", lock="old")
    kept_event(home, 2, run_id="three", door="west")
    assert publish(home.database, home.iceberg) == 3
    table = home.iceberg.find("custom_door")
    assert table is not None
    found = {row["p_row_id"]: row for row in table.scan().to_arrow().to_pylist()}
    assert [found[f"r{number}"]["floor"] for number in range(3)] == [1, None, None]
    assert [found[f"r{number}"]["lock"] for number in range(3)] == [None, "old", None]


def test_files_that_no_table_can_take_are_told_and_stay_decided(home: Home) -> None:
    kept_event(home, 0, run_id="one", floor=1)
    publish(home.database, home.iceberg)
    kept_event(home, 1, run_id="two", floor="first")
    with pytest.raises(WorldError) as caught:
        publish(home.database, home.iceberg)
    (problem,) = caught.value.problems
    assert problem.code == code("lake_refused")
    assert "floor" in problem.message
    assert len(kept_files(home.database, home.iceberg.warehouse, "custom_door")) == 2


def test_a_commit_that_was_made_and_not_confirmed_is_only_marked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(home, 0)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "_mark", die)
        with pytest.raises(KeyboardInterrupt):
            publish(home.database, home.iceberg)
    kept(home, 1)
    assert publish(home.database, home.iceberg) == 1
    assert in_table(home) == expected(2)


def test_one_that_wakes_up_late_adds_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has loaded the table and falls asleep; others commit the same number, and the next."""
    kept(home, 0)
    publish(home.database, home.iceberg)
    kept(home, 1)
    other = make_home(home.path)
    real = SqlCatalog.commit_table
    slept: list[bool] = []

    def sleep_first(catalog: SqlCatalog, *arguments: Any) -> Any:
        if not slept:
            slept.append(True)
            assert publish_table(other.database, other.iceberg, NAME) == 1
            kept(other, 2)
            assert publish_table(other.database, other.iceberg, NAME) == 1
        return real(catalog, *arguments)

    monkeypatch.setattr(SqlCatalog, "commit_table", sleep_first)
    assert publish_table(home.database, home.iceberg, NAME) == 0
    assert slept
    assert in_table(home) == expected(3)


def test_a_commit_whose_outcome_is_unknown_is_made_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(home, 0)
    real = SqlCatalog.commit_table
    failures = iter([OSError("the answer got lost"), None])

    def commit(catalog: SqlCatalog, *arguments: Any) -> Any:
        done = real(catalog, *arguments)
        failure = next(failures, None)
        if failure is not None:
            raise failure
        return done

    monkeypatch.setattr(SqlCatalog, "commit_table", commit)
    publish_table(home.database, home.iceberg, NAME)
    assert in_table(home) == expected(1)


def test_a_table_that_was_rolled_back_is_told_and_gets_back_what_it_lost(home: Home) -> None:
    for number in range(4):
        kept(home, number)
        publish(home.database, home.iceberg)
    roll_back(home, to=2)
    assert in_table(home) == expected(2)
    assert len(kept_files(home.database, home.iceberg.warehouse, NAME)) == 4
    proof = prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups)
    assert proof.rolled_back == [NAME]
    assert not proof.holds
    assert republish(home.database, home.iceberg, NAME) == 2
    assert in_table(home) == expected(4)
    assert prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups).holds


def test_what_comes_after_a_rollback_brings_back_what_was_lost_too(home: Home) -> None:
    for number in range(3):
        kept(home, number)
        publish(home.database, home.iceberg)
    roll_back(home, to=1)
    kept(home, 3)
    publish(home.database, home.iceberg)
    assert in_table(home) == expected(4)


def test_a_commit_under_way_and_one_that_gives_back_what_was_lost_add_no_file_twice(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        kept(home, number)
        publish(home.database, home.iceberg)
    roll_back(home, to=1)
    kept(home, 3)
    other = make_home(home.path)
    real = SqlCatalog.commit_table
    slept: list[bool] = []

    def sleep_first(catalog: SqlCatalog, *arguments: Any) -> Any:
        if not slept:
            slept.append(True)
            with monkeypatch.context() as patch:  # the other is as far as having seen what is lost
                patch.setattr(publishing, "publish_table", lambda *_: 0)
                republish(other.database, other.iceberg, NAME)
        return real(catalog, *arguments)

    monkeypatch.setattr(SqlCatalog, "commit_table", sleep_first)
    publish_table(home.database, home.iceberg, NAME)
    publish_table(other.database, other.iceberg, NAME)
    assert slept
    assert in_table(home) == expected(4)
    assert prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups).holds


def test_a_state_that_was_restored_from_before_some_commits_publishes_all_and_doubles_nothing(
    home: Home, tmp_path: Path
) -> None:
    kept(home, 0)
    publish(home.database, home.iceberg)
    kept(home, 1)  # decided, not published
    home.database.copy_to(tmp_path / "older.db")
    for number in (2, 3):
        publish(home.database, home.iceberg)
        kept(home, number)
    publish(home.database, home.iceberg)
    for path in home.path.glob("state.db*"):
        path.unlink()
    (tmp_path / "older.db").rename(home.path / "state.db")
    older = make_home(home.path)
    kept(older, 4)
    publish(older.database, older.iceberg)
    assert in_table(older) == expected(5)


def test_a_file_that_is_damaged_stops_its_own_table_alone(home: Home) -> None:
    kept(home, 0)
    kept_event(home, 1, run_id="one", floor=1)
    for path in home.iceberg.warehouse.glob("custom_door/data/*/*.parquet"):
        path.write_bytes(b"PAR1" + bytes(path.stat().st_size - 4))
    with pytest.raises(WorldError) as caught:
        publish(home.database, home.iceberg)
    assert [problem.code for problem in caught.value.problems] == [code("lake_refused")]
    assert "custom_door" in caught.value.problems[0].message
    assert in_table(home) == expected(1)


def race(path: Path, ready: Any, start: int) -> None:
    home = make_home(path)
    ready.wait()
    for number in range(start, start + 15):
        kept(home, number)
        publish(home.database, home.iceberg)


def test_two_publishers_at_once_lose_and_double_nothing(home: Home) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    racers = [context.Process(target=race, args=(home.path, ready, start)) for start in (0, 15)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=120)
        assert racer.exitcode == 0
    assert in_table(home) == expected(30)
    assert prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups).holds


def commits(home: Home, count: int) -> Iterator[float]:
    """CPU seconds of each of so many commits in a row."""
    for number in range(count):
        kept(home, number)
        started = time.process_time()
        publish(home.database, home.iceberg)
        yield time.process_time() - started


def many_commits(home: Home, count: int) -> None:
    costs = list(commits(home, count))
    assert in_table(home) == expected(count)
    assert prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups).holds
    table = home.iceberg.find(NAME)
    assert table is not None
    assert len(table.metadata.snapshots) < 100
    assert len(table.metadata.metadata_log) <= 20
    manifests = table.current_snapshot().manifests(table.io)  # type: ignore[union-attr]  # it has one
    assert len(manifests) < 40
    assert max(manifest.manifest_length for manifest in manifests) < 2 * 131_072
    part = max(1, count // 10)
    early, late = sorted(costs[part : 2 * part]), sorted(costs[-part:])
    print(
        f"{count} commits: {early[part // 2] * 1e3:.1f} ms early, {late[part // 2] * 1e3:.1f} ms late (medians)"
    )


@pytest.mark.slow
def test_a_hundred_and_twenty_commits_in_a_row_are_exact_and_keep_their_metadata_short(home: Home) -> None:
    many_commits(home, 120)  # snapshots are expired twice, the last time not at the end
    old = home.iceberg.forgotten(NAME)
    assert old
    recover(home.database, home.iceberg, age_seconds=0)
    assert home.iceberg.forgotten(NAME) == []
    assert in_table(home) == expected(120)


@pytest.mark.slow
def test_two_thousand_commits_in_a_row_are_exact(home: Home) -> None:
    many_commits(home, 2_000)


# -- orphans -----------------------------------------------------------------------------------------------


def test_ends_of_runs_come_into_the_lake_once_though_another_publisher_takes_some(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for run_id in ("one", "two"):
        begin(home, run_id)
    with home.database.write() as state:
        state.execute(update(t.run).where(t.run.c.id != "run").values(finished_at=1))
    faster = write

    def slower(*arguments: Any, **options: Any) -> Iterator[StagedFile]:
        monkeypatch.setattr(revising, "write", faster)
        with home.database.write() as state:
            state.execute(update(t.run).where(t.run.c.id == "one").values(published=True))
        return faster(*arguments, **options)

    monkeypatch.setattr(revising, "write", slower)
    revising.stage_revisions(home.database, home.iceberg.warehouse)
    with home.database.read() as state:
        assert state.execute(select(t.run.c.id).where(t.run.c.published.is_(True))).scalars().all() == [
            "one",
            "two",
        ]
        assert state.execute(select(func.sum(t.staged_file.c.rows))).scalar() == 1


def test_an_end_of_a_run_whose_file_was_cleared_away_comes_with_the_next_publishing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with home.database.write() as state:
        state.execute(update(t.run).values(finished_at=1))

    def cleared(*arguments: Any, **options: Any) -> list[StagedFile]:
        written = list(write(*arguments, **options))
        assert recover(home.database, home.iceberg, age_seconds=-60) == 1
        return written

    with monkeypatch.context() as patch:
        patch.setattr(revising, "write", cleared)
        with pytest.raises(WorldError) as caught:
            publish(home.database, home.iceberg)
    assert [problem.code for problem in caught.value.problems] == [code("staged_gone")]
    assert publish(home.database, home.iceberg) == 1
    assert prove(home.database, home.iceberg, home.scratch, kept_lookups=home.lookups).holds


def test_files_that_nobody_names_are_removed_when_they_are_old_and_no_other(home: Home) -> None:
    kept(home, 0)
    orphan = home.iceberg.warehouse / f"{NAME}/data/1970-01-01/half-written.parquet"
    orphan.write_bytes(b"PAR1")
    assert recover(home.database, home.iceberg) == 0
    assert orphan.exists()
    assert recover(home.database, home.iceberg, age_seconds=0) == 1
    assert not orphan.exists()
    publish(home.database, home.iceberg)
    assert in_table(home) == expected(1)


def test_a_decided_file_is_never_an_orphan_published_or_not(home: Home) -> None:
    kept(home, 0)
    publish(home.database, home.iceberg)
    kept(home, 1)
    recover(home.database, home.iceberg, age_seconds=0)
    publish(home.database, home.iceberg)
    assert in_table(home) == expected(2)
    with home.database.read() as state:
        count = state.execute(select(func.count()).select_from(t.staged_file)).scalar_one()
    assert count == len(list(home.iceberg.warehouse.glob("*/data/*/*.parquet"))) == 2
