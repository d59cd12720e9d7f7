"""The whole proof, put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailcam.commit.group import Purpose
from trailcam.lake.iceberg import Iceberg
from trailcam.lake.tables import OWN
from trailcam.query.lake import connection
from trailcam.query.proof.correlations import correlations, waiting
from trailcam.query.proof.files import files
from trailcam.query.proof.lake_tables import look_at_tables
from trailcam.query.proof.lane import lane
from trailcam.query.proof.ledger import ledger
from trailcam.query.proof.lookups import lookups
from trailcam.query.proof.moment import Moment, place_of, read_moment
from trailcam.query.proof.rows import rows
from trailcam.query.proof.verdicts import verdicts
from trailcam.query.proof.windows import windows
from trailcam.state.database import Database


@dataclass(slots=True)
class Proof:
    """Counts, and in words everything that does not agree; nothing there is a proof."""

    origins: int = 0
    in_part: int = 0
    """Of them, those that could not be read to their end."""
    records: int = 0
    events: int = 0
    dead_letters: int = 0
    mended: int = 0
    """Dead letters that stand no more: they were read again, and are among the events by now, or among the
    dead letters of that reading."""
    lake_events: int = 0
    lake_distinct: int = 0
    lake_dead_letters: int = 0
    files: int = 0
    files_read: int = 0
    """Of them, those that were read to their last byte."""
    published: int = 0
    matches: int = 0
    windows: int = 0
    qualifying: int = 0
    alerts: int = 0
    lookups: int = 0
    """Versions of lookup tables."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By correlation rule, also of one that was loaded and has had no turn, matches that it has not looked at
    yet: its next turn does, in whatever process."""
    rolled_back: list[str] = field(default_factory=list)
    """Tables that have lost commits of ours."""
    missing: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.rolled_back


def prove(
    database: Database,
    iceberg: Iceberg,
    scratch: Path,
    *,
    kept_lookups: Path,
    origin_ids: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Proof:
    """Checks everything that is kept; with `origin_ids`, of the ledger and of events only what is theirs, and
    of the files only theirs to the last byte. `kept_lookups` is the folder of their versions. `progress` is
    told bytes of files."""
    proof = Proof()
    wanted = None if origin_ids is None else set(origin_ids)
    with connection(warehouse=iceberg.warehouse, scratch=scratch) as opened:
        with database.read() as state:
            held = read_moment(state, opened)
            proof.missing += ledger(state, held)
            proof.missing += lane(state)
            proof.missing += correlations(state)
            proof.waiting = waiting(state)
            bound = windows(state)
        _count(held, proof, wanted)
        read = _of(held, wanted)
        looked = files(held.files, warehouse=iceberg.warehouse, read=read, progress=progress)
        tables = look_at_tables(database, iceberg)
        readable = held.readable(looked.whole, warehouse=iceberg.warehouse)
        counted = rows(opened, held, readable, wanted)
        proof.missing += [*looked.missing, *tables.missing, *counted.missing]
        proof.missing += verdicts(opened, readable)
        proof.missing += bound.missing
        proof.missing += lookups(held.lookup_versions, folder=kept_lookups, scratch=scratch)
        proof.lookups = len(held.lookup_versions)
    proof.files, proof.files_read = len(held.files), sum(map(read, held.files))
    proof.published, proof.rolled_back = tables.published, tables.rolled_back
    proof.lake_events, proof.lake_distinct = counted.events, counted.distinct
    proof.lake_dead_letters = counted.dead_letters
    proof.matches, proof.windows = bound.matches, bound.windows
    proof.qualifying, proof.alerts = bound.qualifying, bound.alerts
    return proof


def _count(held: Moment, proof: Proof, wanted: set[str] | None) -> None:
    """What the ledger says of the origins in question."""
    whole: set[str] = set()
    part: set[str] = set()
    for entry in held.entries:
        if wanted is not None and entry.origin_id not in wanted:
            continue
        if entry.purpose in (Purpose.WHOLE, Purpose.PART):
            (whole if entry.purpose == Purpose.WHOLE else part).add(entry.origin_id)
        stands = place_of(entry) not in held.mended
        proof.mended += 0 if stands else entry.dead_letters
        proof.events += entry.events
        proof.dead_letters += entry.dead_letters if stands else 0
        proof.records += entry.events + (entry.dead_letters if stands else 0)
    proof.origins = len(whole | part)
    proof.in_part = len(part - whole)
    if wanted is not None:
        unknown = wanted - whole - part
        if unknown:
            proof.missing.append(f"{len(unknown):,} origins are not in the ledger: {min(unknown)}")


def _of(held: Moment, wanted: set[str] | None) -> Callable[[Any], bool]:
    """Whether a file may hold something of the origins in question: what does not belong to a log type always
    does, for matches and alerts are proved as a whole."""
    if wanted is None:
        return lambda _: True
    decisions = {entry.decision_id for entry in held.entries if entry.origin_id in wanted}
    return lambda file: file.table_name in OWN or file.decision_id in decisions
