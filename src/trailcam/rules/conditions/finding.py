"""What stands at a path of an event; nothing here raises, whatever the event holds.

Keys are found as rules find them: as they are written, else in another case.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final


class Every(Enum):
    """The step of a path that stands for all items of a list."""

    EVERY = "[*]"

    def __repr__(self) -> str:
        return self.name


EVERY: Final = Every.EVERY
Step = str | int | Every

_MISSING: Final[Any] = object()


def each(node: Any, *steps: Step) -> Iterator[Any]:
    """All values at the end of a path, null included; items of lists where the path says EVERY.

    >>> list(each({"a": [{"b": 1}, {"c": 2}, {"b": None}]}, "a", EVERY, "b"))
    [1, None]
    """
    for position, step in enumerate(steps):
        if step is EVERY:
            for item in node if is_list(node) else ():
                yield from each(item, *steps[position + 1 :])
            return
        node = _child(node, step)
        if node is _MISSING:
            return
    yield node


def at(node: Any, *steps: str | int) -> Any:
    """The value at the end of a path; None when there is none.

    >>> at({"a": ["x", {"B": 1}]}, "a", 1, "b")
    1
    """
    for step in steps:
        node = _child(node, step)
        if node is _MISSING:
            return None
    return node


def exists(node: Any, *steps: Step) -> bool:
    """Whether a path leads to anything; null is something."""
    return any(True for _ in each(node, *steps))


def elements(node: Any, *steps: Step) -> Iterator[Any]:
    """The items of the list at the end of a path; where the path says EVERY, a value that is no list too."""
    return items(each(node, *steps), alone=EVERY in steps)


def items(values: Iterator[Any], *, alone: bool = True) -> Iterator[Any]:
    """The items of those values that are lists, and the others themselves when they may stand `alone`."""
    for value in values:
        if is_list(value):
            yield from value
        elif alone:
            yield value


def enriched(event: Any, table: str, selector: str, *steps: Step) -> Iterator[Any]:
    """The values at a path of the rows that a lookup table has for what a selector names in the event."""
    rows = at(event, "p_enrichment", table, selector)
    for row in rows if is_list(rows) else (rows,):
        if row is not None:
            yield from each(row, *steps)


def is_list(value: Any) -> bool:
    """Whether a value is a list, as an event holds it or plain."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _child(node: Any, step: Any) -> Any:
    if isinstance(step, int):
        return node[step] if is_list(node) and step < len(node) else _MISSING
    if not isinstance(node, Mapping):
        return _MISSING
    found = node.get(step, _MISSING)
    if found is _MISSING and type(node) is dict:  # an event's own mappings have looked in any case
        lowered = step.lower()
        return next((node[key] for key in node if isinstance(key, str) and key.lower() == lowered), _MISSING)
    return found
