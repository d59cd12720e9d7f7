"""How it stands with the sources: what has come from each, by account and region, and what does not work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from trailcam.app.home import Home
from trailcam.app.live.canary_table import canary
from trailcam.app.live.watermarks import watermarks
from trailcam.commit.places import Heard, heard
from trailcam.commit.standing import counted
from trailcam.model.timestamps import BEGINNING, Micros
from trailcam.settings.schema import Settings
from trailcam.sources.tables import source
from trailcam.state.processes import Process, Role, running


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One source; times are None where there is none."""

    name: str
    type: str
    declared: bool
    """False: it was followed once, and the settings do not name it any more."""
    origins: int
    events: int
    dead_letters: int
    size_bytes: int
    asked_at: Micros | None
    announced_at: Micros | None
    fault: str | None
    fault_since: Micros | None
    canary_planted: Micros | None
    canary_came_out: bool | None
    """Whether the last canary did; None where there is none, or it is under way."""
    places: Sequence[Heard]
    complete_until: Micros | None
    """While a server runs: before this time, what has not come of it is taken for absent; but not what it may
    have in hand."""

    def lag(self, *, now: Micros) -> int | None:
        """How old its latest event is, in microseconds."""
        return min((now - it.last_event for it in self.places if it.last_event is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All sources, and who follows them."""

    sources: Sequence[Standing]
    processes: Sequence[Process]
    is_held: bool
    """Whether somebody goes over the past: then absence waits for the end of that, and for no source."""

    @property
    def behind(self) -> Standing | None:
        """The source that is furthest behind, for which absence waits; None where no server runs, or where
        absence waits for somebody who goes over the past."""
        followed = [it for it in self.sources if it.declared]
        if not followed or self.is_held or not any(it.role is Role.serve for it in self.processes):
            return None
        return min(followed, key=lambda it: BEGINNING if it.complete_until is None else it.complete_until)


def overview(home: Home, settings: Settings, *, now: Micros) -> Overview:
    """What the state knows of sources, those of the settings first.

    Raises:
        WorldError: the state cannot be read.
    """
    processes = running(home.database, now=now)
    since = [it.started_at for it in processes if it.role is Role.serve]
    untils = watermarks(
        home.database,
        [it.name for it in settings.sources if since],
        lateness_seconds=settings.live.lateness_seconds,
        followed_since=max(since, default=now),
        now=now,
    )
    return Overview(
        sources=list(_standings(home, settings, untils)),
        processes=processes,
        is_held=bool(running(home.database, now=now, roles=[Role.past])),
    )


def _standings(home: Home, settings: Settings, untils: Mapping[str, Micros | None]) -> Iterator[Standing]:
    with home.database.read() as state:
        known = {row.name: row for row in state.execute(select(source))}
        counts = counted(state)
        c = canary.c
        canaries = {row.source: row for row in state.execute(select(canary).order_by(c.planted_at))}
    declared = {it.name: it.type for it in settings.sources}
    places = heard(home.database)
    for name in [*declared, *sorted(known.keys() - declared.keys())]:
        row, sums, last = known.get(name), counts[name], canaries.get(name)
        yield Standing(
            name=name,
            type=declared.get(name) or (row.type if row is not None else ""),
            declared=name in declared,
            origins=sums.origins,
            events=sums.events,
            dead_letters=sums.dead_letters,
            size_bytes=sums.size_bytes,
            asked_at=row.asked_at if row is not None else None,
            announced_at=row.announced_at if row is not None else None,
            fault=row.fault if row is not None else None,
            fault_since=row.fault_since if row is not None else None,
            canary_planted=last.planted_at if last is not None else None,
            canary_came_out=_came_out(last) if last is not None else None,
            places=[it for it in places if it.place.source == name],
            complete_until=untils.get(name),
        )


def _came_out(row: object) -> bool | None:
    if row.seen_at is not None:  # type: ignore[attr-defined]  # a row of `canary`
        return True
    return False if row.missed_at is not None else None  # type: ignore[attr-defined]  # the same
