"""Entries of the ledger that tests write: origins of one source, as they were read."""

from pathlib import Path

from sqlalchemy import insert

from trailcam.app.home import Home, make_home
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros

SOURCE = "trail"
RUN = "run"


def home_with_run(path: Path) -> Home:
    """A home in which something may be decided."""
    made = make_home(path)
    with made.database.write() as state:
        state.execute(
            insert(t.run).values(
                id=RUN, started_at=0, version="0", pack="p", rules=0, paths="[]", published=False
            )
        )
    return made


def keep(
    home: Home,
    name: str,
    purpose: Purpose,
    *,
    events: int,
    dead_letters: int,
    part: str = "",
    size: int = 100,
    now: int = 1,
) -> int:
    """Decides an origin with what came of it; the decision."""
    origin = Origin(
        id=name, name=name, source_id=SOURCE, source_label=SOURCE, size_bytes=size, fallback_time=Micros(0)
    )
    entry = Treated(origin=origin, purpose=purpose, events=events, dead_letters=dead_letters, part=part)
    group = Group(
        run_id=RUN, pack="p", rules={}, treated=[entry], files=[], matches=[], errors=[]
    )  # fmt: skip
    return decide(home.database, group, warehouse=home.iceberg.warehouse, now=Micros(now))
