"""The state database: its tables, its transactions, and what it says when the world fails."""

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select, text
from tests.world import boxed, powerless

import trailcam
from trailcam.commit import tables as t
from trailcam.errors import WorldError, code
from trailcam.state.database import Database, migrations
from trailcam.state.metadata import metadata

SOURCES = Path(trailcam.__file__).parent
for path in SOURCES.rglob("*.py"):  # whoever has tables joins the metadata
    if "migrations" not in path.parts and "from trailcam.state.metadata import" in path.read_text():
        import_module(".".join(("trailcam", *path.relative_to(SOURCES).with_suffix("").parts)))

FORKSERVER = multiprocessing.get_context("forkserver")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path / "state.db", lock_seconds=30)
    made.migrate()
    return made


def add_run(connection: Connection, run_id: str, *, rules: int = 0) -> None:
    connection.execute(
        insert(t.run).values(
            id=run_id, started_at=0, version="1", pack="", rules=rules, paths="[]", published=False
        )
    )


def run_ids(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(t.run.c.id).order_by(t.run.c.id)).scalars())


def refused(act: Callable[[], object]) -> str:
    """The code with which something is refused."""
    with pytest.raises(WorldError) as caught:
        act()
    (problem,) = caught.value.problems
    assert problem.message
    return problem.code


# -- migrations --------------------------------------------------------------------------------------------


