"""Brings decided files into the lake's tables, each exactly once, whoever publishes and however often.

Every commit has a number that is given out in the state before the table is touched, and that the table
takes over together with the files. Who finds the number in the table has nothing left to do.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import pyarrow.parquet as pq
from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert

from trailcam.commit import tables as t
from trailcam.commit.revisions import stage_revisions
from trailcam.errors import Problem, WorldError, code
from trailcam.lake.iceberg import Conflict, Iceberg
from trailcam.lake.tables import OWN, LakeTable
from trailcam.state.database import Database

_ATTEMPTS = 50
_PAUSE_SECONDS = 0.05

_OWN: Mapping[str, LakeTable] = {table.name: table for table in OWN}


def publish(database: Database, iceberg: Iceberg) -> int:
    """Publishes everything that is decided; the number of files that were new in the lake.

    Raises:
        WorldError: TC0606 the lake refuses, and what the state refuses. What is decided stays so.
    """
    stage_revisions(database, iceberg.warehouse)
    return sum(publish_table(database, iceberg, name) for name in _unpublished(database))


def publish_table(database: Database, iceberg: Iceberg, name: str) -> int:
    """Publishes the decided files of one table."""
    files = 0
    while (number := _numbered(database, name)) is not None:
        files += _commit(database, iceberg, name, number)
        _mark(database, name, number)
        with suppress(Conflict):  # who commits next forgets them
            iceberg.expire(name)
    return files


def republish(database: Database, iceberg: Iceberg, name: str) -> int:
    """Adds again what a table has lost because it was rolled back; the number of files."""
    with database.read() as connection:
        number = connection.execute(
            select(t.publication.c.published).where(t.publication.c.table_name == name)
        ).scalar()
    return _commit(database, iceberg, name, number) if number else 0


def _unpublished(database: Database) -> list[str]:
    """The tables that have something to publish, or to confirm."""
    with database.read() as connection:
        new = select(t.staged_file.c.table_name).where(t.staged_file.c.seq.is_(None)).distinct()
        open_ = select(t.publication.c.table_name).where(t.publication.c.numbered > t.publication.c.published)
        return sorted({*connection.execute(new).scalars(), *connection.execute(open_).scalars()})


def _numbered(database: Database, name: str) -> int | None:
    """The commit to be made next: one that was left unconfirmed, else a new one; None if there is none."""
    with database.write() as connection:
        connection.execute(
            insert(t.publication).values(table_name=name, numbered=0, published=0).on_conflict_do_nothing()
        )
        known = connection.execute(select(t.publication).where(t.publication.c.table_name == name)).one()
        if known.numbered > known.published:
            return int(known.numbered)
        number = int(known.numbered) + 1
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
            return iceberg.commit(_table(database, iceberg, name), _files(database, name, number), number)
        except Conflict as conflict:
            last = conflict
        except OSError as error:
            last = error
            if attempt >= 2:
                break
        time.sleep(_PAUSE_SECONDS * min(attempt + 1, 10))
    message = f"table {name} cannot be committed to: {last}"
    raise WorldError(Problem(code=code("lake_refused"), message=message, path=iceberg.warehouse))


def _mark(database: Database, name: str, number: int) -> None:
    with database.write() as connection:
        connection.execute(
            update(t.publication)
            .where(t.publication.c.table_name == name, t.publication.c.published < number)
            .values(published=number)
        )


def _files(database: Database, name: str, number: int) -> Callable[[int], list[str]]:
    """Paths of the files that were numbered after a given number, up to this one."""

    def after(held: int) -> list[str]:
        with database.read() as connection:
            return list(
                connection.execute(
                    select(t.staged_file.c.path)
                    .where(
                        t.staged_file.c.table_name == name,
                        t.staged_file.c.seq > held,
                        t.staged_file.c.seq <= number,
                    )
                    .order_by(t.staged_file.c.path)
                ).scalars()
            )

    return after


def _table(database: Database, iceberg: Iceberg, name: str) -> LakeTable:
    """A table as its newest file has it: the log type it belongs to need not be known here."""
    if name in _OWN:
        return _OWN[name]
    with database.read() as connection:
        path = connection.execute(
            select(t.staged_file.c.path)
            .where(t.staged_file.c.table_name == name)
            .order_by(t.staged_file.c.decision_id.desc())
            .limit(1)
        ).scalar_one()
    schema = pq.read_schema(iceberg.warehouse / path)
    return LakeTable(name=name, schema=schema, time="p_event_time", identity=("p_row_id",))
