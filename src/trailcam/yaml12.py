"""YAML with the place of every key, so that a mistake can be shown where it stands.

Unquoted words are read as Panther's tool reads them: only `true` and `false` are booleans (`yes`, `on` are
text), timestamps and `1:30:00` stay text, `010` is ten; other numbers are those of YAML 1.1, so that `08` and
`1e5` are text, and `1_000` and `0b11` are numbers. A key given twice is an error, not a silent overwrite.

Source: https://yaml.org/spec/1.2.2/#103-core-schema (read 2026-11-24); https://yaml.org/type/int.html and
https://yaml.org/type/float.html; what panther-analysis-tool 1.11.1 reads, observed 2026-11-29.
"""

import errno
import json
import math
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trailcam.errors import Problem, TrailcamError, code

Steps = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top, e.g. `("Tests", 0, "Name")`."""

_PLAIN = (None, "")  # how the Python and the C loader mark a scalar without quotes
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"(true|True|TRUE)|(false|False|FALSE)")
_INT = re.compile(r"[-+]?(0[0-7_]*|[1-9][0-9_]*)")
_BINARY = re.compile(r"[-+]?0b_*[01][01_]*")
_HEX = re.compile(r"[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*")
_FLOAT = re.compile(r"([-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?")
_SIXTIES = re.compile(r"([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)")
_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")
_NOT_TEXT = frozenset("~nNtTfF+-.0123456789")
"""What an unquoted scalar that is no text begins with."""

_MOST_DIGITS = 3500
"""Digits of an integer, in whatever base; Python writes those of up to 4,300 decimal ones."""

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = (None, "!", f"{_TAG}map", f"{_TAG}seq")
_NO_KEY = object()

DEEPEST = 200
"""Levels of lists and mappings that a document may nest."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes that a file the user wrote may hold."""

MOST_VALUES = 1_000_000
"""Values that a document may hold."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or literal document: its value and the line of each key and item in it."""

    path: Path
    value: Any
    lines: dict[Steps, int] = field(default_factory=dict, repr=False)
    holes: Collection[Steps] = ()
    """Places of what could not be read, or not read whole, and has been reported."""
    digits: Mapping[Steps, str] = field(default_factory=dict, repr=False)
    """Numbers that stand there as digits alone, without quotes: how they are written, with zeros in front."""

    def line(self, steps: Steps) -> int:
        """The line of a value, or of the nearest thing around it that has one."""
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, 1)


def read(path: Path) -> Document:
    """The one document in a file; an empty file gives None as its value.

    Raises:
        TrailcamError: TC0202 not YAML, TC0213 a key given twice, TC0214 cannot be read.
    """
    return parse(read_text(path), path=path)


def read_text(path: Path) -> str:
    """The text of a file the user wrote, without a byte order mark.

    Raises:
        TrailcamError: TC0214 cannot be read or is not UTF-8.
    """
    line = None
    try:
        return read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        reason, line = "it is not UTF-8", error.object.count(b"\n", 0, error.start) + 1
    except OSError as error:
        reason = error.strerror or type(error).__name__
    raise TrailcamError(
        Problem(code=code("unreadable_rule"), message=f"cannot read the file: {reason}", path=path, line=line)
    )


