"""Chance that comes out the same for one seed, on every machine and with every version of Python.

`random.Random` promises that for the sequence of `random()`; `getrandbits()` of a number of bits has not
changed since Python 3.2, and a test pins it. All others (`choice`, `shuffle`, `randint`, `gauss`) may change
from version to version, so they are not used; neither are `sin`, `exp` and their like, whose last digits
differ from machine to machine.
"""

import hashlib
from base64 import b32encode
from bisect import bisect_right
from collections.abc import MutableSequence, Sequence
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Chance:
    """One stream of chance; streams of other names are independent of it."""

    def __init__(self, seed: int, *names: str) -> None:
        digest = hashlib.sha256("/".join((str(seed), *names)).encode()).digest()
        source = Random(int.from_bytes(digest))  # noqa: S311  # nothing secret comes of it
        self.random = source.random
        """From 0 up to, but not including, 1."""
        self.bits = source.getrandbits

    def below(self, limit: int) -> int:
        """A whole number from 0 up to, but not including, `limit`."""
        return int(self.random() * limit)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[_T]) -> _T:
        """One of the items, all equally likely."""
        return items[int(self.random() * len(items))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Puts the items into another order."""
        for last in range(len(items) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            items[last], items[other] = items[other], items[last]

    def hex(self, digits: int) -> str:
        """Lower-case hexadecimal digits."""
        return f"{self.bits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        """A random UUID, of version 4."""
        text = f"{self.bits(128):032x}"
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"

    def letters(self, count: int) -> str:
        """Letters and digits as AWS uses them in the ids of keys and identities."""
        drawn = self.bits(8 * count).to_bytes(count)
        return b32encode(drawn)[:count].decode()


class Deck(Generic[_T]):
    """Things that are picked, some more often than others."""

    def __init__(self, cards: Sequence[tuple[float, _T]]) -> None:
        self._things = tuple(thing for _, thing in cards)
        self._up_to = tuple(accumulate(weight for weight, _ in cards))

    def pick(self, chance: Chance) -> _T:
        """One of them, as likely as its weight."""
        at = bisect_right(self._up_to, chance.random() * self._up_to[-1])
        return self._things[min(at, len(self._things) - 1)]
