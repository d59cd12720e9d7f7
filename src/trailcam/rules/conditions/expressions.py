"""Python expressions that are true or false, as a tree, and their text on as many lines as they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100
"""Characters of a line, where a single comparison is not longer."""

_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Atom:
    """Text that is one expression."""

    text: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Expressions with `and` or `or` between them; two or more."""

    word: str
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """Expressions between a text that opens a bracket and one that closes it, each on a line of its own.

    `tail` comes after a single one: `for item in ...`.
    """

    opening: str
    parts: tuple["Expression", ...]
    closing: str = ")"
    tail: str = ""


Expression = Atom | Joined | Wrapped

TRUE = Atom("True")


def joined(word: str, parts: Sequence[Expression]) -> Expression:
    """The parts with a word between them; one part is itself, and parts of the same word are merged.

    What is true is left out of `and`, and is all of `or`.
    """
    if word == "or" and TRUE in parts:
        return TRUE
    flat: list[Expression] = []
    for part in parts:
        same = isinstance(part, Joined) and part.word == word
        flat += part.parts if same and isinstance(part, Joined) else [part] if part != TRUE else []
    return Joined(word, tuple(flat)) if len(flat) > 1 else flat[0] if flat else TRUE


def negated(part: Expression) -> Expression:
    """None of what the part says."""
    return Wrapped("not (", (part,))


def only_one(parts: Sequence[Expression]) -> Expression:
    """One of the parts and no other."""
    return parts[0] if len(parts) == 1 else Wrapped("(", tuple(parts), ").count(True) == 1")


def literal(value: Any) -> str:
    """A text, number or truth value as Python, which cannot be anything else, whatever it holds.

    >>> literal("a"), literal('"'), literal(True)
    ('"a"', '\\'"\\'', 'True')
    """
    if isinstance(value, str):
        plain = value.isprintable() and '"' not in value and "\\" not in value
        return f'"{value}"' if plain else repr(value)
    return repr(value)


def written(part: Expression, depth: int) -> str:
    """The text of an expression after `return `, at a depth of indents; the first line is not indented."""
    flat = _flat(part)
    if len(flat) + depth * len(_INDENT) + len("return ") <= WIDTH or isinstance(part, Atom):
        return flat
    if isinstance(part, Joined):
        return f"({_below(_lines(part, depth + 1), depth)})"
    return _broken(part, depth)


def _lines(part: Joined, depth: int) -> list[str]:
    pieces = [_part(piece, depth) for piece in part.parts]
    return [pieces[0], *(f"{part.word} {piece}" for piece in pieces[1:])]


def _broken(part: Wrapped, depth: int) -> str:
    comma = "," if _is_tuple(part) else ""
    pieces = []
    for piece in part.parts:
        if isinstance(piece, Joined) and not comma:
            pieces += _lines(piece, depth + 1)
        else:
            pieces.append(_part(piece, depth + 1) + comma)
    pieces += [part.tail] if part.tail else []
    return f"{part.opening}{_below(pieces, depth)}{part.closing}"


def _part(piece: Expression, depth: int) -> str:
    flat = _flat(piece)
    if isinstance(piece, Joined):
        fits = len(flat) + 2 + depth * len(_INDENT) <= WIDTH
        return f"({flat})" if fits else f"({_below(_lines(piece, depth + 1), depth)})"
    fits = len(flat) + depth * len(_INDENT) <= WIDTH
    return flat if fits or isinstance(piece, Atom) else _broken(piece, depth)


def _below(lines: Sequence[str], depth: int) -> str:
    inner = "\n" + _INDENT * (depth + 1)
    return f"{inner}{inner.join(lines)}\n{_INDENT * depth}"


def _flat(part: Expression) -> str:
    if isinstance(part, Atom):
        return part.text
    if isinstance(part, Joined):
        return f" {part.word} ".join(_grouped(piece) for piece in part.parts)
    inside = ", ".join(_grouped(piece) for piece in part.parts) if _is_tuple(part) else _flat(part.parts[0])
    tail = f" {part.tail}" if part.tail else ""
    return f"{part.opening}{inside}{tail}{part.closing}"


def _grouped(piece: Expression) -> str:
    return f"({_flat(piece)})" if isinstance(piece, Joined) else _flat(piece)


def _is_tuple(part: Wrapped) -> bool:
    return len(part.parts) > 1