def read_bytes(path: Path) -> bytes:
    """What a file the user wrote holds.

    Raises:
        OSError: it cannot be read, is none that ends, such as a pipe or a device, or is too long.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):  # opening a folder says so itself
        raise OSError(errno.EINVAL, "it is no regular file")
    if found.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it is longer than {MOST_BYTES:,} bytes")
    return path.read_bytes()


def parse(text: str, *, path: Path) -> Document:
    """The one document in a text; `path` is what errors name.

    Raises:
        TrailcamError: TC0202 not YAML, TC0213 a key given twice.
    """
    document, twice = parse_despite_twice(text, path=path)
    if twice:
        raise TrailcamError(twice)
    return document


def parse_despite_twice(text: str, *, path: Path) -> tuple[Document, list[Problem]]:
    """The one document in a text, and TC0213 for each key that was given before; the first value counts.

    Raises:
        TrailcamError: TC0202 not YAML; with it come the keys that were given twice.
    """
    building = _Building(path, yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    try:
        value = building.document()
    except yaml.YAMLError as error:
        raise TrailcamError(_not_yaml(error, text, path)) from None
    except _Refused as refused:
        building.problem("yaml_syntax", str(refused), refused.event)
    if any(problem.code != code("duplicate_key") for problem in building.problems):
        raise TrailcamError(building.problems)
    return Document(path, value, building.lines, digits=building.digits), building.problems


def _not_yaml(error: yaml.YAMLError, text: str, path: Path) -> Problem:
    """What the parser said, on one line, with its place."""
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)  # characters that YAML does not allow come without a mark
    line = mark.line + 1 if mark else None if position is None else text.count("\n", 0, position) + 1
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition("\n")[0]
    return Problem(
        code=code("yaml_syntax"),
        message=f"not YAML: {said}",
        path=path,
        line=line,
        column=mark.column + 1 if mark else None,
    )


class _Refused(Exception):
    """The document cannot be read to its end."""

    def __init__(self, message: str, event: Any) -> None:
        super().__init__(message)
        self.event = event


class _Building:
    """From the parser's events to values, without the composer, which overflows the stack on deep nesting.

    An anchored value is built once and shared. What aliases stand for is counted, so that they cannot
    explode in the hands of whoever walks the value.
    """

    def __init__(self, path: Path, events: Iterator[Any]) -> None:
        self.path = path
        self.lines: dict[Steps, int] = {}
        self.digits: dict[Steps, str] = {}
        self.problems: list[Problem] = []
        self._events = events
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._values = 0

    def document(self) -> Any:
        value = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused("a second document starts here; a file holds one", event)
                value = self._value(next(self._events), ())
        return value

    def problem(self, name: str, message: str, event: Any) -> None:
        mark = event.start_mark
        self.problems.append(
            Problem(
                code=code(name), message=message, path=self.path, line=mark.line + 1, column=mark.column + 1
            )
        )

    def _value(self, event: Any, steps: Steps) -> Any:
        self.lines.setdefault(steps, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        before = self._values
        self._count(1, event)
        anchor = event.anchor
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            if event.tag is None and type(value) is int and event.value.isdigit():
                self.digits.setdefault(steps, event.value)
        else:
            if len(steps) > DEEPEST:
                raise _Refused(f"nested deeper than {DEEPEST} levels", event)
            if event.tag not in _PLAIN_TAGS:
                self.problem("yaml_syntax", f"the tag {event.tag} is not understood", event)
            if anchor is not None:
                self._open.add(anchor)
            is_list = isinstance(event, yaml.SequenceStartEvent)
            value = self._sequence(steps) if is_list else self._mapping(steps)
            self._open.discard(anchor)
        if anchor is not None:
            self._anchored[anchor] = value, self._values - before
        return value

    def _aliased(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise _Refused(f"*{event.anchor} stands inside of what it names", event)
        if event.anchor not in self._anchored:
            raise _Refused(f"*{event.anchor} names nothing that came before", event)
        value, size = self._anchored[event.anchor]
        self._count(size, event)
        return value

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise _Refused(f"more than {MOST_VALUES:,} values, those behind aliases included", event)

    def _sequence(self, steps: Steps) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*steps, len(items))))
        return items

    def _mapping(self, steps: Steps) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        merged: dict[Any, Any] = {}
        while not isinstance(key_event := next(self._events), yaml.MappingEndEvent):
            key = self._key(key_event, steps)
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            value_event = next(self._events)
            if key == "<<" and isinstance(key_event, yaml.ScalarEvent) and key_event.implicit[0]:
                self._merge(self._value(value_event, here), merged, value_event)
            elif key is _NO_KEY:
                self._value(value_event, here)
            elif key in mapping:
                first = self.lines.get(here)
                self.problem("duplicate_key", f'key "{key}" was given before, in line {first}', key_event)
                self._value(value_event, here)
            else:
                self.lines[here] = key_event.start_mark.line + 1
                mapping[key] = self._value(value_event, here)
        for key, value in merged.items():
            mapping.setdefault(key, value)
        return mapping

    def _key(self, event: Any, steps: Steps) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        key = self._value(event, (*steps, "?"))
        if isinstance(key, dict | list):
            self.problem("yaml_syntax", "a key must be a text or number", event)
            return _NO_KEY
        return key

    def _merge(self, sources: Any, merged: dict[Any, Any], event: Any) -> None:
        """Adds what `<<` brings; of several sources the first wins."""
        for source in sources if isinstance(sources, list) else [sources]:
            if not isinstance(source, dict):
                self.problem("yaml_syntax", "<< takes a mapping or a list of mappings", event)
                return
            merged.update({key: value for key, value in source.items() if key not in merged})

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag is None:
            return scalar(text) if event.implicit[0] else text
        if event.tag in {"!", f"{_TAG}str"}:
            return text
        value = scalar(text)
        kinds: dict[str, Any] = {"int": int, "float": float, "bool": bool, "null": type(None)}
        if type(value) is not kinds.get(event.tag.removeprefix(_TAG)):
            self.problem("yaml_syntax", f"the tag {event.tag} is not understood here", event)
        return value


def scalar(text: str) -> Any:
    """The value of an unquoted scalar.

    >>> [scalar(word) for word in ("yes", "true", "010", "08", "1_000", "1:30:00", "~")]
    ['yes', True, 10, '08', 1000, '1:30:00', None]
    """
    if text and text[0] not in _NOT_TEXT:
        return text
    if _NULL.fullmatch(text):
        return None
    if truth := _BOOL.fullmatch(text):
        return truth[1] is not None
    digits = text.replace("_", "")
    if len(digits) < _MOST_DIGITS:
        if _INT.fullmatch(text):
            return int(digits)
        if _BINARY.fullmatch(text):
            return int(digits, 2)
        if _HEX.fullmatch(text):
            return int(digits, 16)
    if _FLOAT.fullmatch(text):
        return float(digits)
    if sixties := _SIXTIES.fullmatch(text):
        return _of_sixties(sixties[2].replace("_", "")) * (-1 if sixties[1] == "-" else 1)
    if _INF.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if _NAN.fullmatch(text):
        return math.nan
    return text


def _of_sixties(digits: str) -> float:
    total = 0.0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total


def written(text: str) -> str:
    """A text as a scalar: with quotes only where it would be taken for something else.

    >>> [written(text) for text in ("My.Rule", "true", "a: b")]
    ['My.Rule', '"true"', '"a: b"']
    """
    plain = _PLAIN_TEXT.fullmatch(text) and scalar(text) == text
    return text if plain else json.dumps(text, ensure_ascii=False)


_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
