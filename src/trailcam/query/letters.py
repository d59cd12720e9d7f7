"""The dead letters that stand: those that no later reading of their origin has replaced."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import select

from trailcam.commit import tables as t
from trailcam.commit.standing import Standing, with_letters
from trailcam.lake.tables import DEAD_LETTERS
from trailcam.model.deadletter import DeadLetter
from trailcam.model.timestamps import Micros
from trailcam.query.lake import connection, source
from trailcam.query.refusals import damaged
from trailcam.state.chunks import chunked
from trailcam.state.database import Database

ID_DIGITS = 12

_AT_ONCE = 1_000
_WHOLE_AT_ONCE = 16
"""How many are read at once with their bytes, of which each may have many."""


class Wanted(NamedTuple):
    """Which of them: those that fit all of it. Empty sequences and None leave nothing out."""

    ids: Sequence[str] = ()
    """Whole ids."""
    reasons: Sequence[str] = ()
    """Codes of the error table."""
    sources: Sequence[str] = ()
    origins: Sequence[str] = ()
    """Identities of origins."""
    since: Micros | None = None
    """Those that were found later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLetter:
    """A dead letter that stands."""

    id: str
    letter: DeadLetter
    """Its bytes are empty where they were not asked for."""
    source: str
    found_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many there are of one reason in one source."""

    reason: str
    source: str
    letters: int
    size_bytes: int
    first_at: Micros
    last_at: Micros


def id_of(letter: DeadLetter) -> str:
    """What a dead letter is called: the same for the same stretch and reason, however often it was read."""
    told = f"{letter.origin_id}\n{letter.position}\n{letter.reason}"
    return hashlib.sha256(told.encode()).hexdigest()[:ID_DIGITS]


@contextmanager
def open_letters(database: Database, *, warehouse: Path, scratch: Path) -> Iterator["Letters"]:
    """The dead letters that stand now.

    Raises, also for what is asked of it:
        WorldError: TC0108 a file of the lake is missing or damaged; TC0601 to TC0603.
    """
    with database.read() as state:
        standing = with_letters(state)
        decisions = sorted({each.letters.decision_id for each in standing.values()})
        f = t.staged_file.c
        files = {
            str(warehouse / row.path): row.decision_id
            for some in chunked(decisions)
            for row in state.execute(
                select(f.path, f.decision_id).where(
                    f.table_name == DEAD_LETTERS.name, f.decision_id.in_(some)
                )
            )
        }
    with damaged(DEAD_LETTERS.name), connection(warehouse=warehouse, scratch=scratch) as opened:
        yield Letters(opened, files, standing)


class Letters:
    """Reads them out of the lake; see `open_letters`."""

    def __init__(
        self, opened: duckdb.DuckDBPyConnection, files: Mapping[str, int], standing: Mapping[str, Standing]
    ) -> None:
        self.standing = standing
        """What counts of each origin that has dead letters."""
        self._opened = opened
        last = [each.letters for each in standing.values()]
        kept = {
            "origin": pa.array([row.origin_id for row in last], pa.string()),
            "decision": pa.array([row.decision_id for row in last], pa.int64()),
            "source": pa.array([row.source_id for row in last], pa.string()),
        }
        named = {
            "filename": pa.array(list(files), pa.string()),
            "decision": pa.array(list(files.values()), pa.int64()),
        }
        opened.register("kept", pa.table(kept))
        opened.register("files", pa.table(named))
        told = "origin_id || chr(10) || position || chr(10) || reason"
        self._held = (
            f"(SELECT r.*, k.source, substr(sha256({told}), 1, {ID_DIGITS}) AS id, "
            f"epoch_us(p_parse_time) AS found_at FROM {source(DEAD_LETTERS, list(files))} r "
            "JOIN files f ON f.filename = r.filename "
            "JOIN kept k ON k.origin = r.origin_id AND k.decision = f.decision)"
        )

    def counted(self, wanted: Wanted) -> list[Counted]:
        """By reason and source, the most frequent first."""
        where = self._where(wanted)
        rows = self._opened.execute(
            "SELECT reason, source, count(*), sum(size_bytes), min(found_at), max(found_at) "
            f"FROM {self._held} {where} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        ).fetchall()
        return [
            Counted(
                reason=reason,
                source=name,
                letters=letters,
                size_bytes=int(size),
                first_at=Micros(first),
                last_at=Micros(last),
            )
            for reason, name, letters, size, first, last in rows
        ]

    def listed(self, wanted: Wanted, *, most: int | None = None) -> Iterator[KeptLetter]:
        """Without their bytes, the newest first; `most` of them."""
        limit = "" if most is None else f"LIMIT {most}"
        return self._read(self._where(wanted), f"ORDER BY found_at DESC, origin_name, position, id {limit}")

    def begins(self, prefix: str, *, most: int) -> list[KeptLetter]:
        """Those whose ids begin so, with their bytes."""
        self._opened.register("prefix", pa.table({"prefix": pa.array([prefix.lower()], pa.string())}))
        where = "WHERE starts_with(id, (SELECT prefix FROM prefix))"
        return list(self._read(where, f"ORDER BY id LIMIT {most}", whole=True))

    def of(self, origin_id: str) -> Iterator[KeptLetter]:
        """Those of an origin with their bytes, by position."""
        self._opened.register("one", pa.table({"origin": pa.array([origin_id], pa.string())}))
        where = "WHERE origin_id = (SELECT origin FROM one)"
        return self._read(where, "ORDER BY position, id", whole=True)

    def _where(self, wanted: Wanted) -> str:
        fits = []
        for column, values in (
            ("id", wanted.ids),
            ("reason", wanted.reasons),
            ("source", wanted.sources),
            ("origin_id", wanted.origins),
        ):
            if values:
                self._opened.register(
                    f"wanted_{column}", pa.table({"it": pa.array(list(values), pa.string())})
                )
                fits.append(f"{column} IN (SELECT it FROM wanted_{column})")
        if wanted.since is not None:
            fits.append(f"found_at > {int(wanted.since)}")
        return f"WHERE {' AND '.join(fits)}" if fits else ""

    def _read(self, where: str, order: str, *, whole: bool = False) -> Iterator[KeptLetter]:
        raw = "raw" if whole else "''::BLOB"
        columns = "id, source, found_at, origin_id, origin_name, position, size_bytes, reason, detail"
        found = self._opened.execute(f"SELECT {columns}, {raw} FROM {self._held} {where} {order}")
        while rows := found.fetchmany(_WHOLE_AT_ONCE if whole else _AT_ONCE):
            yield from map(_letter, rows)


def _letter(row: tuple[Any, ...]) -> KeptLetter:
    id_, name, at, origin_id, origin_name, position, size, reason, detail, raw = row
    return KeptLetter(
        id=id_,
        source=name,
        found_at=Micros(at),
        letter=DeadLetter(
            origin_id=origin_id,
            origin_name=origin_name,
            position=position,
            size_bytes=size,
            reason=reason,
            detail=detail,
            raw=raw,
        ),
    )
