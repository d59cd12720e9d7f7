"""Rows that are found by one of their columns: what CSV, JSON and JSON lines have in common.

A key is found by its text, so that `443` and `"443"` are one.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from trailcam.enrichments.index import Writer
from trailcam.enrichments.kept import unreadable
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import describe

MOST_TOLD = 20
"""Problems of one file that are told; a wrong key would be one in every row."""

DEEPEST = 200
"""How deep a row may be nested: as deep as a record."""

_MARK = "\ufeff".encode()
_OTHERS = {
    b"\x1f\x8b": "the file is packed with gzip: unpack it first",
    b"PK\x03\x04": "the file is packed with zip: unpack it first",
    b"\xff\xfe": "the file is UTF-16: write it as UTF-8",
    b"\xfe\xff": "the file is UTF-16: write it as UTF-8",
}
"""What files begin with that are no text in UTF-8, and what is told of them."""


class Broken(Exception):
    """A file is not of its form: what is wrong, and in which line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def keyed(
    path: Path,
    *,
    key: str,
    named: Path | str,
    target: Path,
    form: str,
    split: Callable[[BinaryIO], Iterator[tuple[int, Any]]],
    place: str,
) -> None:
    """Writes the rows of a file of `form`, by the column `key`, as an index; `split` gives each with its
    number, which is that of a `place`: a `line` or a `row`.

    Raises:
        TrailcamError: TC0701 the file cannot be read; TC0702 it is not what it should be; TC0703 rows without
            a key, or two with the same one. `split` raises Broken.
        OSError: the index cannot be written.
    """
    told = _Told(named, place)
    columns: set[str] = set()
    held = False
    with _opened(path, named) as opened, Writer(target, form=form, key=key) as index:
        try:
            for number, row in split(opened):
                if not isinstance(row, dict):
                    told.add("lookup_broken", number, f"a row is an object; found {describe(row)}")
                    continue
                columns.update(row)
                if key not in row:
                    near = (
                        nearest(key, columns) or f"its columns are {', '.join(sorted(columns)[:MOST_TOLD])}"
                    )
                    told.add(
                        "lookup_key", number, f'the row has no "{key}", by which it would be found', near
                    )
                    continue
                text = text_of_key(row[key])
                if text:
                    index.add(number, text, json.dumps(row, separators=(",", ":")).encode("ascii"))
                    held = True
                else:
                    found = describe(row[key]) if row[key] != "" else "an empty text"
                    told.add(
                        "lookup_key", number, f"a key is a text, a number or a truth value; found {found}"
                    )
        except Broken as broken:
            told.broken(broken)
        doubles, count = index.doubles(MOST_TOLD)
        for number, text, first in doubles:
            told.add("lookup_key", number, f'"{text}" is the key of {place} {first} too')
        told.more += count - len(doubles)
        if not held and not told.problems:
            told.broken(Broken("the file holds no rows"))
        told.raise_all()


class _Told:
    """Problems of a file, few enough to be read."""

    def __init__(self, named: Path | str, place: str) -> None:
        self.problems: list[tuple[int, Problem]] = []
        self.more = 0
        self._named = named
        self._place = place

    def add(self, name: str, number: int, message: str, hint: str = "") -> None:
        if len(self.problems) >= MOST_TOLD:
            self.more += 1
            return
        line = number if self._place == "line" else None
        text = message if line else f"{self._place} {number}: {message}"
        problem = Problem(code=code(name), message=text, path=self._named, line=line, hint=hint)
        self.problems.append((number, problem))

    def broken(self, broken: Broken) -> None:
        problem = Problem(
            code=code("lookup_broken"), message=broken.message, path=self._named, line=broken.line
        )
        self.problems.append((broken.line or 0, problem))

    def raise_all(self) -> None:
        if self.more:
            message = f"{self.more:,} rows more have such problems"
            self.problems.append(
                (1 << 62, Problem(code=code("lookup_key"), message=message, path=self._named))
            )
        if self.problems:
            self.problems.sort(key=lambda pair: pair[0])
            raise TrailcamError(problem for _, problem in self.problems)


def _opened(path: Path, named: Path | str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(named, error) from None


def lines_of(opened: BinaryIO) -> Iterator[str]:
    """The lines of a file, each with its end, without a byte order mark.

    Raises:
        Broken: it is not UTF-8.
    """
    at = 0
    for number, line in enumerate(opened, 1):
        if number == 1:
            told = next((said for start, said in _OTHERS.items() if line.startswith(start)), "")
            if told:
                raise Broken(told)
        try:
            yield (line.removeprefix(_MARK) if number == 1 else line).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Broken(f"byte {at + error.start} of the file is not UTF-8", number) from None
        at += len(line)


def text_of_key(value: Any) -> str:
    """The text by which a key is found; empty for what can be none."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""


def value_of(text: str, line: int | None = None) -> Any:
    """What a text of JSON holds.

    Raises:
        Broken: it is not JSON, or holds what no other reader could take.
    """
    try:
        value = _DECODER.decode(text)
        too_deep = (
            text.count("{") + text.count("[") > DEEPEST and _depth(value) > DEEPEST + 1
        )  # with the list
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
    if too_deep:
        raise Broken("it is nested too deeply", line)
    return value


def _depth(value: Any) -> int:
    """How many containers lie in one another."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, dict | list)
        ]
    return depth


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'"{twice}" stands twice in one object')
    return made


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number that JSON has")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is out of range")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_object)
