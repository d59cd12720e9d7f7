"""Names of fields: `foo`, `a.b`, `a.b[2]`, `a[*].b`, and the lists of names that stand for names with dots.

Source: the section "Key Specifiers" of the notes for authors in the public panther-analysis repository,
and https://docs.panther.com/detections/rules/writing-simple-detections/match-expression (read 2026-11-28).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailcam.rules.conditions.finding import EVERY, Step

MOST_STEPS = 100
"""Names and indexes of one path."""

MOST_DIGITS = 9
"""Of an index."""

_SEGMENT = re.compile(r"([^\[\]]*)((?:\[[^\[\]]*\])*)(.*)", re.DOTALL)
_INDEX = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}")
_NOT_IN_NAMES = re.compile(r"""["'`{}\x00-\x1f]""")


class BadPath(Exception):
    """A text is no path of names; its text says why."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """A field of what a lookup table says of a value of the event."""

    table: str
    selector: str
    steps: tuple[Step, ...]


def parse(text: str) -> tuple[Step, ...]:
    """The steps of a path of names.

    Raises:
        BadPath: it is none.

    >>> parse("a[*].b[2]")
    ('a', EVERY, 'b', 2)
    """
    if not text:
        raise BadPath("it is empty")
    steps = [step for segment in text.split(".") for step in _segment(segment, text)]
    if len(steps) > MOST_STEPS:
        raise BadPath(f"it has more than {MOST_STEPS} steps")
    return tuple(steps)


def _segment(segment: str, text: str) -> list[Step]:
    matched = _SEGMENT.fullmatch(segment)
    name, brackets, rest = matched.groups() if matched else ("", "", segment)
    if rest:
        raise BadPath(f'"{segment}" is neither a name nor a name with an index such as [0] or [*] after it')
    if not name:
        where = "a name is missing before [" if brackets else "a name is missing beside a dot"
        raise BadPath(where if "." in text or brackets else "it is empty")
    if _NOT_IN_NAMES.search(name):
        raise BadPath("a name with quotes, braces, dots or brackets in it must be written in a DeepKey")
    if name != name.strip():
        raise BadPath(f'there is a space at an end of the name "{name}"')
    return [name, *(_index(inner) for inner in brackets[1:-1].split("][") if brackets)]


def _index(inner: str) -> Step:
    if inner == "*":
        return EVERY
    if not _INDEX.fullmatch(inner):
        raise BadPath(f"[{inner}] must be an index such as [0], or [*] for every item")
    return int(inner)


def steps_of(specifier: Mapping[str, Any]) -> tuple[Step, ...] | Enriched | None:
    """What a checked mapping names by Key, KeyPath, DeepKey or Enrichment; None when it has none of them."""
    if "Key" in specifier:
        return (specifier["Key"],)
    if "KeyPath" in specifier:
        return parse(specifier["KeyPath"])
    if "DeepKey" in specifier:
        return tuple(specifier["DeepKey"])
    if "Enrichment" in specifier:
        named = specifier["Enrichment"]
        return Enriched(named["Table"], named["Selector"], parse(named["FieldPath"]))
    return None


def title_parts(template: str) -> list[str | tuple[Step, ...]]:
    """The parts of an alert title: texts as they are, and the paths that stand in braces.

    Raises:
        BadPath: a brace is open, or what stands in a pair is no path.

    >>> title_parts("by {actor.name}!")
    ['by ', ('actor', 'name'), '!']
    """
    parts: list[str | tuple[Step, ...]] = []
    for number, piece in enumerate(re.split(r"\{([^{}]*)\}", template)):
        if number % 2:
            try:
                parts.append(parse(piece))
            except BadPath as bad:
                raise BadPath(f"{{{piece}}} names no field: {bad}") from None
        elif "{" in piece or "}" in piece:
            raise BadPath("a brace stands alone; a field is written {name}")
        elif piece:
            parts.append(piece)
    return parts
