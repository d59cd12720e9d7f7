"""The rows of events and dead letters against the ledger, origin by origin and decision by decision."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from trailcam.commit.correlation_rules import DERIVED
from trailcam.commit.group import LATER
from trailcam.lake.tables import DEAD_LETTERS, MATCHES, OWN, LakeTable
from trailcam.query.lake import source
from trailcam.query.proof.moment import Moment, Readable, place_of

_EVENTS = LakeTable(
    name="events",
    schema=pa.schema([("p_row_id", pa.string()), ("p_origin_id", pa.string())]),
    time="p_event_time",
)
"""What is read of the events of any log type."""


@dataclass(slots=True)
class Counted:
    """Rows of the origins in question."""

    events: int = 0
    distinct: int = 0
    dead_letters: int = 0
    missing: list[str] = field(default_factory=list)


def rows(
    opened: duckdb.DuckDBPyConnection, held: Moment, readable: Readable, wanted: set[str] | None
) -> Counted:
    """Whether each origin's rows in the files of its decision are as many as the ledger says, and whether the
    ledger has an entry for all of them."""
    counted = Counted()
    opened.register("files", readable.decisions)
    if wanted is not None:
        opened.register("wanted", pa.table({"origin_id": pa.array(sorted(wanted), pa.string())}))
    found: dict[str, Counter[tuple[int, str]]] = {}
    for name, paths in sorted(readable.by_table.items()):
        table = OWN.get(name, _EVENTS)
        key = table.origin
        if key is None:
            continue
        those = f"FROM {source(table, paths)} r JOIN files USING (filename)"
        if wanted is not None:
            those += f" JOIN wanted w ON w.origin_id = r.{key}"
        if table is MATCHES:  # what correlation rules say comes of no origin
            those += f" WHERE log_type <> '{DERIVED}' OR r.{key} <> ''"
        counts = found.setdefault(name if name in OWN else _EVENTS.name, Counter())
        by_origin = f"SELECT files.decision_id, r.{key}, count(*) {those} GROUP BY ALL"
        for decision_id, origin_id, count in opened.execute(by_origin).fetchall():
            counts[decision_id, origin_id] += count
        if name not in OWN:
            distinct = opened.execute(f"SELECT count(DISTINCT p_row_id) {those}").fetchall()
            counted.distinct += int(distinct[0][0])
    events = found.setdefault(_EVENTS.name, Counter())
    letters = found.setdefault(DEAD_LETTERS.name, Counter())
    counted.events = events.total()
    counted.dead_letters = sum(count for place, count in letters.items() if place not in held.mended)
    kept = set()
    for entry in held.entries:
        place = place_of(entry)
        kept.add(place)
        if entry.purpose in LATER or (wanted is not None and entry.origin_id not in wanted):
            continue
        for what, in_lake, said in (
            ("events", events[place], entry.events),
            ("dead letters", letters[place], entry.dead_letters),
        ):
            if in_lake != said:
                words = f"{in_lake:,} {what} in the lake, {said:,} in the ledger"
                counted.missing.append(f"{entry.name}: {words}")
    for name, counts in sorted(found.items()):
        strange = sorted(place for place, count in counts.items() if count and place not in kept)
        if strange:
            number = sum(counts[place] for place in strange)
            words = f"{number:,} rows of {name} in the lake are of origins that the ledger does not have"
            counted.missing.append(f"{words}: {strange[0][1]}")
    return counted


def lost(opened: duckdb.DuckDBPyConnection, files: Sequence[str], row_ids: Sequence[str]) -> int:
    """How many of these events lie in none of the files."""
    opened.register("looked_for", pa.table({"p_row_id": pa.array(row_ids, pa.string())}))
    held = source(_EVENTS, files)
    missing = f"SELECT count(DISTINCT p_row_id) FROM looked_for ANTI JOIN {held} USING (p_row_id)"
    try:
        return int(opened.execute(missing).fetchall()[0][0])
    except duckdb.Error:  # a file is not there, or cannot be read
        return len(set(row_ids))
