"""Messages of HTTP/1.1 as they go over a connection: read whole or piece by piece, and never changed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

PIECE_BYTES = 64 << 10


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a message, as bytes and as words."""

    raw: bytes
    line: tuple[str, str, str]
    """Of a request the method, the target and the version; of an answer the version, the status and its words."""
    headers: dict[str, str]
    """By name in small letters."""

    @property
    def length(self) -> int | None:
        """The bytes of the body, if they are announced."""
        found = self.headers.get("content-length")
        return None if found is None else int(found)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks that tell their length."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    def without(self, header: str) -> bytes:
        """The bytes, but for a header."""
        lines = self.raw.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(header.encode() + b":"))


async def head(reader: asyncio.StreamReader) -> Head | None:
    """The next head on a connection, or None when it was closed before one began."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise
        return None
    first, *rest = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    one, two, *words = first.split(" ", 2)  # an answer may do without words
    pairs = (line.split(":", 1) for line in rest)
    return Head(raw, (one, two, "".join(words)), {name.lower(): value.strip() for name, value in pairs})


async def pieces(reader: asyncio.StreamReader, of: Head, *, until_closed: bool) -> AsyncIterator[bytes]:
    """The body that follows a head, as it goes over the wire: the lengths of chunks are part of it.

    A body without a length goes on until the connection is closed, or else there is none.
    """
    if of.chunked:
        while True:
            size = await reader.readuntil(b"\r\n")
            count = int(size.split(b";")[0], 16)
            rest = await reader.readexactly(
                count + 2
            )  # of the last chunk: the empty line; no one sends trailers
            yield size + rest
            if count == 0:
                return
    left = of.length
    if left is None:
        left = 1 << 62 if until_closed else 0
    while left:
        piece = await reader.read(min(left, PIECE_BYTES))
        if not piece:
            if of.length is not None:
                raise asyncio.IncompleteReadError(piece, left)
            return
        left -= len(piece)
        yield piece
