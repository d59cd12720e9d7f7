"""The records of an origin as they are kept, to go through the line again when its bytes may be gone."""

import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trailcam.contracts.codec import Unpackable
from trailcam.errors import cannot_write, code
from trailcam.model.origin import Origin

_HEAD = struct.Struct("<qI")
"""Position and length of a record."""


@dataclass(frozen=True, slots=True)
class KeptRecords:
    """See `trailcam.contracts.source.Blob`; the records lie in a file of the spool, in order."""

    origin: Origin
    path: Path

    def acknowledge(self) -> None:
        """Removes the file."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Its records, one after another; `records` has their positions too."""
        yield (raw for _, raw in self.records())

    def records(self) -> Iterator[tuple[int, bytes]]:
        """(position, bytes) of each record.

        Raises:
            Unpackable: TC0401 the file is gone.
        """
        try:
            with self.path.open("rb") as file:
                while head := file.read(_HEAD.size):
                    position, size = _HEAD.unpack(head)
                    yield position, file.read(size)
        except OSError as error:
            raise Unpackable(code("origin_unreadable"), f"kept records: {error.strerror}") from None


def spooled(origin: Origin, records: Iterable[tuple[int, bytes]], *, spool: Path) -> KeptRecords:
    """Records, each with its position, as an origin that a worker can read.

    Raises:
        WorldError: the spool cannot be written.
    """
    path: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=spool, delete=False) as file:
            path = Path(file.name)
            for position, raw in records:
                file.write(_HEAD.pack(position, len(raw)))
                file.write(raw)
    except OSError as error:
        if path is not None:
            path.unlink(missing_ok=True)
        raise cannot_write(error, "kept records to read them from", path=spool) from None
    return KeptRecords(origin, path)
