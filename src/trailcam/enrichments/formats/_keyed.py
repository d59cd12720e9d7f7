"""Rows that are found by one of their columns: what CSV, JSON and JSON lines have in common.

A key is found by its text, so that `443` and `"443"` are one. Rows are held as they would be written, and
read when they are asked for: a few times smaller than as objects, and nobody can change them.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from trailcam.contracts.enrichment import Row
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import describe

MOST_TOLD = 20
"""Problems of one file that are told; a wrong key would be one in every row."""

Rows = Iterable[tuple[str, Any]]
"""(place as people count it, what stands there): `line 3` or `row 3`."""


class Broken(Exception):
    """A file is not of its form: what is wrong, and in which line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Keyed:
    """See `trailcam.contracts.enrichment.Snapshot`."""

    def __init__(self, rows: dict[str, bytes]) -> None:
        self._rows = rows

    def row(self, value: str) -> Row | None:
        """The row whose key is this text; None when there is none."""
        written = self._rows.get(value)
        if written is None:
            return None
        row: Row = json.loads(written)
        return row


def keyed(
    path: Path, *, key: str, named: Path | str, split: Callable[[str], Iterator[tuple[int, Any]]], place: str
) -> Keyed:
    """The rows of a file by the column `key`; `split` gives each with its number, which is that of a `place`.

    Raises:
        TrailcamError: TC0701 the file cannot be read; TC0702 it is not what it should be; TC0703 rows without
            a key, or two with the same one. `split` raises Broken.
    """
    held: dict[str, bytes] = {}
    places: dict[str, int] = {}
    columns: set[str] = set()
    problems: list[Problem] = []
    more = 0

    def tell(name: str, number: int, message: str, hint: str = "") -> None:
        nonlocal more
        if len(problems) == MOST_TOLD:
            more += 1
            return
        line = number if place == "line" else None
        text = message if line else f"{place} {number}: {message}"
        problems.append(Problem(code=code(name), message=text, path=named, line=line, hint=hint))

    try:
        for number, row in split(text_of(path, named)):
            if not isinstance(row, dict):
                tell("lookup_broken", number, f"a row is an object; found {describe(row)}")
                continue
            columns.update(row)
            if key not in row:
                near = nearest(key, columns) or f"its columns are {', '.join(sorted(columns)[:MOST_TOLD])}"
                tell("lookup_key", number, f'the row has no "{key}", by which it would be found', near)
                continue
            text = text_of_key(row[key])
            if not text:
                tell(
                    "lookup_key",
                    number,
                    f"a key is a text, a number or a truth value; found {describe(row[key])}",
                )
            elif text in held:
                tell("lookup_key", number, f'"{text}" is the key of {place} {places[text]} too')
            else:
                held[text] = json.dumps(row, separators=(",", ":")).encode("ascii")
                places[text] = number
    except Broken as broken:
        problems.append(
            Problem(code=code("lookup_broken"), message=broken.message, path=named, line=broken.line)
        )
    if more:
        message = f"{more:,} rows more have such problems"
        problems.append(Problem(code=code("lookup_key"), message=message, path=named))
    if not held and not problems:
        message = "the file holds no rows"
        problems.append(Problem(code=code("lookup_broken"), message=message, path=named))
    if problems:
        raise TrailcamError(problems)
    return Keyed(held)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, each with its end."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def text_of_key(value: Any) -> str:
    """The text by which a key is found; empty for what can be none."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""


def text_of(path: Path, named: Path | str) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        TrailcamError: TC0701 it cannot be read.
        Broken: it is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"the file of a lookup table cannot be read: {error.strerror}"
        raise TrailcamError(Problem(code=code("lookup_unreadable"), message=message, path=named)) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Broken(f"byte {error.start} of the file is not UTF-8", line) from None


def value_of(text: str, line: int | None = None) -> Any:
    """What a text of JSON holds.

    Raises:
        Broken: it is not JSON, or holds what no other reader could take.
    """
    try:
        value = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        at = error.lineno if line is None else line
        raise Broken(f"not JSON: {error.msg} at column {error.colno}", at) from None
    except UnicodeEncodeError:
        raise Broken("it holds half of a surrogate pair, which is no character", line) from None
    except RecursionError:
        raise Broken("it is nested too deeply", line) from None
    except ValueError as error:  # NaN and its like, and integers of thousands of digits
        raise Broken(f"not JSON: {error}", line) from None
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number that JSON has")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is out of range")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
