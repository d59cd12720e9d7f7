"""The versions of lookup tables: a content that was not there before is copied into the home and named in the
state."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Row, insert, select

from trailcam import registry
from trailcam.app.home import Home
from trailcam.contracts.enrichment import LookupFormat
from trailcam.enrichments.index import ENDING
from trailcam.enrichments.kept import damaged, digest_of, fault, unreadable
from trailcam.enrichments.tables import lookup_version
from trailcam.errors import Problem, TrailcamError, WorldError, code, refusal
from trailcam.lake.files import sync_folder
from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.timestamps import Micros, to_rfc3339
from trailcam.settings.schema import Settings

_BUFFER_BYTES = 1 << 20
_INDEX_VERSION = 1
"""Another number, and everything is prepared anew."""


def take_in(
    settings: Settings, tables: Sequence[LookupTable], home: Home, *, now: Micros
) -> tuple[LookupTable, ...]:
    """The tables with their versions. A content that is not the last known becomes a version, from `now` on.

    Raises:
        TrailcamError: TC0701 to TC0704, of all tables at once. Nothing of a table that has problems is kept.
        WorldError: the home cannot be written; TC0605 a version that the state names is not there.
    """
    problems: list[Problem] = []
    taken = []
    for table, written in zip(tables, settings.lookup_tables, strict=True):
        try:
            taken.append(_with_versions(table, written.path, home, now=now))
        except WorldError:
            raise
        except TrailcamError as error:
            problems.extend(error.problems)
    if problems:
        raise TrailcamError(problems)
    return tuple(taken)


def _with_versions(table: LookupTable, source: Path, home: Home, *, now: Micros) -> LookupTable:
    _refuse_what_is_no_file(source)
    versions = _known(home, table.name)
    digest = _digest(source, source)
    if not versions or versions[-1].digest != digest:
        _keep(table, source, home, now=now)
        versions = _known(home, table.name)
    for version in versions:
        path = home.lookups / version.path
        if not path.is_file() or path.stat().st_size != version.size_bytes:
            _bring_back(table, version, source, home)
        if not _index(path, table).is_file():
            _look_again(table, version, home, source=source if version.digest == digest else None)
    return LookupTable(
        name=table.name,
        format=table.format,
        key=table.key,
        selectors=table.selectors,
        versions=tuple(
            LookupVersion(
                since=Micros(version.since),
                path=home.lookups / version.path,
                index=_index(home.lookups / version.path, table),
                digest=version.digest,
            )
            for version in versions
        ),
    )


def _index(path: Path, table: LookupTable) -> Path:
    """Where the index of a version stands: by another form or key it is another one."""
    question = hashlib.sha256(f"{_INDEX_VERSION} {table.format} {table.key}".encode()).hexdigest()[:16]
    return path.with_name(f"{path.name}.{question}{ENDING}")


def _known(home: Home, name: str) -> Sequence[Row[Any]]:
    v = lookup_version.c
    with home.database.read() as state:
        return state.execute(select(lookup_version).where(v.name == name).order_by(v.since)).all()


def _keep(table: LookupTable, source: Path, home: Home, *, now: Micros) -> None:
    """Copies a file into the home and names it in the state: what is looked at and kept is the copy."""
    try:
        with TemporaryDirectory(dir=home.scratch, prefix="lookup-") as folder:
            copy = Path(folder) / "copy"
            digest, size = _copy(source, copy)
            path = f"{table.name}/{digest}.{table.format}"
            place = home.lookups / path
            _prepare(table, copy, named=source, place=place, home=home)
            _put(copy, place, home)
    except OSError as error:
        raise _cannot_keep(table, error, home) from None
    v = lookup_version.c
    with home.database.write() as state:
        last = state.execute(
            select(v.since, v.digest).where(v.name == table.name).order_by(v.since.desc()).limit(1)
        ).first()
        if last is None or last.digest != digest:  # else another run was faster
            state.execute(
                insert(lookup_version).values(
                    name=table.name,
                    since=now if last is None else max(now, last.since + 1),
                    digest=digest,
                    path=path,
                    size_bytes=size,
                    format=table.format,
                    key=table.key,
                )
            )


def _bring_back(table: LookupTable, version: Row[Any], source: Path, home: Home) -> None:
    """A version that is gone, from the declared file if that holds the same.

    Raises:
        WorldError: TC0605 it holds something else.
    """
    place = home.lookups / version.path
    try:
        with TemporaryDirectory(dir=home.scratch, prefix="lookup-") as folder:
            copy = Path(folder) / "copy"
            digest, _ = _copy(source, copy)
            if digest == version.digest:
                _put(copy, place, home)
                return
    except OSError as error:
        raise _cannot_keep(table, error, home) from None
    raise damaged(place)


def _look_again(table: LookupTable, version: Row[Any], home: Home, *, source: Path | None) -> None:
    """Prepares a version for the table as it is declared now; `source` is the declared file, if it holds the
    same.

    Raises:
        TrailcamError: TC0701 to TC0703 of the declared file; TC0704 an earlier version cannot be read so.
        WorldError: TC0605 the version is damaged.
    """
    place = home.lookups / version.path
    if fault(place, version.digest):
        raise damaged(place)
    told = f"{place}, of {to_rfc3339(Micros(version.since))}"
    try:
        _prepare(table, place, named=source or told, place=place, home=home)
    except OSError as error:
        raise _cannot_keep(table, error, home) from None
    except WorldError:
        raise
    except TrailcamError as error:
        if source is not None:
            raise
        said = error.problems[0]
        message = f"[lookup_tables.{table.name}]: an earlier version cannot be read: {said.message}"
        raise TrailcamError(
            Problem(code=code("lookup_version_other"), message=message, path=told, line=said.line)
        ) from None


def _prepare(table: LookupTable, path: Path, *, named: Path | str, place: Path, home: Home) -> None:
    """Looks at a file, which is or will be a version at `place`, and puts its index beside that."""
    form: LookupFormat = registry.load("lookup_format", table.format)
    with TemporaryDirectory(dir=home.scratch, prefix="lookup-") as folder:
        made = Path(folder) / "index"
        form.prepare(path, key=table.key, named=named, target=made)
        _put(made, _index(place, table), home)


def _put(made: Path, place: Path, home: Home) -> None:
    """Moves a file, which is on the disk, to where it stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    made.replace(place)
    for changed in (place.parent, home.lookups, home.path):
        sync_folder(changed)


