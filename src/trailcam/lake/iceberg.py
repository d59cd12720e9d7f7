"""The lake's tables as Iceberg sees them: created and evolved on use, committed to by number.

Source: the table spec, version 2, and pyiceberg 0.12 (its `Transaction`, `add_files`, `expire_snapshots`).
"""

import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from trailcam.errors import Problem, WorldError, code
from trailcam.lake.tables import TEXTS, TIME, LakeTable
from trailcam.state.database import passing

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from sqlalchemy import Engine

# pyiceberg is imported where a table is touched: it takes most of a second, and many commands touch none.

NAMESPACE = "trailcam"
CATALOG = "catalog.db"
SEQUENCE = "trailcam.seq"
"""Property of a table and of its snapshots: the number of the last commit of ours."""

_PROPERTIES = {
    "format-version": "2",
    # With pyiceberg's own retries two committers of one commit both "succeed", and every row is there twice.
    "commit.retry.num-retries": "0",
    # Without these four a commit costs more the more commits there were, in time and in memory: merging reads
    # what it merges whole, and by pyiceberg's default that is up to 8 MB, more than 15,000 files.
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "commit.manifest.target-size-bytes": "131072",
    "write.metadata.previous-versions-max": "20",
    "write.metadata.delete-after-commit.enabled": "true",
}

logging.getLogger("pyiceberg.io.pyarrow").setLevel(logging.ERROR)
"""Else it warns of every column without statistics, of which `raw` is one on purpose."""

TYPE_NAMES = {
    pa.bool_(): "boolean",
    pa.int64(): "long",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "binary",
    TIME: "timestamptz",
    TEXTS: "list<string>",
}
"""Iceberg's names of the types of the lake's columns."""

_MOST_SNAPSHOTS = 60
_KEPT_SNAPSHOTS = 10
_LOCK_SECONDS = 60
_OPENINGS = 5
_PAUSE_SECONDS = 0.1


class Conflict(Exception):
    """Somebody else has committed to the table in the meantime."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What a commit brings to a table: columns that it shall have, and files, relative to the warehouse."""

    table: LakeTable
    paths: Sequence[str]


