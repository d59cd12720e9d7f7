"""Dead letters that are read again give what a reading under the new settings would have given at once."""

import json
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from tests.support import record

from trailcam.codecs import json_records
from trailcam.codecs.gzip import unpack
from trailcam.contracts.codec import Envelope, Record
from trailcam.contracts.source import Blob
from trailcam.engines.inline import inline
from trailcam.logtypes.loader import builtin, load
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.model.timestamps import Micros
from trailcam.pipeline.decode import decode
from trailcam.pipeline.mend import mend
from trailcam.pipeline.normalize import Normalizer
from trailcam.query.letters import id_of
from trailcam.sources.kept_letters import KeptLetters, keep_letters

DOOR = """
schema: Custom.Door
version: 1
description: A door.
referenceURL: https://example.com/
records: ["Items[]"]
signature:
  requires: [door, actor, at]
fields:
  - name: door
    type: string
    required: true
    column: true
    description: The door.
  - name: actor
    type: string
    column: true
    description: Who.
  - name: at
    type: timestamp
    required: true
    column: true
    isEventTime: true
    description: When.
"""

SMALL, LARGE = 700, 1 << 16


class Read(NamedTuple):
    """What is kept of an origin: events as (log type, row id, position, bytes), and dead letters."""

    events: frozenset[tuple[str, str, int, bytes]]
    letters: tuple[DeadLetter, ...]
    rows: int


@pytest.fixture(scope="module")
def log_types(tmp_path_factory: pytest.TempPathFactory) -> tuple[LogType, ...]:
    folder = tmp_path_factory.mktemp("types") / "custom_door"
    (folder / "samples").mkdir(parents=True)
    (folder / "schema.yml").write_text(DOOR)
    (folder / "samples" / "one.json").write_text(json.dumps(door(1)))
    cloudtrail = next(it for it in builtin() if it.name == "AWS.CloudTrail")
    return cloudtrail, *load([folder])


def door(number: int, size: int = 0) -> dict[str, str]:
    return {"door": "front", "actor": f"bob {'x' * size}", "at": f"2026-03-01T10:00:{number % 60:02}Z"}


def line_of(log_types: Collection[LogType], limit: int, blobs: Sequence[Blob]) -> Read:
    """The first two stages, as a worker walks them."""
    normalizer = Normalizer(log_types, parse_time=Micros(0))
    paths = sorted({path for log_type in log_types for path in log_type.records})
    how = {
        "split": json_records.split,
        "envelopes": tuple(Envelope.parse(path) for path in paths),
        "recognise": normalizer.classifier.recognise,
        "record_limit": limit,
    }

    def pieces(blob: Blob) -> Iterator[Record | DeadLetter]:
        if isinstance(blob, KeptLetters):
            return mend(blob.stretches(), **how)  # type: ignore[arg-type]  # by name
        return decode(blob, unpack=unpack, origin_limit=1 << 30, **how)  # type: ignore[arg-type]  # the same

    chunks = list(normalizer.chunks(blobs, pieces))
    rows = [
        (batch.log_type, batch.row_id[row], batch.position[row], batch.raw[row])
        for chunk in chunks
        for batch in chunk.batches
        for row in range(len(batch))
    ]
    letters = [letter for chunk in chunks for letter in chunk.dead_letters]
    return Read(frozenset(rows), tuple(sorted(letters, key=lambda it: it.position)), len(rows))


def retried(read: Read, ids: Collection[str], *, spool: Path, again: partial[Read], origin: Blob) -> Read:
    """What is kept after some dead letters were read again."""
    letters = [(letter, id_of(letter) in ids) for letter in read.letters]
    kept = keep_letters(origin.origin, letters, spool=spool, most_bytes=2 * LARGE)
    new = again([kept])
    kept.acknowledge()
    if not new.rows and len(new.letters) >= len(read.letters):
        return read
    return Read(read.events | new.events, new.letters, read.rows + new.rows)


RECORDS = st.one_of(
    st.builds(lambda n: json.dumps(record(n)), st.integers(0, 99)),
    st.builds(lambda n: json.dumps(door(n)), st.integers(0, 99)),
    st.builds(lambda n, size: json.dumps(door(n, size)), st.integers(0, 99), st.integers(600, 3000)),
    st.builds(
        lambda n, size: json.dumps(record(n, requestParameters={"a, b": "xy , z " * size})),
        st.integers(0, 99),
        st.integers(60, 300),
    ),
    st.builds(lambda n: json.dumps({"other": n, "text": "é"}), st.integers(0, 99)),
)
DAMAGED = st.builds(
    lambda text, at, junk: text[:at] + junk,
    RECORDS,
    st.integers(1, 200),
    st.sampled_from(["", "}", "\x00", '"', "]]"]),
)
PIECES = st.lists(st.one_of(RECORDS, RECORDS, DAMAGED), min_size=1, max_size=8)
LAYOUTS = st.sampled_from(["{}", '{{"Records": [{}]}}', '{{"Items":[{}]}}', "[{}]"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    separator = draw(st.sampled_from(["\n", ",\n", ", ", ""]))
    return draw(LAYOUTS).format(separator.join(draw(PIECES))).encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), st.sampled_from(["types", "limits", "both"]), st.randoms(use_true_random=False))
@example(json.dumps({"Items": [door(1), door(2)]}).encode(), "types", Random(0))
@example(json.dumps({"Records": [record(1), door(2, 3000), record(3)]}).encode(), "limits", Random(0))
@example(b'{"Records": [{{}]]' + json.dumps(record(0)).encode() + b"]}", "types", Random(0))
@example(b'{"Records": [{"\n{"]]\n' + json.dumps(door(0, 700)).encode(), "limits", Random(0))
def test_what_is_read_again_is_what_would_have_been_read_at_once(
    log_types: tuple[LogType, ...], tmp_path: Path, data: bytes, later: str, random: Random
) -> None:
    origin = inline(data)
    before = line_of(
        log_types if later == "limits" else log_types[:1], LARGE if later == "types" else SMALL, [origin]
    )
    again = partial(line_of, log_types, LARGE)
    fresh = again([origin])
    assume(before.events <= fresh.events)  # what was an event stays one, also where it was none
    read = before
    ids = [id_of(letter) for letter in before.letters]
    random.shuffle(ids)
    while ids:
        some = {ids.pop() for _ in range(min(len(ids), random.randint(1, 3)))}
        read = retried(read, some, spool=tmp_path, again=again, origin=origin)
    standing = {id_of(letter) for letter in read.letters}
    assert read.events >= fresh.events
    more = {position for _, _, position, _ in read.events - fresh.events}
    broken = [range(it.position, it.position + it.size_bytes) for it in fresh.letters]
    assert all(any(at in it for it in broken) for at in more), "more than what a damaged document hides"
    assert read.rows == len(read.events), "an event twice"
    assert retried(read, standing, spool=tmp_path, again=again, origin=origin) == read
