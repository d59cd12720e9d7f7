"""The first stage for what was kept: its records were decoded once, and are read by the same grammar."""

from collections.abc import Iterator

from trailcam.codecs.json_grammar import Refused, decode
from trailcam.contracts.codec import Record, Unpackable
from trailcam.model.deadletter import DeadLetter
from trailcam.sources.kept_records import KeptRecords


def decode_kept(blob: KeptRecords) -> Iterator[Record | DeadLetter]:
    """The records of an origin in order of position; what cannot be read any more is one dead letter."""
    position = 0
    try:
        for position, raw in blob.records():
            try:
                yield Record(position, raw, decode(raw))
            except Refused as refused:  # a grammar of a later version
                yield _dead_letter(blob, position, raw, refused.reason, refused.detail)
    except Unpackable as gone:
        yield _dead_letter(blob, position, b"", gone.reason, gone.detail)


def _dead_letter(blob: KeptRecords, position: int, raw: bytes, reason: str, detail: str) -> DeadLetter:
    return DeadLetter(
        origin_id=blob.origin.id,
        origin_name=blob.origin.name,
        position=position,
        size_bytes=len(raw),
        reason=reason,
        detail=detail,
        raw=raw,
    )
