"""Looks at the home and at sources, one after the other."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from trailcam import registry
from trailcam.app.doctor import home as home_checks
from trailcam.app.doctor import standing
from trailcam.app.home import Home, open_home
from trailcam.app.live.serve import no_sources
from trailcam.contracts.source import Finding, Surroundings
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings
from trailcam.settings.sources import KIND, SourceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A source, or the home, with all that was found."""

    name: str
    """Empty for the home: a source may bear any name."""
    findings: Sequence[Finding]


def examine(
    settings: Settings,
    path: Path,
    *,
    names: Sequence[str] = (),
    places: Sequence[str] = (),
    peek: bool = False,
    now: Callable[[], float] = time.time,
) -> Iterator[Examined]:
    """The home at `path`, then each source of the settings, or those that are named.

    Raises:
        TrailcamError: TC0803 there are no sources, TC0804 none of this name.
        WorldError: TC0601 to TC0605 there is a home, and it cannot be read.
    """
    if not settings.sources:
        raise no_sources()
    known = {it.name: it for it in settings.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise TrailcamError([_no_source(name, known) for name in unknown])
    at = Micros(int(now() * 1_000_000))
    home = open_home(path) if (path / "state.db").is_file() else None
    yield Examined(name="", findings=list(home_checks.look(settings, path, home, now=at)))
    for source in [known[name] for name in dict.fromkeys(names)] or settings.sources:
        yield Examined(
            name=source.name, findings=list(_source(source, home, places=places, peek=peek, now=at))
        )


def _source(
    source: SourceSettings, home: Home | None, *, places: Sequence[str], peek: bool, now: Micros
) -> Iterator[Finding]:
    if home is not None:
        yield from standing.look(source, home, now=now)
    surroundings = Surroundings(
        tries=source.tries,
        database=None if home is None else home.database,
        read=_nothing if home is None else partial(standing.read, home),
        names=() if home is None else standing.last_names(home, source.name),
        places=places,
        peek=peek,
        now=now,
    )
    type_ = registry.load(KIND, source.type)
    yield from type_.examine(source.name, dict(source.options), surroundings=surroundings)


def _nothing(_origin_ids: Sequence[str]) -> frozenset[str]:
    return frozenset()


def _no_source(name: str, known: dict[str, SourceSettings]) -> Problem:
    message = f'there is no source "{name}"; declared: {", ".join(sorted(known))}'
    return Problem(code=code("no_such_source"), message=message, hint=nearest(name, known))
