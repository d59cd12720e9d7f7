"""A proxy before a server, in a thread: it passes on what comes, byte for byte, or does what `Faults` says.

`Host` stays what the client signed, so that signatures hold. One request of a connection after the other; a body
that is sent up is held whole. 600 objects a second pass, where 1,800 are read without it (two cores).
"""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

from tests.servers.faults import Cut, Delay, Fault, Faults, Refuse, Reset, request_of
from tests.servers.process import HOST
from tests.servers.wire import Head, head, pieces

_BROKEN = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)
_LIMIT_BYTES = 1 << 20


@contextmanager
def proxy(endpoint: str) -> Iterator[Faults]:
    """Stands before the server at `endpoint`; clients go to the endpoint of what is given."""
    listening = socket.create_server((HOST, 0), backlog=256)
    faults = Faults(f"http://{HOST}:{listening.getsockname()[1]}")
    address = urlsplit(endpoint)
    assert address.hostname
    line = _Line(address.hostname, address.port or 80, faults)
    thread = threading.Thread(target=lambda: asyncio.run(line.serve(listening)), name="faults")
    thread.start()
    line.begun.wait()
    try:
        yield faults
    finally:
        line.stop()
        thread.join()


class _Line:
    """Connections of clients, each with one to the server."""

    def __init__(self, host: str, port: int, faults: Faults) -> None:
        self._to = (host, port)
        self._faults = faults
        self._open: set[asyncio.Task[None]] = set()
        self.begun = threading.Event()

    def stop(self) -> None:
        """Ends it, from another thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def serve(self, listening: socket.socket) -> None:
        """Answers until it is told to stop."""
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        listening.setblocking(False)
        self._loop.add_reader(listening, self._take, listening)
        self.begun.set()
        await self._stopped.wait()
        self._loop.remove_reader(listening)
        listening.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _take(self, listening: socket.socket) -> None:
        """By hand, since a server of asyncio loses connections that it takes while it is closed."""
        with suppress(BlockingIOError, ConnectionAbortedError):
            connection, _ = listening.accept()
            task = self._loop.create_task(self._requests(connection))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            task.add_done_callback(lambda _: connection.close())

    async def _requests(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=_LIMIT_BYTES)
        upstream: _Upstream | None = None
        try:
            while (asked := await head(reader)) is not None:
                if upstream is None or upstream.ended:
                    upstream = await self._upstream(upstream)
                if not await self._one(asked, reader, writer, upstream):
                    break
        except asyncio.CancelledError:
            writer.transport.abort()  # no one waits for what is not sent yet
            raise
        except _BROKEN:
            pass
        finally:
            writers = [writer] + ([upstream.writer] if upstream else [])
            for one in writers:  # all of them before anything is waited for: this task may be ended meanwhile
                one.close()
            for one in writers:
                with suppress(*_BROKEN):
                    await one.wait_closed()

    async def _upstream(self, ended: "_Upstream | None") -> "_Upstream":
        if ended is not None:
            ended.writer.close()
        return _Upstream(*await asyncio.open_connection(*self._to, limit=_LIMIT_BYTES))

    async def _one(
        self, asked: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: "_Upstream"
    ) -> bool:
        """Whether the connection can be used again."""
        request = request_of(asked.line[0], asked.line[1], asked.headers)
        fault = self._faults.fault_of(request)

        def note(status: int = 0) -> None:
            """Before the client can know, or a test could ask too early."""
            self._faults.note(replace(request, status=status, fault=fault))

        if asked.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = b"".join([piece async for piece in pieces(reader, asked, until_closed=False)])
        match fault:
            case Refuse():
                note(fault.status)
                writer.write(fault.answer(request))
                await writer.drain()
                return True
            case Reset(done=False):
                note()
                return _reset(writer)
            case Delay(seconds):
                await asyncio.sleep(seconds)
        try:
            answer = await upstream.ask(asked.without("expect") + body)
        except _BROKEN:
            note()
            raise
        if isinstance(fault, Reset):
            async for _ in upstream.body(asked, answer):
                pass
            note()
            return _reset(writer)
        note(int(answer.line[1]))
        return await _answer(fault, upstream, asked, answer, writer)


class _Upstream:
    """The connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @property
    def ended(self) -> bool:
        """Whether the server closed it, which it may between two requests."""
        return self._reader.at_eof()

    async def ask(self, message: bytes) -> Head:
        """Sends a request; the head of its answer."""
        self.writer.write(message)
        await self.writer.drain()
        while True:
            found = await head(self._reader)
            if found is None:
                raise ConnectionResetError("the server closed the connection")
            if not found.line[1].startswith("1"):
                return found

    def body(self, asked: Head, answer: Head) -> AsyncIterator[bytes]:
        """What follows the head of an answer."""
        if asked.line[0] == "HEAD" or answer.line[1] in ("204", "304"):
            return _nothing()
        return pieces(self._reader, answer, until_closed=True)


async def _answer(
    fault: Fault | None, upstream: _Upstream, asked: Head, answer: Head, writer: asyncio.StreamWriter
) -> bool:
    writer.write(answer.raw)
    left = fault.kept_bytes if isinstance(fault, Cut) else 1 << 62
    async for piece in upstream.body(asked, answer):
        writer.write(piece[:left])
        await writer.drain()
        left -= len(piece)
        if left < 0:
            assert isinstance(fault, Cut)
            await asyncio.sleep(fault.stall_seconds)
            return False
    await writer.drain()
    return (answer.chunked or answer.length is not None) and answer.headers.get("connection") != "close"


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for piece in none:
        yield piece


def _reset(writer: asyncio.StreamWriter) -> bool:
    """Ends a connection as a machine does that has lost it: with RST, not FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return False
