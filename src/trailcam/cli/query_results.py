"""Prints what a query gives: rows as they come, in a table of 200 at most, or as JSON or CSV."""

import csv
import json
import math
import sys
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from trailcam.cli.output import MOST_TABLE_ROWS, say
from trailcam.errors import visible

if TYPE_CHECKING:
    from trailcam.query.sql import Answer

_BETWEEN = 2
"""Blanks between two columns of a table."""

_NUMBERS = ("BIGINT", "DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "INTEGER", "SMALLINT", "TINYINT")

_AS_THEY_ARE = frozenset({"BIGINT", "BOOLEAN", "INTEGER", "VARCHAR", "VARCHAR[]", "TIMESTAMP WITH TIME ZONE"})
"""Types all of whose values JSON has: those of most columns."""


class QueryFormat(StrEnum):
    """How an answer is printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


def print_answer(answer: "Answer", form: QueryFormat) -> None:
    """Prints all rows, but in a table only the first.

    JSON is ASCII; what JSON has no number for is text: `NaN`, `Infinity`. In the other two, control
    characters are made visible, so that no log speaks to a terminal.
    """
    if form is QueryFormat.table:
        _print_table(answer)
    elif form is QueryFormat.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([visible(column.name) for column in answer.columns])
        writer.writerows([_text(value) for value in row] for row in answer.rows)
    elif form is QueryFormat.jsonl:
        for line in _objects(answer):
            print(line)
    else:
        between = "["
        for line in _objects(answer):
            sys.stdout.write(between + line)
            between = ",\n "
        print("]" if between != "[" else "[]")


# -- JSON --------------------------------------------------------------------------------------------------


def _objects(answer: "Answer") -> Iterator[str]:
    """Each row as a JSON object in a line; in ASCII, so that log text carries no control codes."""
    names = [column.name for column in answer.columns]
    readers = [
        None if column.type in _AS_THEY_ARE else _parsed if column.type == "JSON" else _exact
        for column in answer.columns
    ]
    for row in answer.rows:
        values = (value if read is None else read(value) for read, value in zip(readers, row, strict=True))
        yield json.dumps(dict(zip(names, values, strict=True)))


def _parsed(value: Any) -> Any:
    """What the text of a JSON column means; the text itself where Python reads it otherwise."""
    try:
        return _exact(json.loads(value)) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _exact(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    return value


# -- text --------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(_exact(value))
    return visible(str(value))


def _print_table(answer: "Answer") -> None:
    from rich.cells import cell_len  # noqa: PLC0415  # only when it is used
    from rich.console import Console  # noqa: PLC0415  # the same

    console = Console(highlight=False)
    rows = [[_text(value) for value in row] for row in islice(answer.rows, MOST_TABLE_ROWS)]
    names = [visible(column.name) for column in answer.columns]
    widths = [max(map(cell_len, cells)) for cells in zip(names, *rows, strict=True)]
    if not rows:
        print("no rows")
    elif sum(widths) + _BETWEEN * (len(widths) - 1) <= console.width:
        numbers = [column.type.startswith(_NUMBERS) for column in answer.columns]
        for cells in (names, ["─" * width for width in widths], *rows):
            padded = [
                " " * (width - cell_len(cell)) + cell if number else cell + " " * (width - cell_len(cell))
                for cell, width, number in zip(cells, widths, numbers, strict=True)
            ]
            print((" " * _BETWEEN).join(padded).rstrip())
    else:
        longest = max(map(cell_len, names))
        for number, cells in enumerate(rows, 1):
            print(f"── {number} ".ljust(longest + _BETWEEN, "─"))
            for name, cell in zip(names, cells, strict=True):
                print(f"{name}{' ' * (longest - cell_len(name) + _BETWEEN)}{cell}".rstrip())
    sys.stdout.flush()
    if len(rows) == MOST_TABLE_ROWS and next(iter(answer.rows), None) is not None:
        say(f"the first {MOST_TABLE_ROWS:,} rows: --format jsonl prints all of them")
