"""The past of a bucket through the line: the same ledger; alerts are recorded and not delivered."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from trailcam.app.follow import Follower
from trailcam.app.home import Home
from trailcam.app.in_hand import Followed
from trailcam.app.line import Line
from trailcam.app.load import Loaded
from trailcam.app.report import Report, report
from trailcam.commit.publish import publish
from trailcam.commit.publish import told as refused_by_lake
from trailcam.commit.run_kind import RunKind
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.settings.schema import Settings
from trailcam.settings.sources import TRIES
from trailcam.sources.aws import make_session
from trailcam.sources.live.s3 import S3Source
from trailcam.sources.s3_listing import Wanted, bucket_and_prefix, find
from trailcam.sources.s3_objects import Objects
from trailcam.sources.s3_past import S3Past

UNNAMED = "s3"
"""What the source is called where none is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of the past is wanted. `source` names a declared source, whose credentials and name are used;
    empty: the only one of type s3, else AWS's own chain of credentials."""

    url: str
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    source: str = ""
    per_second: float = 0


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

    It may be stopped and begun again: what is decided stays so.

    Raises:
        TrailcamError: TC0104 no such place or source; those of `Line`.
        WorldError: those of `Line`.
    """
    started = time.monotonic()
    bucket, prefix = bucket_and_prefix(asked.url)
    wanted = Wanted(
        accounts=frozenset(asked.accounts),
        regions=frozenset(asked.regions),
        since=asked.since,
        until=asked.until,
    )
    name, objects, tries = objects_of(settings, asked.source)
    past = S3Past(lambda: find(objects, bucket, prefix, wanted), objects, per_second=asked.per_second)

    def ticked(line: Line) -> None:
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

    line = Follower(
        settings=settings,
        home=home,
        kind=RunKind.backfill,
        role=None,
        stop=stop,
        told=told,
        workers=workers,
        followed=[Followed(name=name, source=past, tries=tries)],
        ticked=ticked,
    ).run(loaded)
    made = report(
        home,
        line.run_id,
        loaded,
        seconds=time.monotonic() - started,
        size_bytes=past.settled_bytes,
        repeated=0,
        skipped=(),
        empty=(),
    )
    line.finish(made.summary)
    return replace(made, problems=refused_by_lake(publish, home.database, home.iceberg))


def objects_of(settings: Settings, name: str) -> tuple[str, Objects, int]:
    """(name, objects, tries) of the source of that name; of the only one of type s3 where none is named.

    Raises:
        TrailcamError: TC0104 there is no such source of type s3.
    """
    declared = {it.name: it for it in settings.sources if it.type == "s3"}
    if name and name not in declared:
        message = f'no source "{name}" of type s3 is declared'
        hint = nearest(name, declared) or f"declared: {', '.join(declared) or 'none'}"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    found = declared.get(name) or (next(iter(declared.values())) if len(declared) == 1 else None)
    if found is None:
        return UNNAMED, Objects(make_session(), name=UNNAMED), TRIES
    return found.name, S3Source(found.name, **found.options).objects, found.tries
