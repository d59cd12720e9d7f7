"""Comma-separated values: the first line names the columns, every value is a text."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from trailcam.enrichments.formats._keyed import Broken, keyed, lines_of
from trailcam.enrichments.index import Index

SUFFIXES = (".csv",)
KEYED = True

_LONGEST_VALUE = 16 << 20


def _split(opened: BinaryIO) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_LONGEST_VALUE)
    lines = csv.reader(lines_of(opened), strict=True)
    try:
        columns = next(lines, None)
        if columns is None:
            return
        other = next((mark for mark in (";", "\t", "|") if len(columns) == 1 and mark in columns[0]), "")
        if other:
            raise Broken(f"the columns are separated by {other!r}, and by commas in CSV", 1)
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


def read(path: Path, index: Path) -> Index:  # noqa: ARG001  # all that is asked stands in the index
    """See `trailcam.contracts.enrichment.LookupFormat`."""
    return Index(index)


prepare = partial(keyed, form="csv", split=_split, place="line")