def _cannot_keep(table: LookupTable, error: OSError, home: Home) -> WorldError:
    message = f"a version of the lookup table {table.name} cannot be kept: {error.strerror}"
    return WorldError(Problem(code=refusal(error), message=message, path=home.lookups))


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Digest and size of the copy, which is on the disk.

    Raises:
        TrailcamError: TC0701 the file cannot be read, or was written to meanwhile.
    """
    try:
        opened = source.open("rb")
    except OSError as error:
        raise unreadable(source, error) from None
    with opened, target.open("xb") as copy:
        before = _state(os.fstat(opened.fileno()))
        shutil.copyfileobj(opened, copy, _BUFFER_BYTES)
        after = _state(os.fstat(opened.fileno()))
        copy.flush()
        os.fsync(copy.fileno())
    if before != after:
        message = "the file of a lookup table was written to while it was copied"
        hint = "write it beside, and rename it into its place; then run again"
        raise TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=source, hint=hint))
    return _digest(target, source), target.stat().st_size


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _digest(path: Path, named: Path) -> str:
    try:
        return digest_of(path)
    except OSError as error:
        raise unreadable(named, error) from None


def _refuse_what_is_no_file(path: Path) -> None:
    """A pipe would be waited for, and be empty the next time."""
    if not path.is_file():
        kind = "a folder, or nothing that lasts" if path.exists() else "not there"
        message = f"the file of a lookup table is {kind}"
        raise TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=path))
