"""Every real record at hand walks the line: none is lost, none is doubled, and nothing else is taken for one.

Reads `../shared/data`, which lies beside the repository on some machines; its licences keep it out of here.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from trailcam.codecs import gzip, json_records
from trailcam.contracts.codec import Envelope, Record
from trailcam.logtypes import loader
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros, parse
from trailcam.pipeline.decode import decode
from trailcam.pipeline.normalize import Chunk, Normalizer

DATA = Path(__file__).parents[3] / "shared" / "data"
OTHER = sorted(path for path in DATA.glob("other/*.ndjson") if ".meta." not in path.name)
RECORDS = 23_735
FINDINGS = 31
DELIVERED = parse("2024-06-01T00:00:00Z") or Micros(0)

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the shared data does not lie beside the repository"),
]


@dataclass(frozen=True)
class File:
    """A file as a blob."""

    path: Path

    @property
    def origin(self) -> Origin:
        return Origin(
            id=f"path:{self.path.name}",
            name=self.path.name,
            source_id="shared",
            source_label="Shared data",
            size_bytes=self.path.stat().st_size,
            fallback_time=DELIVERED,
        )

    def acknowledge(self) -> None: ...

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        with self.path.open("rb") as file:
            yield iter(lambda: file.read(1 << 20), b"")


def walk(path: Path) -> list[Chunk]:
    log_types = loader.builtin()
    normalizer = Normalizer(log_types, parse_time=DELIVERED)

    def read(blob: Any) -> Iterator[Record | DeadLetter]:
        return decode(
            blob,
            unpack=gzip.unpack,
            split=json_records.split,
            envelopes=[Envelope.parse(envelope) for log_type in log_types for envelope in log_type.records],
            recognise=normalizer.classifier.recognise,
            origin_limit=1 << 30,
            record_limit=1 << 20,
        )

    return list(normalizer.chunks([File(path)], read))


@cache
def corpus() -> tuple[Chunk, ...]:
    return tuple(walk(DATA / "cloudtrail.ndjson.gz"))


def test_every_record_is_a_row_and_none_a_dead_letter() -> None:
    assert sum(chunk.records for chunk in corpus()) == RECORDS
    assert [dead.detail for chunk in corpus() for dead in chunk.dead_letters] == []


def test_every_record_is_of_the_log_type_that_it_is() -> None:
    counts: Counter[str] = Counter()
    for chunk in corpus():
        counts.update({batch.log_type: len(batch) for batch in chunk.batches})
    assert counts == {"AWS.CloudTrail": 23_723, "AWS.CloudTrailInsight": 12}


def test_every_record_is_a_row_of_its_own() -> None:
    ids = {row_id for chunk in corpus() for batch in chunk.batches for row_id in batch.row_id}
    assert len(ids) == RECORDS


def test_only_times_that_are_none_are_taken_from_the_origin() -> None:
    undated = [
        batch.values[row]["eventTime"]
        for chunk in corpus()
        for batch in chunk.batches
        for row in range(len(batch))
        if batch.time_from_origin[row]
    ]
    assert Counter(undated) == {"...": 6, "redacted": 1, "eventTime": 1}


def test_every_record_has_an_event_whose_vendor_fields_are_the_records_own() -> None:
    for chunk in corpus():
        for batch in chunk.batches:
            for row in range(len(batch)):
                event = batch.event(row).to_dict()
                kept = {key: value for key, value in event.items() if not key.startswith("p_")}
                assert kept == json.loads(batch.raw[row])


def test_the_records_in_an_envelope_are_the_same_rows(tmp_path: Path) -> None:
    raws = [raw for batch in corpus()[0].batches for raw in batch.raw]
    path = tmp_path / "log.json"
    path.write_bytes(b'{"Records":[' + b",".join(raws) + b"]}")
    rows = {row_id for chunk in walk(path) for batch in chunk.batches for row_id in batch.row_id}
    assert rows == {row_id for batch in corpus()[0].batches for row_id in batch.row_id}


@pytest.mark.parametrize("path", OTHER, ids=lambda path: path.stem)
def test_no_record_of_another_log_is_taken_for_cloudtrail(path: Path) -> None:
    found = [batch.log_type for chunk in walk(path) for batch in chunk.batches]
    assert [name for name in found if name.startswith("AWS.CloudTrail")] == []


@pytest.mark.parametrize("path", OTHER, ids=lambda path: path.stem)
def test_every_finding_of_guardduty_and_no_other_record_is_taken_for_one(path: Path) -> None:
    found = Counter(
        batch.log_type for chunk in walk(path) for batch in chunk.batches for _ in range(len(batch))
    )
    assert found["AWS.GuardDuty"] == (FINDINGS if path.stem == "guardduty" else 0)


def test_findings_are_rows_of_their_own_with_the_time_of_their_update() -> None:
    (chunk,) = walk(DATA / "other" / "guardduty.ndjson")
    (batch,) = chunk.batches
    assert (chunk.dead_letters, len(set(batch.row_id)), any(batch.time_from_origin)) == ((), FINDINGS, False)
    assert None not in batch.event_id
    for row in range(FINDINGS):
        assert batch.event(row).to_dict().items() >= batch.values[row].items()
        assert batch.indicators[row]["p_any_aws_arns"]
