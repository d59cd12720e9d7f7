"""Brings decided files into the lake's tables, each exactly once, whoever publishes and however often.

Every commit has a number that is given out in the state before the table is touched, and that the table
takes over together with the files. Who finds the number in the table has nothing left to do.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, and_, bindparam, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from trailcam.commit import tables as t
from trailcam.commit.revisions import stage_revisions
from trailcam.errors import Problem, WorldError, code
from trailcam.lake.iceberg import Addition, Conflict, Iceberg
from trailcam.lake.tables import OWN, LakeTable
from trailcam.state.database import Database, passing

_ATTEMPTS = 50
_PAUSE_SECONDS = 0.05


def publish(database: Database, iceberg: Iceberg) -> int:
    """Publishes everything that is decided; the number of files that were new in the lake.

    Raises:
        WorldError: TC0606 the lake refuses, TC0601 to TC0603 disk, state or catalog do. What is decided
            stays so.
    """
    stage_revisions(database, iceberg.warehouse)
    return _each(_unpublished(database), lambda name: publish_table(database, iceberg, name))


def told(
    publishing: Callable[[Database, Iceberg], object], database: Database, iceberg: Iceberg
) -> list[Problem]:
    """What the lake refuses, as problems: all is decided, and none of it keeps anybody from going on."""
    try:
        publishing(database, iceberg)
    except WorldError as error:
        return list(error.problems)
    return []


def _each(names: Iterable[str], publishing: Callable[[str], int]) -> int:
    """Does it for each of the tables, whatever becomes of the others; the sum."""
    files = 0
    problems: list[Problem] = []
    for name in names:
        try:
            files += publishing(name)
        except WorldError as error:
            problems += error.problems
            if any(problem.code == code("state_locked") for problem in error.problems):
                break  # the others would wait as long, for the same lock
    if problems:
        raise WorldError(problems)
    return files


def publish_table(database: Database, iceberg: Iceberg, name: str) -> int:
    """Publishes the decided files of one table."""
    files = 0
    while (number := _numbered(database, iceberg, name)) is not None:
        files += _commit(database, iceberg, name, number)
        _mark(database, name, number)
        with suppress(Conflict, OSError, DBAPIError):  # who commits next forgets them
            iceberg.expire(name)
    return files


def republish(database: Database, iceberg: Iceberg, name: str) -> int:
    """Adds again what a table has lost: it was rolled back, or made anew, or the state has been; the number
    of files."""
    file = t.staged_file.c
    published = select(t.publication.c.published).where(t.publication.c.table_name == name).scalar_subquery()
    with database.write() as connection:  # what is published now is in the table, or lost
        there = set(iceberg.files(name))
        named = connection.execute(select(file.path).where(file.table_name == name, file.seq <= published))
        lost = [path for path in named.scalars() if str(iceberg.warehouse / path) not in there]
        if lost:
            connection.execute(
                update(t.staged_file).where(file.path == bindparam("lost")).values(seq=None, again=True),
                [{"lost": path} for path in lost],
            )
    return publish_table(database, iceberg, name)


def republish_rolled_back(database: Database, iceberg: Iceberg) -> int:
    """Adds again what any table has lost that holds fewer commits than it should; the number of files."""
    with database.read() as connection:
        numbers = {row.table_name: row.published for row in connection.execute(select(t.publication))}

    def publishing(name: str) -> int:
        return republish(database, iceberg, name) if iceberg.held(name) < numbers[name] else 0

    return _each(numbers, publishing)


def additions(
    database: Database, iceberg: Iceberg, name: str, number: int | None = None
) -> Callable[[int], Addition]:
    """Gives what was numbered after a given number, up to this one; without one, what has no number too."""

    def after(held: int) -> Addition:
        with database.read() as connection:
            files = _files(connection, name, held, number)
            known = connection.execute(
                select(t.publication.c.published).where(t.publication.c.table_name == name)
            ).scalar()
        older = held > (known or 0)  # the state is older than the table, which may have some of them
        if older or any(row.again for row in files):  # a commit that was under way may have brought them
            there = set(iceberg.files(name))
            files = [row for row in files if str(iceberg.warehouse / row.path) not in there]
        return Addition(_table(name, iceberg.warehouse, files), [row.path for row in files])

    return after


def decided_table(database: Database, warehouse: Path, name: str, *, after: int) -> LakeTable:
    """A table as its decided files have it that have a later number than this, or none; nobody else is asked.

    Raises:
        WorldError: TC0606 one of them cannot be read.
    """
    with database.read() as connection:
        return _table(name, warehouse, _files(connection, name, after, None))


def _files(connection: Connection, name: str, held: int, number: int | None) -> Sequence[Any]:
    file = t.staged_file.c
    return connection.execute(
        select(file.path, file.again, t.decision.c.run_id)
        .outerjoin(t.decision, t.decision.c.id == file.decision_id)
        .where(file.table_name == name, _between(held, number))
        .order_by(file.decision_id, file.path)
    ).all()


def _unpublished(database: Database) -> list[str]:
    """The tables that have something to publish, or to confirm."""
    with database.read() as connection:
        new = select(t.staged_file.c.table_name).where(t.staged_file.c.seq.is_(None)).distinct()
        open_ = select(t.publication.c.table_name).where(t.publication.c.numbered > t.publication.c.published)
        return sorted({*connection.execute(new).scalars(), *connection.execute(open_).scalars()})


def _numbered(database: Database, iceberg: Iceberg, name: str) -> int | None:
    """The commit to be made next: one that was left unconfirmed, else a new one; None if there is none.

    A new number is greater than all before, also than those that a restored state does not know of.
    """
    if name not in _unpublished(database):
        return None
    held = iceberg.held(name)
    with database.write() as connection:
        connection.execute(
            insert(t.publication).values(table_name=name, numbered=0, published=0).on_conflict_do_nothing()
        )
        known = connection.execute(select(t.publication).where(t.publication.c.table_name == name)).one()
        if known.numbered > known.published:
            return int(known.numbered)
        number = max(int(known.numbered), held) + 1
        named = connection.execute(
            update(t.staged_file)
            .where(t.staged_file.c.table_name == name, t.staged_file.c.seq.is_(None))
            .values(seq=number)
        )
        if not named.rowcount:
            return None
        connection.execute(
            update(t.publication).where(t.publication.c.table_name == name).values(numbered=number)
        )
        return number


def _commit(database: Database, iceberg: Iceberg, name: str, number: int) -> int:
    """Makes commit `number`, unless it is made."""
    last: Exception | None = None
    for attempt in range(_ATTEMPTS):
        try:
            return iceberg.commit(name, additions(database, iceberg, name, number), number)
        except Conflict as conflict:
            last = conflict
        except (OSError, DBAPIError) as error:
            last = error
            if attempt >= 2:
                break
        except ValueError as error:  # the same files would be refused again
            last = error
            break
        time.sleep(_PAUSE_SECONDS * min(attempt + 1, 10))
    message = f"table {name} cannot be committed to: {getattr(last, 'orig', None) or last}"
    refused = Problem(code=code("lake_refused"), message=message, path=iceberg.warehouse)
    raise WorldError(passing(last, message=message, path=iceberg.warehouse) or refused)


def _mark(database: Database, name: str, number: int) -> None:
    with database.write() as connection:
        connection.execute(
            update(t.publication)
            .where(t.publication.c.table_name == name, t.publication.c.published < number)
            .values(published=number)
        )


def _between(held: int, number: int | None) -> ColumnElement[bool]:
    seq = t.staged_file.c.seq
    return and_(seq > held, seq <= number) if number is not None else or_(seq > held, seq.is_(None))


def _table(name: str, warehouse: Path, files: Iterable[Any]) -> LakeTable:
    """A table with all columns of these files: the log type it belongs to need not be known here.

    One file of each run tells, for the log types of a run do not change.

    Raises:
        WorldError: TC0606 one of them cannot be read.
    """
    if name in OWN:
        return OWN[name]
    columns: dict[str, pa.Field] = {}
    for file in {row.run_id: warehouse / row.path for row in files}.values():
        try:
            schema = pq.read_schema(file)
        except (OSError, pa.ArrowException) as error:
            message = f"table {name}: a decided file cannot be read: {str(error).splitlines()[0]}"
            hint = "`trailcam verify` tells which are damaged; bring them back from a backup"
            raise WorldError(
                Problem(code=code("lake_refused"), message=message, path=file, hint=hint)
            ) from None
        for column in schema:
            columns.setdefault(column.name, column)
    schema = pa.schema(list(columns.values()))
    return LakeTable(name=name, schema=schema, time="p_event_time", identity=("p_row_id",))
