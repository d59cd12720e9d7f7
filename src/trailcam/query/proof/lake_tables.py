"""The tables against the files: readers of a table see each published file once, and no other."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from trailcam.commit import tables as t
from trailcam.errors import WorldError, code
from trailcam.lake.iceberg import Iceberg
from trailcam.state.chunks import chunked
from trailcam.state.database import Database


@dataclass(slots=True)
class Tables:
    """What readers of the tables see."""

    published: int = 0
    """Files."""
    rolled_back: list[str] = field(default_factory=list)
    """Tables that have lost commits of ours."""
    unreadable: list[str] = field(default_factory=list)
    """Tables of which nothing can be told, for their metadata or the catalog is damaged."""
    doubled: list[str] = field(default_factory=list)
    """Tables that show a file more than once: only a new table shows it once."""
    missing: list[str] = field(default_factory=list)


def look_at_tables(database: Database, iceberg: Iceberg) -> Tables:
    """Holds every table against what is said to be published in it.

    Raises:
        WorldError: TC0601 to TC0603 the catalog cannot be read now, and is not damaged.
    """
    tables = Tables()
    with database.read() as state:
        numbers = {row.table_name: row.published for row in state.execute(select(t.publication))}
        f = t.staged_file.c
        published = state.execute(select(f.table_name, f.path, f.seq).where(f.seq.is_not(None))).all()
    said: dict[str, set[str]] = {name: set() for name in numbers}
    for name, path, seq in published:
        if seq <= numbers.get(name, 0):
            said[name].add(str(iceberg.warehouse / path))
        else:
            said.setdefault(name, set())
    for name, paths in sorted(said.items()):
        try:
            seen = Counter(iceberg.files(name))
        except WorldError as error:
            if error.problems[0].code != code("lake_refused"):  # a lock, a full disk: no damage
                raise
            tables.unreadable.append(name)
            tables.missing.append(f"table {name}: {error.problems[0].message}")
            continue
        tables.published += sum(path in seen for path in paths)
        twice = [path for path, count in seen.items() if count > 1]
        if twice:
            tables.doubled.append(name)
            tables.missing.append(f"table {name} holds {len(twice):,} files more than once: {min(twice)}")
        lost = paths - seen.keys()
        if lost:
            tables.rolled_back.append(name)
            tables.missing.append(
                f"table {name} has lost {len(lost):,} files that were published: {min(lost)}"
            )
        strange = _unnamed(database, iceberg, seen.keys() - paths)
        if strange:
            tables.missing.append(
                f"table {name} holds {len(strange):,} files that the state does not name: {min(strange)}"
            )
    return tables


def _unnamed(database: Database, iceberg: Iceberg, paths: set[str]) -> set[str]:
    """Those that the state does not name by now: a file is decided before it is published."""
    prefix = f"{iceberg.warehouse}/"
    left = {path.removeprefix(prefix) for path in paths}
    with database.read() as state:
        for those in chunked(sorted(left)):
            named = select(t.staged_file.c.path).where(t.staged_file.c.path.in_(those))
            left -= set(state.execute(named).scalars())
    return left