def test_a_new_database_has_the_tables_of_all_families_and_no_others(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    assert made - {"alembic_version", "sqlite_sequence"} == set(metadata.tables)
    assert {"run", "alert"} <= made


def test_a_new_database_has_the_indexes_of_all_families(database: Database) -> None:
    """Comparing metadata says nothing of indexes over a part of a table."""
    with database.read() as connection:
        made = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'index'")).scalars())
    assert {name for name in made if not name.startswith("sqlite_autoindex")} == {
        index.name for table in metadata.tables.values() for index in table.indexes
    }


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        add_run(connection, "kept")
    before = database.path.read_bytes()
    database.migrate()
    assert run_ids(database) == ["kept"]
    assert database.path.read_bytes() == before


def test_a_database_of_this_version_is_opened_while_another_writes(database: Database) -> None:
    hurried = Database(database.path, lock_seconds=0)
    with database.write() as connection:
        add_run(connection, "in work")
        hurried.migrate()


def test_places_of_an_earlier_version_were_last_believed_when_they_were_last_heard(
    database: Database,
) -> None:
    row = {"account": "", "region": "", "events": 1, "first_arrival": 5, "last_arrival": 7, "silences": "{}"}
    with database.write() as connection:
        connection.execute(insert(t.place).values(row | {"source": "believed", "last_event": 6}))
        connection.execute(insert(t.place).values(row | {"source": "ahead", "last_event": 0}))
        connection.execute(text("ALTER TABLE place DROP COLUMN last_believed"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    database.migrate()
    with database.read() as connection:
        rows = connection.execute(select(t.place.c.source, t.place.c.last_believed))
        found = {row.source: row.last_believed for row in rows}
    assert found == {"believed": 7, "ahead": 0}


def test_the_state_of_a_later_version_is_refused_and_left_alone(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        add_run(connection, "of a later version")
    assert refused(database.migrate) == code("state_too_new")
    assert run_ids(database) == ["of a later version"]


def migrate_at_once(
    paths: list[Path], barrier: threading.Barrier, told: "multiprocessing.Queue[str]"
) -> None:
    for path in paths:
        barrier.wait(60)
        try:
            Database(path, lock_seconds=30).migrate()
        except WorldError as error:
            told.put(str(error))
    told.put("done")


def test_processes_that_make_one_new_database_at_the_same_time_all_find_it_whole(tmp_path: Path) -> None:
    paths = [tmp_path / f"{turn}.db" for turn in range(25)]
    barrier, told = FORKSERVER.Barrier(4), FORKSERVER.Queue()
    makers = [FORKSERVER.Process(target=migrate_at_once, args=(paths, barrier, told)) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(timeout=120)
    assert [told.get(timeout=10) for _ in makers] == ["done"] * 4
    for path in paths:
        with Database(path).read() as connection:
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
            assert list(version) == [migrations()[-1]]


def test_a_new_database_in_which_another_reads_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    maker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    maker.execute("CREATE TABLE made (x)")
    maker.execute("BEGIN")
    maker.execute("SELECT * FROM made").fetchall()
    ending = threading.Timer(0.5, maker.execute, ["COMMIT"])
    ending.start()
    try:
        Database(path, lock_seconds=30).migrate()
    finally:
        ending.join()
        maker.close()
    assert run_ids(Database(path)) == []


# -- transactions ------------------------------------------------------------------------------------------


def count_up(path: Path, times: int) -> None:
    database = Database(path, lock_seconds=60)
    for _ in range(times):
        with database.write() as connection:
            held = connection.execute(select(t.run.c.rules)).scalar_one()
            time.sleep(0.001)  # long enough for somebody else to come in between
            connection.execute(t.run.update().values(rules=held + 1))


def counted(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(select(t.run.c.rules)).scalar_one())


@pytest.mark.parametrize("kind", [threading.Thread, FORKSERVER.Process], ids=["threads", "processes"])
def test_no_write_rests_on_what_another_has_changed_meanwhile(
    database: Database, kind: type[threading.Thread]
) -> None:
    with database.write() as connection:
        add_run(connection, "counter")
    writers = [kind(target=count_up, args=(database.path, 40)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert counted(database) == 160


def test_what_fails_within_a_write_leaves_nothing(database: Database) -> None:
    class Failed(Exception):
        pass

    def write() -> None:
        with database.write() as connection:
            add_run(connection, "half")
            connection.execute(text("CREATE TABLE halfway (x)"))
            raise Failed

    with pytest.raises(Failed):
        write()
    assert run_ids(database) == []
    with database.read() as connection:
        assert connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'halfway'")).all() == []
    with Database(database.path, lock_seconds=0).write() as connection:  # nor the lock
        add_run(connection, "whole")


def test_a_read_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    with database.read() as reading:
        assert reading.execute(select(t.run.c.id)).all() == []
        with database.write() as connection:
            add_run(connection, "later")
        assert reading.execute(select(t.run.c.id)).all() == []
    assert run_ids(database) == ["later"]


def test_a_reference_to_what_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"), database.write() as connection:
        connection.execute(insert(t.decision).values(run_id="nobody's", decided_at=0))


# -- copies ------------------------------------------------------------------------------------------------


def test_a_copy_holds_what_is_committed_and_nothing_of_a_write_in_work(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as connection:
        add_run(connection, "decided")
    with database.write() as connection:
        add_run(connection, "in work")
        database.copy_to(tmp_path / "copy.db")
    copy = Database(tmp_path / "copy.db")
    copy.migrate()
    assert run_ids(copy) == ["decided"]
    with copy.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]


def test_a_copy_holds_what_lies_in_the_log_of_writes_only(database: Database, tmp_path: Path) -> None:
    with database.read() as reading:  # while somebody reads, the log is not brought into the file
        reading.execute(select(t.run.c.id)).all()
        before = database.path.read_bytes()
        with database.write() as connection:
            add_run(connection, "decided")
        assert database.path.read_bytes() == before
        database.copy_to(tmp_path / "copy.db")
    assert run_ids(Database(tmp_path / "copy.db")) == ["decided"]
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


def test_a_copy_never_takes_the_place_of_a_file(database: Database, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("dear")
    with pytest.raises(FileExistsError):
        database.copy_to(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "dear"


# -- the world fails ---------------------------------------------------------------------------------------


def test_a_locked_database_is_told_when_the_time_is_up(database: Database) -> None:
    waiting = Database(database.path, lock_seconds=0.5)
    with database.write():
        started = time.monotonic()
        assert refused(lambda: waiting.write().__enter__()) == code("state_locked")
        assert 0.4 < time.monotonic() - started < 10


def test_a_lock_that_is_let_go_in_time_is_waited_for(database: Database) -> None:
    held = threading.Event()

    def hold() -> None:
        with database.write() as connection:
            held.set()
            time.sleep(0.5)
            add_run(connection, "first")

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with database.write() as connection:
        add_run(connection, "second")
    holder.join()
    assert run_ids(database) == ["first", "second"]


NO_DATABASES = {
    "text": b"this is no database\n" * 1_000,
    "a few bytes": b"x" * 100,
    "a database whose first table is shredded": None,
}


@pytest.mark.parametrize("data", NO_DATABASES.values(), ids=NO_DATABASES.keys())
def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "state.db"
    if data is None:
        Database(path).migrate()
        whole = path.read_bytes()
        data = whole[:200] + b"\xa5" * (len(whole) - 200)
    path.write_bytes(data)
    assert refused(Database(path).migrate) == code("state_damaged")
    assert path.read_bytes() == data


ACT = """
import os, sys
from pathlib import Path
from trailcam.errors import WorldError
from trailcam.state.database import Database

from sqlalchemy import text

database = Database(Path(sys.argv[1]) / "state.db", lock_seconds=1)

def fill():
    database.migrate()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE filling (x)"))
    try:
        with database.write() as connection:
            for _ in range(10_000):
                connection.execute(text("INSERT INTO filling VALUES (randomblob(4000))"))
    finally:
        with database.read() as connection:
            print("rows", connection.execute(text("SELECT count(*) FROM filling")).scalar_one())

def copy():
    database.migrate()
    with database.write() as connection:
        connection.execute(text("CREATE TABLE filling (x)"))
        for _ in range(400):
            connection.execute(text("INSERT INTO filling VALUES (randomblob(4000))"))
    disk = os.statvfs(sys.argv[1])
    (Path(sys.argv[1]) / "ballast").write_bytes(bytes(disk.f_bavail * disk.f_frsize - 500_000))
    try:
        database.copy_to(Path(sys.argv[1]) / "copy.db")
    finally:
        print("copies", [path.name for path in Path(sys.argv[1]).glob("copy*")])

def write():
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

try:
    {"migrate": database.migrate, "write": write, "fill": fill, "copy": copy}[sys.argv[2]]()
except WorldError as error:
    print(*(problem.code for problem in error.problems))
"""


def act(what: str, folder: Path, *, inside: Callable[[list[str]], list[str]]) -> str:
    """What a process of its own says that does so with the database of a folder."""
    command = inside([sys.executable, "-c", ACT, str(folder), what])
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


@pytest.mark.parametrize("what", ["migrate", "write"])
@pytest.mark.parametrize("state", ["none", "there"])
def test_a_folder_without_permission_is_told(tmp_path: Path, what: str, state: str) -> None:
    if state == "there":
        Database(tmp_path / "state.db").migrate()
        (tmp_path / "state.db").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        said = act(what, tmp_path, inside=powerless)
    finally:
        tmp_path.chmod(0o755)
    assert said == code("home_read_only")


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert refused(Database(tmp_path / "home" / "state.db").migrate) == code("home_read_only")


def test_a_full_disk_is_told_and_what_was_committed_is_kept(tmp_path: Path) -> None:
    said = act("fill", tmp_path, inside=lambda command: boxed(command, tmp_path, size="2m"))
    assert said.split("\n") == ["rows 0", code("disk_full")]


@pytest.mark.parametrize("size", ["4k", "24k", "64k", "128k"])
def test_a_disk_that_is_full_from_the_beginning_is_told(tmp_path: Path, size: str) -> None:
    said = act("migrate", tmp_path, inside=lambda command: boxed(command, tmp_path, size=size))
    assert said == code("disk_full")


def test_a_copy_that_does_not_fit_is_told_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    said = act("copy", tmp_path, inside=lambda command: boxed(command, tmp_path, size="8m"))
    assert said.split("\n") == ["copies []", code("disk_full")]
