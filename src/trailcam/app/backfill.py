"""The past of a bucket through the line: the same ledger; alerts are recorded and not delivered."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from trailcam.app.home import Home
from trailcam.app.line import Line
from trailcam.app.live.follow import Follower
from trailcam.app.live.in_hand import Followed
from trailcam.app.load import Loaded
from trailcam.app.report import Report, report
from trailcam.commit.publish import publish
from trailcam.commit.publish import told as refused_by_lake
from trailcam.commit.run_kind import RunKind
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.settings.schema import Settings
from trailcam.settings.sources import TRIES, SourceSettings
from trailcam.sources.aws import make_session
from trailcam.sources.s3_listing import Met, Wanted, bucket_and_prefix, find, places
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_objects import Objects
from trailcam.sources.s3_past import S3Past
from trailcam.sources.s3_settings import S3Settings

UNNAMED = "s3"
"""What the source is called where none is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of the past is wanted. `source` names a declared source, whose credentials and name are used, and
    whose prefixes bound what is read; empty: the only one of type s3, else AWS's own chain of credentials."""

    url: str
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    source: str = ""
    per_second: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A listing of what was asked for: where it is looked for, and who reads it.

    `met` is told what lies there.
    """

    source: str
    objects: Objects
    tries: int
    bucket: str
    places: Sequence[str]
    wanted: Wanted
    is_narrowed: bool
    """Whether less is looked at than was asked for: only what the source follows."""
    met: Met = field(default_factory=Met)

    def find(self) -> Iterator[S3Object]:
        """What was asked for, each object once.

        Raises:
            WorldError: TC0801, TC0802.
        """
        for place in self.places:
            yield from find(self.objects, self.bucket, place, self.wanted, met=self.met)

    @property
    def urls(self) -> list[str]:
        """The places, as a person says them."""
        return [f"s3://{self.bucket}/{place}" for place in self.places]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillProgress:
    """How far a backfill is. `bytes_all` grows until `is_listed`."""

    bytes_done: int
    bytes_all: int
    objects_done: int
    objects_all: int
    is_listed: bool
    matches: int


def backfill(
    asked: Asked,
    loaded: Loaded,
    settings: Settings,
    home: Home,
    *,
    stop: threading.Event,
    told: Callable[..., None],
    workers: int = 0,
    progress: Callable[[BackfillProgress], None] = lambda _: None,
) -> Report:
    """Reads what a bucket holds; what was read before, only for rules that have not seen it.

    It may be stopped and begun again: what is decided stays so. What S3 refuses is among the problems of the
    report; what it cannot do now is waited for.

    Raises:
        TrailcamError: TC0104 no such place or source; those of `Line`.
        WorldError: those of `Line`.
    """
    started = time.monotonic()
    looking = search(asked, settings)
    if looking.is_narrowed:
        why = f"it follows {' and '.join(looking.urls)} only"
        told("not all is read", source=looking.source, why=why)
    past = S3Past(looking.find, looking.objects, per_second=asked.per_second, stop=stop)

    def ticked(line: Line) -> None:
        if past.is_shut_out:
            follower.intake.stop()
        progress(
            BackfillProgress(
                bytes_done=past.settled_bytes,
                bytes_all=past.announced_bytes,
                objects_done=past.settled,
                objects_all=past.announced,
                is_listed=past.is_listed,
                matches=line.keeper.matches,
            )
        )

    follower = Follower(
        settings=settings,
        home=home,
        kind=RunKind.backfill,
        role=None,
        stop=stop,
        told=told,
        workers=workers,
        followed=[Followed(name=looking.source, source=past, tries=looking.tries)],
        ticked=ticked,
    )
    line = follower.run(loaded)
    if past.refused is None and not stop.is_set():
        for words in _not_found(looking, past):
            told("nothing found", why=words)
    made = report(
        home,
        line.run_id,
        loaded,
        taken_off=line.taken_off,
        cut=line.correlating.cut,
        kept_without=line.correlating.kept_without,
        left=line.correlating.left,
        seconds=time.monotonic() - started,
        size_bytes=past.settled_bytes,
        repeated=0,
        skipped=(),
        empty=(),
    )
    line.finish(made.summary)
    refused = past.refused.problems if past.refused is not None else ()
    return replace(made, problems=[*refused, *refused_by_lake(publish, home.database, home.iceberg)])


def _not_found(looking: Search, past: S3Past) -> Iterator[str]:
    absent = list(looking.met.absent(looking.wanted))
    yield from absent
    if not past.announced and not absent:
        yield f"nothing of what was asked for lies in {' or '.join(looking.urls)}"


def search(asked: Asked, settings: Settings) -> Search:
    """How what was asked for is looked for.

    Raises:
        TrailcamError: TC0104 no such place or source.
    """
    bucket, prefix = bucket_and_prefix(asked.url)
    name, objects, tries = objects_of(settings, asked.source)
    declared = _declared(settings, asked.source)
    followed = places(prefix, declared.options.get("prefixes", ()) if declared is not None else ())
    return Search(
        source=name,
        objects=objects,
        tries=tries,
        bucket=bucket,
        places=followed,
        wanted=Wanted(
            accounts=frozenset(asked.accounts),
            regions=frozenset(asked.regions),
            since=asked.since,
            until=asked.until,
        ),
        is_narrowed=followed not in ([prefix], [f"{prefix}/"]),
    )


def objects_of(settings: Settings, name: str) -> tuple[str, Objects, int]:
    """(name, objects, tries) of the source of that name; of the only one of type s3 where none is named.

    Raises:
        TrailcamError: TC0104 there is no such source of type s3.
    """
    found = _declared(settings, name)
    if found is None:
        return UNNAMED, Objects(make_session(), name=UNNAMED), TRIES
    read = S3Settings(name=found.name, **found.options)
    return found.name, read.objects(read.session()), found.tries


def _declared(settings: Settings, name: str) -> SourceSettings | None:
    declared = {it.name: it for it in settings.sources if it.type == "s3"}
    if name and name not in declared:
        message = f'no source "{name}" of type s3 is declared'
        hint = nearest(name, declared) or f"declared: {', '.join(declared) or 'none'}"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    return declared.get(name) or (next(iter(declared.values())) if len(declared) == 1 else None)
