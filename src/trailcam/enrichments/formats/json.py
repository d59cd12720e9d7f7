"""One JSON document: a list of objects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailcam.enrichments.formats._keyed import Broken, Keyed, keyed, value_of
from trailcam.forms import describe

SUFFIXES = (".json",)
KEYED = True


def read(path: Path, *, key: str, named: Path | str) -> Keyed:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return keyed(path, key=key, named=named, split=_split, place="row")


def check(path: Path, *, key: str, named: Path | str) -> None:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    read(path, key=key, named=named)


def _split(text: str) -> Iterator[tuple[int, Any]]:
    rows = value_of(text) if text.strip() else []
    if not isinstance(rows, list):
        raise Broken(f"a table is a list of objects; found {describe(rows)}")
    yield from enumerate(rows, 1)
