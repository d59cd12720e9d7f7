"""Comma-separated values: the first line names the columns, every value is a text."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trailcam.enrichments.formats._keyed import Broken, Keyed, keyed, lines_of

SUFFIXES = (".csv",)
KEYED = True

_LONGEST_VALUE = 16 << 20


def read(path: Path, *, key: str, named: Path | str) -> Keyed:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return keyed(path, key=key, named=named, split=_split, place="line")


def check(path: Path, *, key: str, named: Path | str) -> None:
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    read(path, key=key, named=named)


def _split(text: str) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_LONGEST_VALUE)
    lines = csv.reader(lines_of(text), strict=True)
    try:
        columns = next(lines, None)
        if columns is None:
            return
        if len(set(columns)) != len(columns):
            twice = next(name for name in columns if columns.count(name) > 1)
            raise Broken(f'two columns are named "{twice}"', 1)
        for values in lines:
            if not values:
                continue
            if len(values) != len(columns):
                raise Broken(f"{len(values)} values under {len(columns)} columns", lines.line_num)
            yield lines.line_num, dict(zip(columns, values, strict=True))
    except csv.Error as error:
        raise Broken(f"not CSV: {error}", lines.line_num) from None
