"""The versions of lookup tables: a content that was not there before is copied into the home and named in the
state."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Row, insert, select, update

from trailcam import registry
from trailcam.app.home import Home
from trailcam.enrichments.tables import lookup_version
from trailcam.errors import Problem, TrailcamError, WorldError, code, refusal
from trailcam.lake.files import sync_folder
from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.timestamps import Micros, to_rfc3339
from trailcam.settings.schema import Settings

_BUFFER_BYTES = 1 << 20


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
    form = registry.load("lookup_format", table.format)
    _refuse_what_is_no_file(source)
    versions = _known(home, table.name)
    if not versions or versions[-1].digest != _digest(source, source):
        _keep(table, source, home, form, now=now)
        versions = _known(home, table.name)
    for version in versions:
        path = home.lookups / version.path
        if not path.is_file() or path.stat().st_size != version.size_bytes:
            message = f"a version of the lookup table {table.name} is not there as it was kept"
            hint = "`trailcam verify` tells all that is missing; bring the file back from a backup"
            raise WorldError(Problem(code=code("state_damaged"), message=message, path=path, hint=hint))
        if (version.format, version.key) != (table.format, table.key):
            _look_again(table, version, home, form)
    return LookupTable(
        name=table.name,
        format=table.format,
        key=table.key,
        selectors=table.selectors,
        versions=tuple(
            LookupVersion(since=Micros(version.since), path=home.lookups / version.path)
            for version in versions
        ),
    )


def _known(home: Home, name: str) -> Sequence[Row[Any]]:
    v = lookup_version.c
    with home.database.read() as state:
        return state.execute(select(lookup_version).where(v.name == name).order_by(v.since)).all()


def _keep(table: LookupTable, source: Path, home: Home, form: Any, *, now: Micros) -> None:
    """Copies a file into the home and names it in the state: what is looked at and kept is the copy, so that
    a file which is being written meanwhile is either whole or refused."""
    try:
        with TemporaryDirectory(dir=home.scratch, prefix="lookup-") as folder:
            copy = Path(folder) / "copy"
            digest, size = _copy(source, copy)
            form.check(copy, key=table.key, named=source)
            path = f"{table.name}/{digest}.{table.format}"
            place = home.lookups / path
            place.parent.mkdir(parents=True, exist_ok=True)
            copy.replace(place)
            for changed in (place.parent, home.lookups, home.path):
                sync_folder(changed)
    except OSError as error:
        message = f"a version of the lookup table {table.name} cannot be kept: {error.strerror}"
        raise WorldError(Problem(code=refusal(error), message=message, path=home.lookups)) from None
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


def _look_again(table: LookupTable, version: Row[Any], home: Home, form: Any) -> None:
    """Whether an older version can be read as the table is declared now."""
    told = f"{home.lookups / version.path}, of {to_rfc3339(Micros(version.since))}"
    try:
        form.check(home.lookups / version.path, key=table.key, named=told)
    except TrailcamError as error:
        said = error.problems[0]
        message = f"[lookup_tables.{table.name}]: an earlier version cannot be read: {said.message}"
        raise TrailcamError(
            Problem(code=code("lookup_version_other"), message=message, path=told, line=said.line)
        ) from None
    v = lookup_version.c
    with home.database.write() as state:
        state.execute(
            update(lookup_version)
            .where(v.name == version.name, v.since == version.since)
            .values(format=table.format, key=table.key)
        )


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Digest and size of the copy, which is on the disk."""
    try:
        opened = source.open("rb")
    except OSError as error:
        raise _unreadable(source, error) from None
    with opened, target.open("xb") as copy:
        shutil.copyfileobj(opened, copy, _BUFFER_BYTES)
        copy.flush()
        os.fsync(copy.fileno())
    return _digest(target, source), target.stat().st_size


def _digest(path: Path, named: Path) -> str:
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(named, error) from None


def _refuse_what_is_no_file(path: Path) -> None:
    """A pipe would be waited for, and be empty the next time."""
    if not path.is_file():
        kind = "a folder, or nothing that lasts" if path.exists() else "not there"
        message = f"the file of a lookup table is {kind}"
        raise TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=path))


def _unreadable(path: Path, error: OSError) -> TrailcamError:
    message = f"the file of a lookup table cannot be read: {error.strerror}"
    return TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=path))
