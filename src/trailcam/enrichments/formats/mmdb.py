"""MaxMind's database form, which MaxMind and IPinfo sell and give away: rows for networks of addresses."""

from ipaddress import ip_address
from math import isfinite
from pathlib import Path
from typing import Any

import maxminddb

from trailcam.contracts.enrichment import Row
from trailcam.errors import Problem, TrailcamError, code
from trailcam.forms import describe

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


def read(path: Path, prepared: Path) -> Addresses:  # noqa: ARG001  # a database is its own index
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return Addresses(_opened(path, path))


def prepare(path: Path, *, key: str, named: Path | str, target: Path) -> None:
    """See `trailcam.contracts.enrichment.LookupFormat`; a large database takes some seconds."""
    check(path, key=key, named=named)
    target.touch()


def check(path: Path, *, key: str, named: Path | str) -> None:  # noqa: ARG001  # the address is the key
    """See `trailcam.contracts.enrichment.LookupFormat`; a large database takes some seconds."""
    networks = 0
    with _opened(path, named) as reader:
        try:
            for network, row in reader:
                networks += 1
                if not isinstance(row, dict):
                    raise _broken(f"a row is an object; that of {network} is {describe(row)}", named)
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            raise _broken(f"the database is damaged: {error}", named) from None
    if not networks:
        raise _broken("the database holds no networks", named)


def _opened(path: Path, named: Path | str) -> maxminddb.Reader:
    try:
        if not path.stat().st_size:
            raise _broken("the file is empty", named)
        return maxminddb.open_database(path)
    except OSError as error:
        message = f"the file of a lookup table cannot be read: {error.strerror}"
        raise TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=named)) from None
    except (maxminddb.InvalidDatabaseError, ValueError) as error:
        raise _broken(f"not a database of this form: {error}", named) from None


def _broken(message: str, named: Path | str) -> TrailcamError:
    return TrailcamError(Problem(code=code("lookup_broken"), message=message, path=named))


def _plain(value: Any) -> Any:
    """What JSON can hold: bytes as hexadecimal digits, no number that is none."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return None if isinstance(value, float) and not isfinite(value) else value
