"""Unpacks gzip streams of any number of members, with a limit; other bytes pass through as they are.

Source: RFC 1952 (read 2026-11-24): members follow one another without a separator.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from trailcam.contracts.codec import Unpackable
from trailcam.errors import code

_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 1 << 20
_GZIP_WBITS = 31

_FEED_BYTES = 1 << 14
"""How much a member is given at a time: what lies behind its end is copied, and members may be tiny."""


def unpack(chunks: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
    """The plain bytes of a stream, in pieces of at most 1 MiB when it was packed.

    Whether a stream is gzip is told by its first two bytes, not by its name. Never more than `limit` bytes
    come out of a packed stream. Zero bytes after the last member are padding.

    Raises:
        Unpackable: TC0402, TC0403 or TC0404, after all good bytes before the damage have been given out.
    """
    source = iter(chunks)
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= len(_MAGIC):
            break
    if not head.startswith(_MAGIC):
        if head:
            yield head
        yield from source
        return
    yield from _members(head, source, limit)


def _members(pending: bytes, chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    source = _fed(chain([pending], chunks))
    pending = b""
    given = 0
    while True:
        member = zlib.decompressobj(_GZIP_WBITS)
        while not member.eof:
            if not pending:
                pending = next(source, b"")
                if not pending:
                    raise Unpackable(code("gzip_truncated"), "the compressed stream ends inside a member")
            spare = member.copy()
            room = limit - given + 1
            try:
                piece = member.decompress(pending, min(_PIECE_BYTES, room))
            except zlib.error as error:
                yield from _good_bytes(spare, pending, room - 1)
                raise Unpackable(code("gzip_damaged"), f"the compressed stream is damaged: {error}") from None
            pending = member.unconsumed_tail or member.unused_data
            over = given + len(piece) - limit
            given += len(piece)
            if over > 0:
                yield piece[:-over]
                raise Unpackable(code("too_large_unpacked"), f"unpacks to more than {limit:,} bytes")
            if piece:
                yield piece
        pending = _skip_padding(pending, source)
        if not pending:
            return
        if not pending.startswith(_MAGIC):
            raise Unpackable(code("gzip_damaged"), "bytes that are not gzip follow the compressed stream")


def _good_bytes(member: "zlib._Decompress", pending: bytes, room: int) -> Iterator[bytes]:
    """What comes out of `pending` before the damage in it, which a failed call gives none of."""
    for at in range(len(pending)):
        try:
            piece = member.decompress(pending[at : at + 1])
        except zlib.error:
            return
        yield piece[:room]
        room -= len(piece[:room])


def _fed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _FEED_BYTES):
            yield chunk[at : at + _FEED_BYTES]


def _skip_padding(pending: bytes, source: Iterator[bytes]) -> bytes:
    """The bytes of the next member, at least two of them if the stream has them; empty at its end."""
    while True:
        pending = pending.lstrip(b"\0")
        if len(pending) >= len(_MAGIC):
            return pending
        more = next(source, b"")
        if not more:
            return pending
        pending += more
