"""An origin that was brought here, so that no worker needs credentials: in memory, or in the spool."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.contracts.codec import Unpackable
from trailcam.errors import code
from trailcam.model.origin import Origin

IN_MEMORY_BYTES = 1 << 20
"""What is larger lies in the spool."""

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A blob whose bytes are `data`, or the file at `path`."""

    origin: Origin
    data: bytes = field(default=b"", repr=False)
    path: Path | None = None

    def acknowledge(self) -> None:
        """Removes its file."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """See `trailcam.contracts.source.Blob`."""
        yield self._from_file(self.path) if self.path is not None else iter((self.data,) if self.data else ())

    def _from_file(self, path: Path) -> Iterator[bytes]:
        read = 0
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    read += len(chunk)
                    yield chunk
        except OSError as error:
            raise Unpackable(code("origin_unreadable"), f"its copy in the spool: {error.strerror}") from None
        if read != self.origin.size_bytes:
            raise Unpackable(code("origin_changed"), "its copy in the spool is not as it was written")
