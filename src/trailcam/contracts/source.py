"""Where bytes come from."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from trailcam.model.origin import Origin


class Blob(Protocol):
    """One origin that can be read, any number of times, from any process."""

    @property
    def origin(self) -> Origin:
        """Its identity; the same bytes have the same one."""
        ...

    def acknowledge(self) -> None:
        """What came of it is decided, and a crash loses nothing any more: it need not be kept for us."""
        ...

    def open(self) -> AbstractContextManager[Iterator[bytes]]:
        """Its bytes as they lie there, in chunks of at most 1 MiB.

        Raises, here or while iterating:
            Unpackable: TC0401 it cannot be read any more, TC0413 its bytes are not those of its identity.
        """
        ...
