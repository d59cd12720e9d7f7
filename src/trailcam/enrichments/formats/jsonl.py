"""JSON lines: one object a line."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from trailcam.enrichments.formats._keyed import keyed, lines_of, value_of
from trailcam.enrichments.index import Index

SUFFIXES = (".jsonl", ".ndjson")
KEYED = True


def _split(opened: BinaryIO) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines_of(opened), 1):
        if line.strip():
            yield number, value_of(line, number)


def read(path: Path, index: Path) -> Index:  # noqa: ARG001  # all that is asked stands in the index
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return Index(index)


prepare = partial(keyed, form="jsonl", split=_split, place="line")
