"""Holds the ledger against the lake, and the state against itself: what is missing, or that nothing is.

Everything is counted anew, from the files themselves; nothing is taken from what a run said of itself.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from trailcam.alerts.tables import alert
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.windows import Row, error_item, match_item, window_row
from trailcam.lake.iceberg import Iceberg
from trailcam.lake.tables import DEAD_LETTERS, OWN
from trailcam.model.alert import Status
from trailcam.model.window import WindowKey
from trailcam.pipeline.storm import limit_storms
from trailcam.pipeline.window import Item, cut
from trailcam.query.lake import connection, text
from trailcam.state.database import Database

_OWN = frozenset(table.name for table in OWN)
_LIVE = frozenset(Status) - {Status.RETRACTED, Status.MERGED}


@dataclass(slots=True)
class Proof:
    """Counts, and in words everything that does not agree; nothing there is a proof."""

    origins: int = 0
    in_part: int = 0
    """Of them, those that could not be read to their end."""
    records: int = 0
    events: int = 0
    dead_letters: int = 0
    lake_events: int = 0
    lake_distinct: int = 0
    lake_dead_letters: int = 0
    files: int = 0
    published: int = 0
    matches: int = 0
    windows: int = 0
    qualifying: int = 0
    alerts: int = 0
    rolled_back: list[str] = field(default_factory=list)
    """Tables that have lost commits of ours."""
    missing: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.rolled_back


def prove(
    database: Database, iceberg: Iceberg, scratch: Path, *, origin_ids: Sequence[str] | None = None
) -> Proof:
    """Checks everything that is kept; with `origin_ids`, of the ledger and the lake only what is theirs."""
    proof = Proof()
    wanted = None if origin_ids is None else set(origin_ids)
    _ledger(database, proof, wanted)
    broken = _files(database, iceberg, proof)
    _published(database, iceberg, proof)
    with connection(warehouse=iceberg.warehouse, scratch=scratch) as opened:
        _rows(database, opened, proof, _whole(database, iceberg, broken), wanted)
    _windows(database, proof)
    return proof


def _ledger(database: Database, proof: Proof, wanted: set[str] | None) -> None:
    whole: set[str] = set()
    part: set[str] = set()
    with database.read() as state:
        for row in state.execute(select(t.origin)):
            if wanted is not None and row.origin_id not in wanted:
                continue
            if row.purpose != Purpose.RULES:
                (whole if row.purpose == Purpose.WHOLE else part).add(row.origin_id)
            proof.records += row.records
            proof.events += row.events
            proof.dead_letters += row.dead_letters
            if row.records != row.events + row.dead_letters:
                proof.missing.append(
                    f"{row.name}: {row.records:,} records are not the sum of what they became"
                )
    proof.origins = len(whole | part)
    proof.in_part = len(part - whole)
    if wanted is not None:
        unknown = len(wanted - whole - part)
        if unknown:
            proof.missing.append(f"{unknown:,} origins are not in the ledger")


def _files(database: Database, iceberg: Iceberg, proof: Proof) -> set[str]:
    """Whether every decided file is there and whole; those that are not."""
    broken = set()
    with database.read() as state:
        rows = state.execute(
            select(t.staged_file.c.path, t.staged_file.c.rows, t.staged_file.c.size_bytes)
        ).all()
    for path, count, size in rows:
        proof.files += 1
        wrong = _wrong(iceberg.warehouse / path, count, size)
        if wrong:
            broken.add(path)
            proof.missing.append(f"{path}: {wrong}")
    return broken


def _wrong(path: Path, rows: int, size: int) -> str:
    try:
        found = path.stat().st_size
        if found != size:
            return f"{found:,} bytes, {size:,} were written"
        held = pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read: {error}"
    return "" if held == rows else f"{held:,} rows, {rows:,} were written"


def _published(database: Database, iceberg: Iceberg, proof: Proof) -> None:
    """Whether readers of the tables see every file that is said to be published, once."""
    with database.read() as state:
        numbers = {row.table_name: row.published for row in state.execute(select(t.publication))}
        files = state.execute(
            select(t.staged_file.c.table_name, t.staged_file.c.path, t.staged_file.c.seq)
        ).all()
    said: dict[str, set[str]] = {name: set() for name in numbers}
    for name, path, seq in files:
        if seq is not None and seq <= numbers.get(name, 0):
            said[name].add(str(iceberg.warehouse / path))
    for name, paths in sorted(said.items()):
        seen = Counter(path for path, _ in iceberg.files(name))
        proof.published += sum(path in seen for path in paths)
        twice = sum(count > 1 for count in seen.values())
        if twice:
            proof.missing.append(f"table {name} holds {twice:,} files more than once")
        lost = len(paths - seen.keys())
        if lost:
            proof.rolled_back.append(name)
            proof.missing.append(f"table {name} has lost {lost:,} files that were published")


def _rows(
    database: Database,
    opened: duckdb.DuckDBPyConnection,
    proof: Proof,
    whole: "_Whole",
    wanted: set[str] | None,
) -> None:
    """Whether each origin's rows in the files of its decision are as many as the ledger says."""
    o = t.origin.c
    with database.read() as state:
        found = state.execute(
            select(o.decision_id, o.origin_id, o.name, o.events, o.dead_letters).where(
                o.purpose != Purpose.RULES.value
            )
        ).all()
    entries = [entry for entry in found if wanted is None or entry.origin_id in wanted]
    opened.register("files", whole.numbers)
    opened.register(
        "ledger",
        pa.table(
            {
                "decision_id": pa.array([entry.decision_id for entry in entries], pa.int64()),
                "origin_id": pa.array([entry.origin_id for entry in entries], pa.string()),
            }
        ),
    )
    events: Counter[tuple[int, str]] = Counter()
    letters: Counter[tuple[int, str]] = Counter()
    for name, paths in sorted(whole.by_table.items()):
        if name in _OWN and name != DEAD_LETTERS.name:
            continue
        counts, key = (letters, "origin_id") if name in _OWN else (events, "p_origin_id")
        held = (
            f"read_parquet([{', '.join(map(text, paths))}], union_by_name=true, filename=true) r "
            "JOIN files USING (filename) "
            f"JOIN ledger l ON l.decision_id = files.decision_id AND l.origin_id = r.{key}"
        )
        by_origin = f"SELECT l.decision_id, l.origin_id, count(*) FROM {held} GROUP BY ALL"
        for decision_id, origin_id, count in opened.execute(by_origin).fetchall():
            counts[decision_id, origin_id] += count
        if counts is events:
            distinct = opened.execute(f"SELECT count(DISTINCT p_row_id) FROM {held}").fetchall()
            proof.lake_distinct += int(distinct[0][0])
    proof.lake_events = sum(events.values())
    proof.lake_dead_letters = sum(letters.values())
    for entry in entries:
        place = (entry.decision_id, entry.origin_id)
        for what, held_, said in (
            ("events", events[place], entry.events),
            ("dead letters", letters[place], entry.dead_letters),
        ):
            if held_ != said:
                words = f"{held_:,} {what} in the lake, {said:,} in the ledger"
                proof.missing.append(f"{entry.name}: {words}")


