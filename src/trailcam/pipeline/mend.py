"""First stage of what is read again: dead letters become records, or stay the dead letters they were."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trailcam.contracts.codec import Codec, Envelope, Record, Undecodable
from trailcam.model.deadletter import DeadLetter, Stretch

_MARK = b"\xef\xbb\xbf"


def mend(
    stretches: Iterable[Stretch],
    *,
    split: Codec,
    envelopes: Sequence[Envelope],
    recognise: Callable[[dict[str, Any]], bool],
    record_limit: int,
) -> Iterator[Record | DeadLetter]:
    """What reading the stretches again gives, in their order; positions are those in the whole origin.

    A stretch without a record that is recognised gives its dead letters as they were; one that by now is a
    document without records gives nothing. Bytes are those of the unpacked origin: nothing is unpacked.
    """

    def read(stretch: Stretch) -> Iterator[Record | Undecodable]:
        chunks = iter([stretch.raw])
        return split(chunks, envelopes=envelopes, recognise=recognise, record_limit=record_limit)

    for stretch in stretches:
        if not _is_readable(stretch) or not _is_mended(read(stretch), recognise):
            yield from stretch.letters
            continue
        for piece in read(stretch):
            position = stretch.position + piece.position
            if isinstance(piece, Record):
                yield replace(piece, position=position)
            else:
                yield replace(
                    stretch.letters[0],
                    position=position,
                    size_bytes=len(piece.raw),
                    reason=piece.reason,
                    detail=piece.detail,
                    raw=piece.raw,
                )


def _is_readable(stretch: Stretch) -> bool:
    """What begins with a mark of the byte order was no JSON where it stood: only a file begins with one."""
    raw = stretch.letters[0].raw
    return stretch.again and bool(raw) and not raw.startswith(_MARK)


def _is_mended(pieces: Iterator[Record | Undecodable], recognise: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether some record is recognised, or nothing is found at all."""
    found = False
    for piece in pieces:
        found = True
        if isinstance(piece, Record) and recognise(piece.value):
            return True
    return not found
