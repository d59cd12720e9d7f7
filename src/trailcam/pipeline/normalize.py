"""Second stage: records become events of one shape: log type, identity, time, indicators.

A record that fits no log type becomes a dead letter here; nothing else is decided, nothing is changed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trailcam.contracts.codec import Record
from trailcam.contracts.source import Blob
from trailcam.errors import code
from trailcam.model.batch import EventBatch
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros, parse
from trailcam.pipeline.classify import Classifier
from trailcam.pipeline.indicators import Indicators

BATCH_EVENTS = 2_000
BATCH_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What came of a stretch of a group: at most one batch per log type, sorted by name, and dead letters.

    `records` = rows of the batches + dead letters. Chunks of a group are cut by size alone, so that reading
    the group again cuts it in the same places.
    """

    batches: tuple[EventBatch, ...]
    dead_letters: tuple[DeadLetter, ...]

    @property
    def records(self) -> int:
        """Entries read, events and dead letters."""
        return sum(map(len, self.batches)) + len(self.dead_letters)


class Normalizer:
    """Turns the records of groups of origins into chunks of batches."""

    def __init__(
        self,
        log_types: Iterable[LogType],
        *,
        parse_time: Micros,
        batch_events: int = BATCH_EVENTS,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self._log_types = {log_type.name: log_type for log_type in log_types}
        self._indicators = {name: Indicators(log_type) for name, log_type in self._log_types.items()}
        self._parse_time = parse_time
        self._batch_events = batch_events
        self._batch_bytes = batch_bytes
        self.classifier = Classifier(self._log_types.values())

    def chunks(
        self, group: Iterable[Blob], decode: Callable[[Blob], Iterator[Record | DeadLetter]]
    ) -> Iterator[Chunk]:
        """The chunks of a group in order; a group without records gives none."""
        rows: dict[str, _Rows] = {}
        dead: list[DeadLetter] = []
        events = size = 0
        for blob in group:
            for piece in decode(blob):
                if isinstance(piece, DeadLetter):
                    dead.append(piece)
                    size += piece.size_bytes
                else:
                    size += len(piece.raw)
                    refused = self._add(rows, blob.origin, piece)
                    if refused:
                        dead.append(refused)
                events += 1
                if events >= self._batch_events or size >= self._batch_bytes:
                    yield self._close(rows, dead)
                    rows, dead, events, size = {}, [], 0, 0
        if events:
            yield self._close(rows, dead)

    def _add(self, rows: dict[str, "_Rows"], origin: Origin, record: Record) -> DeadLetter | None:
        log_type = self.classifier.classify(record.value)
        if log_type is None:
            return DeadLetter(
                origin_id=origin.id,
                origin_name=origin.name,
                position=record.position,
                size_bytes=len(record.raw),
                reason=code("log_type_unknown"),
                detail=self.classifier.why_not(record.value),
                raw=record.raw,
            )
        if log_type.name not in rows:
            rows[log_type.name] = _Rows()
        rows[log_type.name].add(log_type, origin, record, self._indicators[log_type.name])
        return None

    def _close(self, rows: dict[str, "_Rows"], dead: list[DeadLetter]) -> Chunk:
        batches = [
            rows[name].batch(name, self._log_types[name].version, self._parse_time) for name in sorted(rows)
        ]
        return Chunk(batches=tuple(batches), dead_letters=tuple(dead))


def row_id(log_type: LogType, origin: Origin, record: Record) -> str:
    """The identity of an event, 32 hex digits.

    Where the schema declares a vendor id, copies are byte-equal and the bytes are the identity; elsewhere
    equal bytes may be two events, so origin and position are part of it.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{log_type.name}\n".encode())
    if log_type.identity is None:
        digest.update(f"{origin.id}\n{record.position}\n".encode())
    digest.update(record.raw)
    return digest.hexdigest()


def event_id(log_type: LogType, record: Mapping[str, Any]) -> str | None:
    """The vendor's own id as text; None when the record has none."""
    value = log_type.value(record, log_type.identity) if log_type.identity else None
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def event_time(log_type: LogType, record: Mapping[str, Any]) -> Micros | None:
    """The time a record names; None when it names none that can be read."""
    value = log_type.value(record, log_type.event_time) if log_type.event_time else None
    return parse(value) if isinstance(value, str) else None


@dataclass(slots=True)
class _Rows:
    """The columns of a batch while they grow."""

    origins: dict[Origin, int] = field(default_factory=dict)
    origin: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    row_id: list[str] = field(default_factory=list)
    event_id: list[str | None] = field(default_factory=list)
    event_time: list[Micros] = field(default_factory=list)
    time_from_origin: list[bool] = field(default_factory=list)
    indicators: list[dict[str, list[str]]] = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)

    def add(self, log_type: LogType, origin: Origin, record: Record, indicators: Indicators) -> None:
        time = event_time(log_type, record.value)
        self.origin.append(self.origins.setdefault(origin, len(self.origins)))
        self.position.append(record.position)
        self.raw.append(record.raw)
        self.row_id.append(row_id(log_type, origin, record))
        self.event_id.append(event_id(log_type, record.value))
        self.event_time.append(origin.fallback_time if time is None else time)
        self.time_from_origin.append(time is None)
        self.indicators.append(indicators.scan(record.value))
        self.values.append(record.value)

    def batch(self, log_type: str, version: int, parse_time: Micros) -> EventBatch:
        return EventBatch(
            log_type=log_type,
            schema_version=version,
            parse_time=parse_time,
            origins=tuple(self.origins),
            origin=self.origin,
            position=self.position,
            raw=self.raw,
            row_id=self.row_id,
            event_id=self.event_id,
            event_time=self.event_time,
            time_from_origin=self.time_from_origin,
            indicators=self.indicators,
            values=self.values,
        )
