"""What is kept of a source: when it last answered and announced, what it says, and what was read of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, select

from trailcam.app.doctor.home import followed
from trailcam.app.home import Home
from trailcam.commit import tables as t
from trailcam.commit.group import Purpose
from trailcam.commit.ledger import Ledger
from trailcam.commit.standing import counted
from trailcam.contracts.source import Finding, Grade
from trailcam.model.timestamps import SECOND, Micros, to_seconds
from trailcam.settings.sources import SourceSettings
from trailcam.sources.tables import source as source_table

_LAST_NAMES = 200
_LATE_SECONDS = 300
_DAY_SECONDS = 86_400


def look(source: SourceSettings, home: Home, *, now: Micros) -> Iterator[Finding]:
    """Findings of a source that was followed; none where it never was."""
    s = source_table.c
    with home.database.read() as state:
        row = state.execute(select(source_table).where(s.name == source.name)).first()
    if row is not None:
        yield from _answers(row, is_followed=followed(home, now=now), now=now)
    yield from _dead_letters(source.name, home, now)


def read(home: Home, origin_ids: Sequence[str]) -> frozenset[str]:
    """Those of the origins that were read whole."""
    return Ledger(home.database, {}).known(origin_ids)


def last_names(home: Home, source: str) -> list[str]:
    """The names of origins of a source that were read last, the newest first."""
    o = t.origin.c
    with home.database.read() as state:
        names = select(o.name).where(o.source_id == source, o.purpose == Purpose.WHOLE.value)
        return list(state.execute(names.order_by(o.decision_id.desc()).limit(_LAST_NAMES)).scalars())


def _answers(row: Row[Any], *, is_followed: bool, now: Micros) -> Iterator[Finding]:
    fault, asked_at = row.fault, row.asked_at
    if fault is not None:
        since = f" since {to_seconds(row.fault_since)}" if row.fault_since is not None else ""
        yield Finding(
            check="says",
            grade=Grade.BROKEN if is_followed else Grade.WARNING,
            found=f"{fault}{since}" if is_followed else f"when it was last followed: {fault}",
            because=f"the process that follows it says: {fault}" if is_followed else "",
        )
    if asked_at is not None:
        late = is_followed and fault is None and now - asked_at > _LATE_SECONDS * SECOND
        yield Finding(
            check="answered",
            grade=Grade.WARNING if late else Grade.OK,
            found=f"last at {to_seconds(asked_at)}",
            cure="see whether what was read waits to be decided: the log of the process tells"
            if late
            else "",
        )
    if row.announced_at is not None:
        words = f"something last at {to_seconds(row.announced_at)}"
        yield Finding(check="announced", grade=Grade.OK, found=words)


def _dead_letters(source: str, home: Home, now: Micros) -> Iterator[Finding]:
    """What came of a source within a day, and cannot be read to this moment."""
    with home.database.read() as state:
        came = counted(state, since=Micros(now - _DAY_SECONDS * SECOND))[source]
    events, letters = came.events, came.dead_letters
    if letters:
        nothing_else = not events
        yield Finding(
            check="dead letters",
            grade=Grade.BROKEN if nothing_else else Grade.WARNING,
            found=f"{letters:,} within a day, beside {events:,} events",
            cure="`trailcam dead-letters` tells why",
            because=f"all that came became dead letters, {letters:,} within a day" if nothing_else else "",
        )
