"""Cuts what a statement asks for into chunks that it can take."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")

AT_ONCE = 500
"""How many values one statement asks for; SQLite takes no more than 999 in its older builds."""


def chunked(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """All values in their order, as many at once as one statement takes.

    >>> [len(those) for those in chunked(range(1_100))]
    [500, 500, 100]
    """
    return (values[at : at + AT_ONCE] for at in range(0, len(values), AT_ONCE))
