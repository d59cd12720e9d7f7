"""YAML read the 1.2 way, with the place of every key, so that a mistake can be shown where it stands.

Only `true` and `false` are booleans (`yes`, `on` are text), timestamps and `1:30:00` stay text, `010` is ten.
A key given twice is an error, not a silent overwrite.

Source: https://yaml.org/spec/1.2.2/#103-core-schema (read 2026-11-24).
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trailcam.errors import Problem, TrailcamError, code

Steps = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top, e.g. `("Tests", 0, "Name")`."""

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"(true|True|TRUE)|(false|False|FALSE)")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INF = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML or literal document: its value and the line of each key and item in it."""

    path: Path
    value: Any
    lines: dict[Steps, int] = field(default_factory=dict, repr=False)

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
    """The text of a file the user wrote.

    Raises:
        TrailcamError: TC0214 cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise TrailcamError(
            Problem(code=code("unreadable_rule"), message=f"cannot read the file: {reason}", path=path)
        ) from None


def parse(text: str, *, path: Path) -> Document:
    """The one document in a text; `path` is what errors name.

    Raises:
        TrailcamError: TC0202 not YAML, TC0213 a key given twice.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        building = _Building(path)
        value = building.value(node, ()) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TrailcamError(
            Problem(
                code=code("yaml_syntax"),
                message=f"not YAML: {getattr(error, 'problem', None) or error}",
                path=path,
                line=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            )
        ) from None
    except RecursionError:
        raise TrailcamError(
            Problem(code=code("yaml_syntax"), message="not YAML: nested too deeply", path=path)
        ) from None
    if building.problems:
        raise TrailcamError(building.problems)
    return Document(path, value, building.lines)


class _Building:
    """From nodes to values. An aliased node is built once and shared, so that aliases cannot explode."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Steps, int] = {}
        self.problems: list[Problem] = []
        self._built: dict[int, Any] = {}

    def value(self, node: yaml.Node, steps: Steps) -> Any:
        self.lines.setdefault(steps, node.start_mark.line + 1)
        if id(node) in self._built:
            return self._built[id(node)]
        if isinstance(node, yaml.ScalarNode):
            return scalar(node.value) if node.style is None else node.value
        if isinstance(node, yaml.SequenceNode):
            items: list[Any] = []
            self._built[id(node)] = items
            items.extend(self.value(item, (*steps, index)) for index, item in enumerate(node.value))
            return items
        mapping: dict[Any, Any] = {}
        self._built[id(node)] = mapping
        merged: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem("yaml_syntax", "a key must be a text or number", key_node)
                continue
            key = scalar(key_node.value) if key_node.style is None else key_node.value
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            if key == "<<" and key_node.style is None:
                sources = self.value(value_node, here)
                for source in sources if isinstance(sources, list) else [sources]:
                    merged.update({k: v for k, v in source.items() if k not in merged})
                continue
            if key in mapping:
                first = self.lines.get(here)
                self._problem("duplicate_key", f'key "{key}" was given before, in line {first}', key_node)
                continue
            self.lines[here] = key_node.start_mark.line + 1
            mapping[key] = self.value(value_node, here)
        for key, value in merged.items():
            mapping.setdefault(key, value)
        return mapping

    def _problem(self, name: str, message: str, node: yaml.Node) -> None:
        mark = node.start_mark
        self.problems.append(
            Problem(
                code=code(name), message=message, path=self.path, line=mark.line + 1, column=mark.column + 1
            )
        )


def scalar(text: str) -> Any:
    """The value of an unquoted scalar by the core schema.

    >>> [scalar(word) for word in ("yes", "true", "010", "1:30:00", "~")]
    ['yes', True, 10, '1:30:00', None]
    """
    if _NULL.fullmatch(text):
        return None
    if truth := _BOOL.fullmatch(text):
        return truth[1] is not None
    if _INT.fullmatch(text):
        return int(text) if len(text) < 4000 else text
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INF.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if _NAN.fullmatch(text):
        return math.nan
    return text
