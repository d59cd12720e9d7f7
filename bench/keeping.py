"""What keeping costs: staging files, deciding, publishing; and how large an event is on disk."""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from trailcam.app.home import make_home
from trailcam.app.load import Loaded
from trailcam.commit import tables as t
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.publish import publish
from trailcam.commit.stage import Stager
from trailcam.model.batch import EventBatch
from trailcam.model.match import Match, RuleError
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import Micros
from trailcam.sources.files import LocalBlob


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """CPU seconds of each step over all events, and bytes of the events' files."""

    stage: float
    decide: float
    publish: float
    files: int
    size_bytes: int


def keep(
    blobs: Sequence[LocalBlob],
    batches: Sequence[EventBatch],
    found: Sequence[tuple[Sequence[tuple[int, Match]], Sequence[tuple[int, RuleError]]]],
    loaded: Loaded,
) -> Kept:
    """Keeps batches with what rules said of them (matches and errors of each), as one group."""
    with tempfile.TemporaryDirectory() as folder:
        home = make_home(Path(folder) / "home")
        with home.database.write() as state:
            state.execute(
                insert(t.run).values(
                    id="bench", started_at=0, version="0", pack="p", rules=0, paths="[]", published=False
                )
            )
        home.iceberg.find("warm")  # loading the library is nobody's share
        stager = Stager(home.iceberg.warehouse, loaded.log_types, pack="p")
        started = time.process_time()
        files: list[StagedFile] = []
        for batch, (matches, errors) in zip(batches, found, strict=True):
            files += stager.events(batch, "bench")
            files += stager.found(batch, "bench", matches=matches, errors=errors)
        staged = time.process_time()
        counts = Counter(batch.origins[at].id for batch in batches for at in batch.origin)
        group = Group(
            run_id="bench",
            pack="p",
            rules={rule.id: "1" for rule in loaded.rules},
            treated=[
                Treated(
                    origin=blob.origin, purpose=Purpose.WHOLE, events=counts[blob.origin.id], dead_letters=0
                )
                for blob in {blob.origin.id: blob for blob in blobs}.values()
            ],
            files=files,
            matches=[match for matches, _ in found for _, match in matches],
            errors=[error for _, errors in found for _, error in errors],
            not_run={},
        )
        decide(home.database, group, warehouse=home.iceberg.warehouse, now=Micros(0))
        decided = time.process_time()
        publish(home.database, home.iceberg)
        published = time.process_time()
        own = [file for file in files if file.table not in ("matches", "rule_errors")]
        return Kept(
            stage=staged - started,
            decide=decided - staged,
            publish=published - decided,
            files=len(files),
            size_bytes=sum(file.size_bytes for file in own),
        )
