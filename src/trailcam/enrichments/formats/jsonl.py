"""JSON lines: one object a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailcam.enrichments.formats._keyed import Keyed, keyed, lines_of, value_of

SUFFIXES = (".jsonl", ".ndjson")
KEYED = True


def read(path: Path, *, key: str, named: Path | str) -> Keyed:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return keyed(path, key=key, named=named, split=_split, place="line")


def check(path: Path, *, key: str, named: Path | str) -> None:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    read(path, key=key, named=named)


def _split(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines_of(text), 1):
        if line.strip():
            yield number, value_of(line, number)