class Iceberg:
    """The tables under one folder, in a SQLite catalog beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.warehouse = self._folder / "warehouse"
        self._catalog: Catalog | None = None

    @property
    def catalog(self) -> "Catalog":
        """Opened when it is first needed, and made when there is none.

        Two processes that make it at the same moment get in each other's way: who was slower looks again.
        """
        if self._catalog is None:
            from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # only when it is used

            self.warehouse.mkdir(parents=True, exist_ok=True)
            until = time.monotonic() + _LOCK_SECONDS
            for opening in range(_OPENINGS):
                try:
                    self._catalog = self._opened()
                    break
                except DBAPIError:
                    if opening == _OPENINGS - 1 or time.monotonic() >= until:
                        raise
                    time.sleep(_PAUSE_SECONDS)
        assert self._catalog is not None
        return self._catalog

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Says what is damaged, and that nothing but the tables has to be made anew."""
        try:
            yield
        except WorldError:
            raise
        except Exception as error:  # damaged metadata fails in many ways, those of three libraries
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> WorldError:
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # only when it is used

        said = error.orig if isinstance(error, DBAPIError) else error
        path = self._folder / CATALOG
        message = f"the tables of the lake cannot be read: {(str(said) or repr(said)).splitlines()[0]}"
        hint = "`trailcam verify` makes the tables anew, and nothing is lost"
        damaged = Problem(code=code("lake_refused"), message=message, path=path, hint=hint)
        return WorldError(passing(error, message=message, path=path) or damaged)

    def _opened(self) -> "Catalog":
        from pyiceberg.catalog.sql import SqlCatalog  # noqa: PLC0415  # only when it is used
        from pyiceberg.exceptions import NamespaceAlreadyExistsError  # noqa: PLC0415  # the same
        from sqlalchemy import NullPool, create_engine  # noqa: PLC0415  # the same

        uri = f"sqlite:///{_quoted(self._folder / CATALOG)}?timeout={_LOCK_SECONDS}"
        catalog = SqlCatalog(NAMESPACE, uri=uri, warehouse=str(self.warehouse))
        catalog.engine.dispose()  # nobody closes what its pool holds
        catalog.engine = create_engine(uri, poolclass=NullPool)
        self._forget_elsewhere(catalog.engine)
        with suppress(NamespaceAlreadyExistsError):
            catalog.create_namespace_if_not_exists(NAMESPACE)
        return catalog

    def _forget_elsewhere(self, engine: "Engine") -> None:
        """Drops the tables of a home that was moved or copied: they name every file by where it was.

        What publishes next makes them anew, here; those that they name elsewhere are not touched.
        """
        from sqlalchemy import text  # noqa: PLC0415  # only when it is used

        elsewhere = (
            "FROM iceberg_tables WHERE catalog_name = :ours AND table_namespace = :ours "
            "AND substr(metadata_location, 1, length(:here)) <> :here"
        )
        here = {"here": f"{self.warehouse}/", "ours": NAMESPACE}
        with engine.begin() as connection:
            if connection.execute(text(f"SELECT 1 {elsewhere}"), here).first():
                connection.execute(text(f"DELETE {elsewhere}"), here)

    def find(self, name: str) -> "Table | None":
        """A table as it stands now; None when nothing was ever published to it.

        Raises:
            WorldError: TC0606 the catalog or the table's metadata cannot be read; TC0601 to TC0603 not now.
        """
        from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415  # only when it is used

        with self._readable():
            try:
                return self.catalog.load_table((NAMESPACE, name))
            except NoSuchTableError:
                return None

    def drop(self, name: str) -> None:
        """Lets go of a table that cannot be read, or of all tables when it is the catalog that cannot be.

        No file is removed but that of such a catalog. What is published next makes the table anew.

        Raises:
            WorldError: TC0606 the catalog refuses, and is not damaged.
        """
        from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415  # only when it is used
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # the same

        with self._readable():
            try:
                self.catalog.drop_table((NAMESPACE, name))
            except NoSuchTableError:
                pass
            except DBAPIError as error:
                number = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
                if number not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                    raise
                self._catalog = None
                (self._folder / CATALOG).unlink(missing_ok=True)

    def commit(self, name: str, after: Callable[[int], Addition], number: int) -> int:
        """Brings a table to commit `number`, its missing columns included: all of it or nothing.

        `after` is asked for all that was numbered after the number that the table holds, up to `number`.
        The answer is how many files were added, 0 when the table has the number already.

        Raises:
            Conflict: somebody else was faster; nothing was added.
            ValueError: a column cannot take on the type that it has in these files.
            DBAPIError: the catalog cannot be read or written.
            WorldError: TC0606 the table's metadata cannot be read.
        """
        from pyiceberg.exceptions import (  # noqa: PLC0415  # only when it is used
            CommitFailedException,
            ValidationError,
        )
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415  # the same

        iceberg = self.find(name)
        held = sequence(iceberg)
        if iceberg is not None and held >= number:
            return 0
        added = after(held)
        iceberg = iceberg or self._make(added.table)
        if sequence(iceberg) != held:
            raise Conflict(f"{name} was made by somebody else at the same moment")
        paths = [str(self.warehouse / path) for path in added.paths]
        try:
            with iceberg.transaction() as transaction:
                if set(added.table.schema.names) - set(iceberg.schema().column_names):
                    with transaction.update_schema() as update:
                        update.union_by_name(added.table.schema)
                transaction.add_files(
                    paths,
                    snapshot_properties={SEQUENCE: str(number)},
                    check_duplicate_files=False,  # the number tells, without reading every manifest
                )
                transaction.set_properties({SEQUENCE: str(number)})
        except CommitFailedException as failed:
            raise Conflict(str(failed)) from None
        except ValidationError as error:
            raise ValueError(str(error)) from None
        except (OSError, ValueError, DBAPIError):
            raise
        except Exception as error:  # the manifests that the commit adds to cannot be read
            raise self._damaged(error) from None
        return len(paths)

    def expire(self, name: str) -> None:
        """Forgets old snapshots, so that commits do not cost more the more there were.

        Raises:
            Conflict: somebody else was faster; nothing was forgotten.
        """
        from pyiceberg.exceptions import CommitFailedException  # noqa: PLC0415  # only when it is used

        iceberg = self.find(name)
        if iceberg is None or len(iceberg.metadata.snapshots) <= _MOST_SNAPSHOTS:
            return
        current = iceberg.current_snapshot()
        newest = sorted(iceberg.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
        kept = {snapshot.snapshot_id for snapshot in newest[-_KEPT_SNAPSHOTS:]}
        kept |= {current.snapshot_id} if current else set()
        old = [snapshot.snapshot_id for snapshot in newest if snapshot.snapshot_id not in kept]
        try:
            iceberg.maintenance.expire_snapshots().by_ids(old).commit()
        except CommitFailedException as failed:
            raise Conflict(str(failed)) from None

    def held(self, name: str) -> int:
        """The number of the last commit that a table holds; 0 for none."""
        return sequence(self.find(name))

    def columns(self, name: str) -> dict[str, str]:
        """The columns of a table with Iceberg's names of their types; none when nothing was ever published to
        it."""
        iceberg = self.find(name)
        fields = iceberg.schema().fields if iceberg is not None else ()
        return {field.name: str(field.field_type) for field in fields}

    def forgotten(self, name: str) -> list[Path]:
        """Metadata files of a table that no snapshot needs any more; expiring removes none.

        The files are listed before the table is read, so that those of a commit in between are not named.
        A commit that is under way has files that nothing names yet: leave young ones alone.
        """
        listed = list(self.warehouse.glob(f"{name}/metadata/*.avro"))
        iceberg = self.find(name)
        if iceberg is None:
            return []
        needed = set()
        with self._readable():
            for snapshot in iceberg.metadata.snapshots:
                needed.add(_name(snapshot.manifest_list))
                needed |= {_name(manifest.manifest_path) for manifest in snapshot.manifests(iceberg.io)}
        return [path for path in listed if path.name not in needed]

    def files(self, name: str) -> list[str]:
        """The absolute path of every file that readers of the table see, as often as they see it."""
        iceberg = self.find(name)
        if iceberg is None:
            return []
        with self._readable():
            return [task.file.file_path for task in iceberg.scan().plan_files()]

    def _make(self, table: LakeTable) -> "Table":
        from pyiceberg.exceptions import (  # noqa: PLC0415  # only when it is used
            CommitFailedException,
            TableAlreadyExistsError,
        )
        from pyiceberg.transforms import DayTransform  # noqa: PLC0415  # the same

        try:
            with (
                self.catalog.create_table_transaction(
                    (NAMESPACE, table.name),
                    schema=table.schema,
                    location=str(self.warehouse / table.name),
                    properties=_PROPERTIES,
                ) as transaction,
                transaction.update_spec() as spec,
            ):
                spec.add_field(table.time, DayTransform(), f"{table.time}_day")
        except (TableAlreadyExistsError, CommitFailedException):
            pass
        return self.catalog.load_table((NAMESPACE, table.name))


def sequence(iceberg: "Table | None") -> int:
    """The number of the last commit of ours that the table holds; 0 for none.

    A table that was rolled back still has the property of the later commit, but its snapshot tells.
    """
    if iceberg is None:
        return 0
    said = int(iceberg.properties.get(SEQUENCE, 0))
    snapshot = iceberg.current_snapshot()
    if snapshot is None:
        return 0
    while snapshot is not None:
        summary: Any = snapshot.summary.additional_properties if snapshot.summary else {}
        if SEQUENCE in summary:
            return min(said, int(summary[SEQUENCE]))
        parent = snapshot.parent_snapshot_id
        snapshot = iceberg.snapshot_by_id(parent) if parent is not None else None
    return said  # what stands in between was made by others, and its past is expired


def _name(location: str) -> str:
    return location.rpartition("/")[2]


def _quoted(path: Path) -> str:
    return re.sub(r"[%?#]", lambda found: f"%{ord(found[0]):02X}", str(path))