@dataclass(frozen=True, slots=True)
class _Whole:
    """The decided files that can be read."""

    numbers: pa.Table
    """filename, decision_id."""
    by_table: dict[str, list[str]]


def _whole(database: Database, iceberg: Iceberg, broken: set[str]) -> _Whole:
    f = t.staged_file.c
    with database.read() as state:
        staged = state.execute(
            select(f.table_name, f.path, f.decision_id).where(f.decision_id.is_not(None))
        ).all()
    by_table: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    for name, path, decision_id in staged:
        if path not in broken:
            absolute = str(iceberg.warehouse / path)
            by_table.setdefault(name, []).append(absolute)
            numbers[absolute] = decision_id
    columns = {
        "filename": pa.array(list(numbers), pa.string()),
        "decision_id": pa.array(list(numbers.values()), pa.int64()),
    }
    return _Whole(pa.table(columns), by_table)


def lost(opened: duckdb.DuckDBPyConnection, files: Sequence[str], row_ids: Sequence[str]) -> int:
    """How many of these events lie in none of the files."""
    if not files:
        return len(set(row_ids))
    opened.register("wanted", pa.table({"p_row_id": pa.array(row_ids, pa.string())}))
    held = f"read_parquet([{', '.join(map(text, files))}], union_by_name=true)"
    missing = f"SELECT count(DISTINCT p_row_id) FROM wanted ANTI JOIN {held} USING (p_row_id)"
    return int(opened.execute(missing).fetchall()[0][0])


def _windows(database: Database, proof: Proof) -> None:
    """Whether the windows are those of cutting all matches anew, and each that qualifies has one alert."""
    with database.read() as state:
        rules = sorted(
            {
                *state.execute(select(t.match.c.rule_id).distinct()).scalars(),
                *state.execute(select(t.rule_error.c.rule_id).distinct()).scalars(),
                *state.execute(select(t.window.c.rule_id).distinct()).scalars(),
            }
        )
        live = {
            row.id: (row.rule_id, row.window_start)
            for row in state.execute(select(alert))
            if row.status in _LIVE
        }
        for rule_id in rules:
            items: list[Item] = [
                match_item(row) for row in state.execute(select(t.match).where(t.match.c.rule_id == rule_id))
            ]
            proof.matches += len(items)
            errors = select(t.rule_error).where(t.rule_error.c.rule_id == rule_id)
            items += [error_item(row) for row in state.execute(errors)]
            kept = select(t.window).where(t.window.c.rule_id == rule_id)
            rows = [window_row(row) for row in state.execute(kept)]
            proof.windows += len(rows)
            proof.missing += _differences(rule_id, items, rows)
            for row in rows:
                if row.alerts:
                    proof.qualifying += 1
                if row.alert_id is not None and live.pop(row.alert_id, None) is not None:
                    proof.alerts += 1
                elif row.alerts:
                    proof.missing.append(f"{rule_id}: a window that qualifies has no alert of its own")
    if live:
        proof.missing.append(f"{len(live):,} alerts stand without a window")


def _differences(rule_id: str, items: Sequence[Item], rows: Sequence[Row]) -> Iterator[str]:
    """In words, where the windows of a rule are not as its matches cut them."""
    fresh = {(w.key, w.start): (w.end, len(w.row_ids), w.qualifies) for w in limit_storms(cut(items))}
    kept: dict[tuple[WindowKey, int], tuple[int, int, bool]] = {
        (row.key, row.start): (row.end, row.matches, row.alerts) for row in rows
    }
    differing = sum(kept.get(key) != value for key, value in fresh.items()) + len(kept.keys() - fresh.keys())
    if differing:
        yield f"{rule_id}: {differing:,} windows are not as its matches cut them"
