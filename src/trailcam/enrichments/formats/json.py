"""One JSON document: a list of objects."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from trailcam.enrichments.formats._keyed import Broken, keyed, lines_of, value_of
from trailcam.enrichments.index import Index
from trailcam.forms import describe

SUFFIXES = (".json",)
KEYED = True


def _split(opened: BinaryIO) -> Iterator[tuple[int, Any]]:
    text = "".join(lines_of(opened))
    rows = value_of(text) if text.strip() else []
    if not isinstance(rows, list):
        raise Broken(f"a table is a list of objects; found {describe(rows)}")
    yield from enumerate(rows, 1)


def read(path: Path, index: Path) -> Index:  # noqa: ARG001  # all that is asked stands in the index
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return Index(index)


prepare = partial(keyed, form="json", split=_split, place="row")
