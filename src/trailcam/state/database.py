"""The state database: one SQLite file; every write is a whole transaction that nobody else can interleave."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from trailcam.errors import Problem, WorldError, code, refusal

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_SECONDS = 60
_PAUSE_SECONDS = 0.01
_LEAST_BYTES_FREE = 1 << 16

_WORDS = {
    sqlite3.SQLITE_BUSY: "state_locked",
    sqlite3.SQLITE_LOCKED: "state_locked",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "home_read_only",
    sqlite3.SQLITE_CANTOPEN: "home_read_only",
    sqlite3.SQLITE_PERM: "home_read_only",
    sqlite3.SQLITE_CORRUPT: "state_damaged",
    sqlite3.SQLITE_NOTADB: "state_damaged",
    sqlite3.SQLITE_IOERR: "world_refused",
}


class Database:
    """Connections to one state database.

    A write transaction takes the database's lock when it begins, not at its first write: else two of them
    may both read, and the later write rests on what is no longer true.

    Raises, wherever it is used:
        WorldError: TC0601 to TC0604, and TC0108 for what the operating system refuses.
    """

    def __init__(self, path: Path, *, lock_seconds: float = _LOCK_SECONDS) -> None:
        self.path = path
        self._engine = _engine(path, lock_seconds)

    def migrate(self) -> None:
        """Brings the database to the tables of this version; makes it when there is none.

        Raises:
            WorldError: TC0604 a later version of Trailcam has written it.
        """
        if self.path.is_file():
            with self.read() as connection:  # who only looks shall not wait for who writes
                if self._is_current(connection):
                    return
        with self.write() as connection:
            if not self._is_current(connection):
                _upgrade(connection)

    def _is_current(self, connection: Connection) -> bool:
        version = _version(connection)
        known = migrations()
        if version is not None and version not in known:
            message = f"the state was written by a later version: it is at {version}, not {known[-1]}"
            raise WorldError(Problem(code=code("state_too_new"), message=message, path=self.path))
        return version == known[-1]

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at its end, or leaves nothing behind."""
        with self._told(), self._engine.execution_options(begin="IMMEDIATE").begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of all tables, whatever is written meanwhile."""
        with self._told(), self._engine.execution_options(begin="DEFERRED").begin() as connection:
            yield connection

    def copy_to(self, path: Path) -> None:
        """Writes the database as it is at one moment into a new file, whoever reads and writes meanwhile.

        What was written of the file is removed when it cannot be written whole.

        Raises:
            WorldError: TC0601 to TC0603; TC0605 the database, as far as it is read, is damaged.
            OSError: the file cannot be made, or is there already.
        """
        path.open("xb").close()
        try:
            with self._told(path), self._engine.connect() as connection:
                connection.exec_driver_sql("ROLLBACK")  # VACUUM stands outside of transactions
                connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
        except BaseException:
            for name in (path, path.with_name(f"{path.name}-journal")):
                name.unlink(missing_ok=True)
            raise

    @contextmanager
    def _told(self, path: Path | None = None) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            problem = _problem(error, path or self.path)
            if problem is None:
                raise
            raise WorldError(problem) from error


def passing(error: Exception | None, *, message: str, path: Path) -> Problem | None:
    """What is told of a failure behind which nothing is damaged: a lock, no space, no permission.

    None for all others.
    """
    found = ""
    if isinstance(error, DBAPIError):
        problem = _problem(error, path)
        found = problem.code if problem is not None else ""
    elif isinstance(error, OSError):
        found = refusal(error)
    named = (code(name) for name in ("state_locked", "disk_full", "home_read_only"))
    return Problem(code=found, message=message, path=path) if found in named else None


def is_full(folder: Path) -> bool:
    """Whether a disk has no room for another page or two: SQLite calls some of what comes of it bad I/O."""
    try:
        return shutil.disk_usage(folder).free < _LEAST_BYTES_FREE
    except OSError:
        return False


def migrations() -> list[str]:
    """The revisions of the tables, oldest first."""
    return sorted(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _engine(path: Path, lock_seconds: float) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, timeout=lock_seconds, isolation_level=None),
        poolclass=NullPool,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _: Any) -> None:
        _use_wal(connection, lock_seconds)
        connection.execute("PRAGMA synchronous=FULL")  # what is decided survives a loss of power
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def _use_wal(connection: sqlite3.Connection, lock_seconds: float) -> None:
    """Lets reads and writes go on at the same time, for as long as the file lives.

    Two who make a new database at the same moment are in each other's way: SQLite then says that it is
    locked, at once and whatever its timeout.
    """
    until = time.monotonic() + lock_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _version(connection: Connection) -> str | None:
    tables = connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'"))
    if tables.first() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # 300 ms that a database of this version need not pay
    from alembic.config import Config  # noqa: PLC0415  # the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _problem(error: DBAPIError, path: Path) -> Problem | None:
    number = getattr(error.orig, "sqlite_errorcode", None)
    name = _WORDS.get(number & 0xFF) if number is not None else None
    if name is None:
        return None
    if name == "world_refused" and is_full(path.parent):
        name = "disk_full"
    return Problem(code=code(name), message=f"the state database answers: {error.orig}", path=path)
