"""MaxMind's database form, which MaxMind and IPinfo sell and give away: rows for networks of addresses."""

from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Any

import maxminddb

from trailcam.contracts.enrichment import Row
from trailcam.enrichments.formats._mmdb_walk import fault
from trailcam.enrichments.kept import unreadable
from trailcam.errors import Problem, TrailcamError, code

SUFFIXES = (".mmdb",)
KEYED = False

_LONGEST_ADDRESS = 64


class Addresses:
    """See `trailcam.contracts.enrichment.Snapshot`."""

    def __init__(self, reader: maxminddb.Reader) -> None:
        self._reader = reader

    def row(self, value: str) -> Row | None:
        """The row of the network that an address lies in; None for what is no address or in no network."""
        if len(value) > _LONGEST_ADDRESS or "%" in value:
            return None
        try:
            found = self._reader.get(ip_address(value))
        except (ValueError, maxminddb.InvalidDatabaseError):  # no address, or one of the other kind
            return None
        return _plain(found) if isinstance(found, dict) else None


def read(path: Path, index: Path) -> Addresses:  # noqa: ARG001  # a database is its own index
    """See `trailcam.contracts.enrichment.LookupFormat`; only what `prepare` has let through is opened."""
    try:
        return Addresses(maxminddb.open_database(path))
    except OSError as error:
        raise unreadable(path, error) from None
    except (maxminddb.InvalidDatabaseError, ValueError) as error:
        raise _broken(f"not a database of this form: {error}", path) from None


def prepare(path: Path, *, key: str, named: Path | str, target: Path) -> None:  # noqa: ARG001  # no key
    """See `trailcam.contracts.enrichment.LookupFormat`; a large database takes some seconds to minutes.

    Raises:
        WorldError: TC0504 the process that looks at it was ended from elsewhere.
    """
    try:
        with path.open("rb") as opened:
            empty = not opened.read(1)
    except OSError as error:
        raise unreadable(named, error) from None
    said = "the file is empty" if empty else fault(path, named)
    if said:
        raise _broken(said, named)
    target.touch()


def _broken(message: str, named: Path | str) -> TrailcamError:
    hint = "bring the file anew from where it came, or name the right `format`"
    return TrailcamError(Problem(code=code("lookup_broken"), message=message, path=named, hint=hint))


def _plain(value: Any) -> Any:
    """What JSON can hold: bytes as hexadecimal digits, no number that is none."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return None if isinstance(value, float) and not isfinite(value) else value
