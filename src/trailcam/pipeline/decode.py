"""First stage: an origin's bytes become records or dead letters, and nothing else: decode is total."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from trailcam.contracts.codec import Codec, Envelope, Record, Undecodable, Unpackable
from trailcam.contracts.source import Blob
from trailcam.errors import code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin


def decode(
    blob: Blob,
    *,
    unpack: Callable[..., Iterator[bytes]],
    split: Codec,
    envelopes: Sequence[Envelope],
    recognise: Callable[[dict[str, Any]], bool],
    origin_limit: int,
    record_limit: int,
) -> Iterator[Record | DeadLetter]:
    """Records and dead letters of one origin in order of position; memory is bounded by `record_limit`.

    `unpack(chunks, limit=...)` gives the plain bytes, `split` cuts them. Where the stream itself ends in
    damage, the record that was cut by it carries that reason, so that one damage is one dead letter.
    """
    damage: list[Unpackable] = []
    read = [0]

    def chunks() -> Iterator[bytes]:
        try:
            with blob.open() as packed:
                for chunk in unpack(packed, limit=origin_limit):
                    read[0] += len(chunk)
                    yield chunk
        except Unpackable as unpackable:
            damage.append(unpackable)

    held: Undecodable | None = None  # the last stretch may turn out to have been cut by the damage
    for piece in split(chunks(), envelopes=envelopes, recognise=recognise, record_limit=record_limit):
        if held is not None:
            yield _dead_letter(blob.origin, held)
            held = None
        if isinstance(piece, Undecodable):
            held = piece
        else:
            yield piece
    if damage:
        end = Undecodable(read[0], b"", damage[0].reason, damage[0].detail)
        if held is not None and held.reason == code("json_truncated"):
            end = Undecodable(held.position, held.raw, end.reason, end.detail)
        elif held is not None:
            yield _dead_letter(blob.origin, held)
        held = end
    if held is not None:
        yield _dead_letter(blob.origin, held)


def _dead_letter(origin: Origin, stretch: Undecodable) -> DeadLetter:
    return DeadLetter(
        origin_id=origin.id,
        origin_name=origin.name,
        position=stretch.position,
        size_bytes=len(stretch.raw),
        reason=stretch.reason,
        detail=stretch.detail,
        raw=stretch.raw,
    )
