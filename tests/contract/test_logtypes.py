"""What every log type keeps. A folder inherits this suite by lying among the log types.

After a change of a schema or a sample: `pytest tests/contract --update-golden`, then review the diff.
"""

import ipaddress
import json
import pickle
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from trailcam.codecs import gzip, json_records
from trailcam.contracts.codec import Envelope, Record
from trailcam.logtypes import loader
from trailcam.model.batch import EventBatch
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import Field, LogType, spelling
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros, parse
from trailcam.pipeline.classify import Classifier, missing
from trailcam.pipeline.decode import decode
from trailcam.pipeline.indicators import Indicators
from trailcam.pipeline.normalize import Normalizer

LOG_TYPES = loader.builtin()
SAMPLES = [
    (log_type, path) for log_type in LOG_TYPES for path in sorted(log_type.folder.glob("samples/*.json"))
]

each_log_type = pytest.mark.parametrize("log_type", LOG_TYPES, ids=lambda log_type: log_type.name)
each_sample = pytest.mark.parametrize(
    ("log_type", "path"), SAMPLES, ids=[f"{log_type.name}-{path.stem}" for log_type, path in SAMPLES]
)

NOON = parse("2024-06-01T12:00:00Z") or Micros(0)
ORIGIN = Origin(
    id="sha256:golden",
    name="example-trail/golden.json",
    source_id="golden",
    source_label="Golden samples",
    size_bytes=0,
    fallback_time=parse("2024-06-01T00:00:00Z") or Micros(0),
)
DOCUMENTATION_NETWORKS = [
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
DOCUMENTATION_ACCOUNTS = {"111122223333", "444455556666", "123456789012"}


@dataclass(frozen=True)
class InMemory:
    """A blob whose bytes are at hand."""

    origin: Origin
    data: bytes

    def acknowledge(self) -> None: ...

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter([self.data])


def walk(data: bytes, *, origin: Origin = ORIGIN) -> EventBatch:
    """The one batch that comes of these bytes when every log type is known."""
    normalizer = Normalizer(LOG_TYPES, parse_time=NOON)

    def read(blob: Any) -> Iterator[Record | DeadLetter]:
        return decode(
            blob,
            unpack=gzip.unpack,
            split=json_records.split,
            envelopes=[Envelope.parse(path) for log_type in LOG_TYPES for path in log_type.records],
            recognise=normalizer.classifier.recognise,
            origin_limit=1 << 24,
            record_limit=1 << 20,
        )

    (chunk,) = normalizer.chunks([InMemory(origin, data)], read)
    assert not chunk.dead_letters
    (batch,) = chunk.batches
    return batch


def record_of(path: Path) -> dict[str, Any]:
    record = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(record, dict)
    return record


def described(fields: Sequence[Field], above: str = "") -> Iterator[tuple[str, Field]]:
    """Every named field at every depth, with its path."""
    for field in fields:
        name = f"{above}{field.name}"
        yield name, field
        yield from described(field.fields, f"{name}.")
        if field.element is not None:
            yield from described(field.element.fields, f"{name}[].")


def misfits(
    fields: Sequence[Field], value: dict[str, Any], above: str = "", *, any_case: bool
) -> Iterator[str]:
    """What a record holds that its schema does not declare so; null fits every type."""
    declared = {field.name: field for field in fields}
    as_named = {spelling(value, name): name for name in declared} if any_case else {}
    for key, item in value.items():
        name = as_named.get(key, key)
        if name not in declared:
            yield f"{above}{key} is not declared"
        elif item is not None:
            yield from misfit(declared[name], item, f"{above}{key}", any_case=any_case)


def misfit(field: Field, value: Any, name: str, *, any_case: bool) -> Iterator[str]:
    fits = {
        "string": isinstance(value, str),
        "timestamp": isinstance(value, str) and parse(value) is not None,
        "boolean": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "bigint": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "json": True,
    }[field.type]
    if not fits:
        yield f"{name} is not of type {field.type}"
    elif field.fields:
        yield from misfits(field.fields, value, f"{name}.", any_case=any_case)
    elif field.element is not None:
        for item in value:
            yield from misfit(field.element, item, f"{name}[]", any_case=any_case)


# -- the schema --------------------------------------------------------------------------------------------


@each_log_type
def test_the_log_type_and_every_field_say_in_a_sentence_what_they_hold(log_type: LogType) -> None:
    sentence = re.compile(r"[A-Z`][^\n]*\.")
    texts = {"": log_type.description} | {
        name: field.description for name, field in described(log_type.fields)
    }
    assert {name: text for name, text in texts.items() if not sentence.fullmatch(text)} == {}


@each_log_type
def test_the_log_type_names_the_page_of_its_vendor(log_type: LogType) -> None:
    assert log_type.reference.startswith("https://")


@each_log_type
def test_the_log_type_can_be_sent_to_a_worker_process(log_type: LogType) -> None:
    assert pickle.loads(pickle.dumps(log_type)) == log_type


@each_log_type
def test_the_log_type_has_samples_of_its_own(log_type: LogType) -> None:
    assert len(loader.samples(log_type)) >= 2


OPEN = {"Trailcam.Resource": "its documents are of as many kinds as there are types of resources"}
"""Log types whose records may hold more than the schema declares, and why."""

# -- its samples -------------------------------------------------------------------------------------------


@each_sample
def test_a_sample_is_taken_for_its_own_log_type(log_type: LogType, path: Path) -> None:
    assert missing(log_type.signature, record_of(path)) == []
    assert Classifier(LOG_TYPES).classify(record_of(path)) is log_type


@each_sample
def test_a_sample_fits_no_other_log_type_that_would_win(log_type: LogType, path: Path) -> None:
    others = [other for other in LOG_TYPES if other is not log_type]
    fitting = [other for other in others if not missing(other.signature, record_of(path))]
    winners = {Classifier([log_type, other]).classify(record_of(path)) for other in fitting}
    assert winners <= {log_type}


@each_sample
def test_a_sample_holds_what_the_schema_declares_and_all_that_is_required(
    log_type: LogType, path: Path
) -> None:
    record = record_of(path)
    found = list(misfits(log_type.fields, record, any_case=log_type.any_case))
    assert [said for said in found if log_type.name not in OPEN or not said.endswith("is not declared")] == []
    required = [field.name for field in log_type.fields if field.required]
    written = [spelling(record, name) if log_type.any_case else name for name in required]
    assert [name for name in written if name not in record] == []


@each_sample
def test_a_sample_becomes_the_event_that_is_expected(
    log_type: LogType, path: Path, update_golden: bool
) -> None:
    event = walk(path.read_bytes()).event(0).to_dict()
    text = json.dumps(event, indent=2, ensure_ascii=False) + "\n"
    golden = log_type.folder / "expected" / path.name
    if update_golden:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.is_file(), "no expected event: run with --update-golden and review it"
    assert text == golden.read_text(encoding="utf-8")


@each_log_type
def test_every_expected_event_has_its_sample(log_type: LogType, update_golden: bool) -> None:
    samples = {path.name for path in log_type.folder.glob("samples/*.json")}
    stale = [path for path in log_type.folder.glob("expected/*.json") if path.name not in samples]
    if update_golden:
        for path in stale:
            path.unlink()
    else:
        assert stale == []


@each_sample
def test_the_raw_record_is_kept_byte_for_byte(log_type: LogType, path: Path) -> None:
    assert list(walk(path.read_bytes()).raw) == [path.read_bytes().strip()]


@each_sample
def test_a_vendor_field_is_in_the_event_as_the_vendor_wrote_it(log_type: LogType, path: Path) -> None:
    event = walk(path.read_bytes()).event(0).to_dict()
    assert {key: value for key, value in event.items() if not key.startswith("p_")} == record_of(path)


@each_sample
def test_the_event_time_is_read_from_the_record(log_type: LogType, path: Path) -> None:
    batch = walk(path.read_bytes())
    assert list(batch.time_from_origin) == [log_type.event_time is None]


@each_sample
def test_a_copy_in_another_origin_is_the_same_row_if_the_vendor_gives_ids_and_another_if_not(
    log_type: LogType, path: Path
) -> None:
    here = walk(path.read_bytes())
    there = walk(path.read_bytes(), origin=replace(ORIGIN, id="sha256:other"))
    assert (here.row_id[0] == there.row_id[0]) == (log_type.identity is not None)


@each_sample
def test_a_copy_at_another_place_of_an_origin_is_the_same_row_if_the_vendor_gives_ids_and_another_if_not(
    log_type: LogType, path: Path
) -> None:
    batch = walk(path.read_bytes() + b"\n" + path.read_bytes())
    assert (batch.row_id[0] == batch.row_id[1]) == (log_type.identity is not None)


@each_sample
def test_a_sample_has_the_vendors_id_where_the_schema_declares_one(log_type: LogType, path: Path) -> None:
    given = log_type.value(record_of(path), log_type.identity) if log_type.identity else None
    assert (given is None) == (log_type.identity is None)
    assert list(walk(path.read_bytes()).event_id) == [given]


@each_log_type
def test_samples_with_one_vendor_id_are_updates_that_the_schema_tells_apart(log_type: LogType) -> None:
    names = [name for name in (log_type.identity, log_type.revision) if name is not None]
    records = [record_of(path) for owner, path in SAMPLES if owner is log_type]
    told_by = [tuple(log_type.value(record, name) for name in names) for record in records]
    assert not names or log_type.changing or len(set(told_by)) == len(records)


@each_sample
def test_a_sample_in_an_envelope_is_the_event_it_is_alone(log_type: LogType, path: Path) -> None:
    alone = walk(path.read_bytes())
    for envelope in map(Envelope.parse, log_type.records):
        text = path.read_text(encoding="utf-8").strip()
        if envelope.single:
            assert list(walk(f'{{"a": 1, "{envelope.key}": {text}}}'.encode()).raw) == list(alone.raw)
            continue
        item: str = json.dumps({envelope.text_key: text}) if envelope.text_key else text
        enveloped = walk(f'{{"{envelope.key}": [{item}, {item}]}}'.encode())
        assert list(enveloped.raw) == [alone.raw[0]] * 2
        assert list(enveloped.values) == [alone.values[0]] * 2
        assert enveloped.log_type == log_type.name


# -- nobody real is in them --------------------------------------------------------------------------------


@each_sample
def test_a_sample_has_documentation_addresses_only(log_type: LogType, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    written = set(re.findall(r"(?<![\w./])\d+\.\d+\.\d+\.\d+(?![\w.])", text))
    scanned = set(Indicators(log_type).scan(record_of(path)).get("p_any_ip_addresses", ()))
    addresses = {ipaddress.ip_address(address) for address in written | scanned}
    foreign = {
        address for address in addresses if not any(address in network for network in DOCUMENTATION_NETWORKS)
    }
    assert foreign == set()


@each_sample
def test_a_sample_has_documentation_accounts_only(log_type: LogType, path: Path) -> None:
    numbers = set(re.findall(r"(?<!\d)\d{12}(?!\d)", path.read_text(encoding="utf-8")))
    assert numbers <= DOCUMENTATION_ACCOUNTS


@each_sample
def test_a_sample_has_example_keys_and_example_mail_addresses_only(log_type: LogType, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    keys = re.findall(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b", text)
    mails = re.findall(r"[\w.+-]+@[\w.-]+", text)
    assert [key for key in keys if "EXAMPLE" not in key] == []
    assert [mail for mail in mails if not re.search(r"[@.]example\.(com|org|net)$", mail)] == []
