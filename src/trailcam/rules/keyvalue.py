"""What rules remember between events: counters, string sets and dictionaries, under keys that expire.

The caching helpers that rules import are a thin face of `KeyValues`, which holds the meaning (units, expiry,
what an absent key gives). It works over any `KeyValueStore`, so that a store on disk and the one in memory
cannot differ. Whoever runs a rule says which store and whose time: `with use(store, clock): rule(event)`.

The meaning is that of panther_detection_helpers 1.0.2 over DynamoDB, observed in November 2026 on a fake
table. Two facts surprise: a counter counts on after its expiry, and an item is found for some time after it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

from trailcam.model.timestamps import SECOND, Micros

DEFAULT_TTL_SECONDS = 90 * 86_400
ABSOLUTE_FROM_SECONDS = 1_000_000_000
"""An expiry below this is a number of seconds from now; from here on it is seconds since the epoch."""

GRACE_SECONDS = 2 * 86_400
"""How long an item is found after its expiry; then a store may drop it. DynamoDB removes it at a moment
nobody can foresee, typically within 48 hours; a fixed moment lets a rule answer the same whenever it runs.

Source, read 2026-11-24: https://aws.amazon.com/premiumsupport/knowledge-center/dynamodb-expired-ttl-not-deleted/
"""

Clock = Callable[[], Micros]
"""The time by which items expire: that of the event in hand, never the machine's."""


class StateUnavailable(BaseException):
    """A rule asked for its memory where none is given: the event counts as not run for this rule.

    Not an `Exception`, so that the `except Exception` of a rule cannot turn it into a quiet answer.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """All that lies under one key; a key without an item and an empty item read the same."""

    count: Decimal | None = None
    strings: frozenset[str] = frozenset()
    dictionary: str | None = None
    """JSON text."""
    expires_at: int | None = None
    """Seconds since the epoch; None never expires."""


class KeyValueStore(Protocol):
    """Where items lie. Expiry is not its business, but it may drop items `GRACE_SECONDS` after theirs."""

    def load(self, key: str) -> Item | None:
        """The item under `key`, None when there is none."""

    def save(self, key: str, item: Item) -> None:
        """Put `item` under `key` in place of what was there."""


class InMemoryStore:
    """A store that lives as long as the object does; for inline tests."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}

    def load(self, key: str) -> Item | None:
        """The item under `key`, None when there is none."""
        return self._items.get(key)

    def save(self, key: str, item: Item) -> None:
        """Put `item` under `key` in place of what was there."""
        self._items[key] = item


class KeyValues:
    """What the caching helpers mean, over a store, at the time a clock shows.

    Everywhere `ttl` is seconds from now or since the epoch (see `ABSOLUTE_FROM_SECONDS`), a number or text;
    anything else is `DEFAULT_TTL_SECONDS`. Where None means something different, the method says so.

    Every method raises TypeError or ValueError for a key that is not a non-empty string.
    """

    def __init__(self, store: KeyValueStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def has_passed(self, expires_at: float | None) -> bool:
        """Whether an expiry in seconds since the epoch lies in the past; None and 0 never do."""
        return expires_at is not None and expires_at != 0 and expires_at * SECOND <= self._clock()

    def counter(self, key: str, *, live_only: bool = False) -> int | Decimal:
        """The count under `key`, 0 when there is none."""
        item = self._read(key, live_only=live_only)
        return 0 if item.count is None else item.count

    def increment(self, key: str, amount: int | Decimal, *, ttl: Any) -> int | Decimal:
        """Add `amount` and renew the expiry. The new count while the item lives, else `amount`.

        An expired count is added to all the same, so that the next call answers with old and new together. An
        item that does not live keeps its expiry, or has none, when `ttl` is None.

        Raises:
            TypeError: `amount` is neither an int nor a Decimal.
        """
        if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
            raise TypeError(f"a counter is raised by an int or a Decimal, not by {type(amount).__name__}")
        item = self._read(key)
        lives = self._lives(item)
        count = (item.count or Decimal(0)) + amount
        expires_at = item.expires_at if ttl is None and not lives else self._expiry(ttl)
        self._store.save(key, replace(item, count=count, expires_at=expires_at))
        return count.to_integral_value() if lives else amount

    def clear_counter(self, key: str) -> None:
        """Forget the count; the expiry stays."""
        item = self._read(key)
        if item.count is not None:
            self._store.save(key, replace(item, count=None))

    def set_expiry(self, key: str, ttl: Any) -> None:
        """Let the item under `key`, which need not exist, expire at `ttl`."""
        self._store.save(key, replace(self._read(key), expires_at=self._expiry(ttl)))

    def strings(self, key: str, *, live_only: bool = False) -> set[str]:
        """The strings under `key`; a set of the caller's own."""
        return set(self._read(key, live_only=live_only).strings)

    def put_strings(self, key: str, values: Iterable[str] | None, *, ttl: Any) -> None:
        """Put these strings in place of the whole item; nothing to put forgets the strings alone.

        Raises:
            TypeError: a value is not a string.
        """
        strings = _strings(values or ())
        if strings:
            item = Item(strings=strings, expires_at=self._expiry(ttl))
            self._store.save(_checked(key), item)
        else:
            self.clear_strings(key)

    def add_strings(self, key: str, values: str | Iterable[str], *, ttl: Any) -> set[str]:
        """Add one string or several, to an expired set too; the resulting set. None leaves the expiry alone.

        Raises:
            TypeError: a value is not a string.
        """
        added = _one_or_many(values)
        if not added:
            return self.strings(key, live_only=True)
        item = self._read(key)
        expires_at = item.expires_at if ttl is None else self._expiry(ttl)
        item = replace(item, strings=item.strings | added, expires_at=expires_at)
        self._store.save(key, item)
        return set(item.strings)

    def remove_strings(self, key: str, values: str | Iterable[str], *, ttl: Any) -> set[str]:
        """Remove one string or several; the resulting set. A set that has expired is forgotten as a whole.

        Raises:
            TypeError: a value is not a string.
        """
        removed = _one_or_many(values)
        if not removed:
            return self.strings(key, live_only=True)
        item = self._read(key)
        if not self._lives(item):
            self.clear_strings(key)
            return set()
        item = replace(item, strings=item.strings - removed, expires_at=self._expiry(ttl))
        self._store.save(key, item)
        return set(item.strings)

    def clear_strings(self, key: str) -> None:
        """Forget the strings; the expiry stays."""
        item = self._read(key)
        if item.strings:
            self._store.save(key, replace(item, strings=frozenset()))

    def dictionary(self, key: str, *, live_only: bool = False) -> dict[str, Any]:
        """The dictionary under `key`, empty when there is none; what JSON made of it, so keys are strings."""
        text = self._read(key, live_only=live_only).dictionary
        return {} if text is None else dict(json.loads(text))

    def put_dictionary(self, key: str, value: Mapping[str, Any], *, ttl: Any) -> None:
        """Put this dictionary in place of the whole item.

        Raises:
            TypeError: `value` is no mapping.
            ValueError: `value` cannot be written as JSON.
        """
        if not isinstance(value, Mapping):
            raise TypeError(f"put_dictionary takes a dictionary, not {type(value).__name__}")
        try:
            text = json.dumps(value)
        except TypeError as error:
            hint = "of an event, or of a part of one, keep what to_dict() gives"
            raise ValueError(f"put_dictionary cannot write the value as JSON: {error}; {hint}") from error
        self._store.save(_checked(key), Item(dictionary=text, expires_at=self._expiry(ttl)))

    def _read(self, key: str, *, live_only: bool = False) -> Item:
        item = self._store.load(_checked(key))
        if item is None or item.expires_at is None:
            return item or Item()
        seen_until = item.expires_at if live_only else item.expires_at + GRACE_SECONDS
        return Item() if self.has_passed(seen_until) else item

    def _lives(self, item: Item) -> bool:
        # Whole seconds, and the second of the expiry included: not the opposite of has_passed, as observed.
        return item.expires_at is not None and item.expires_at >= self._now_seconds()

    def _expiry(self, ttl: Any) -> int:
        seconds = int(float(ttl)) if isinstance(ttl, str | float) else ttl
        if not isinstance(seconds, int):
            seconds = DEFAULT_TTL_SECONDS
        return int(seconds if seconds >= ABSOLUTE_FROM_SECONDS else self._now_seconds() + seconds)

    def _now_seconds(self) -> int:
        return self._clock() // SECOND


@contextmanager
def use(store: KeyValueStore, clock: Clock) -> Iterator[KeyValues]:
    """Give the rules run inside the block this memory and this time; blocks nest, the innermost counts."""
    key_values = KeyValues(store, clock)
    token = _IN_USE.set(key_values)
    try:
        yield key_values
    finally:
        _IN_USE.reset(token)


def current() -> KeyValues:
    """The memory of the block in which this is called.

    Raises:
        StateUnavailable: no block is open.
    """
    key_values = _IN_USE.get()
    if key_values is None:
        _REFUSALS[0] += 1
        raise StateUnavailable("the rule keeps state between events, and none is at hand where it runs")
    return key_values


def refusals() -> int:
    """How often `StateUnavailable` was raised in this process, also where a rule's `except:` ate it."""
    return _REFUSALS[0]


def _checked(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a string, not {type(key).__name__}")
    if not key:
        raise ValueError("a key must not be the empty string")
    return key


def _one_or_many(values: str | Iterable[str]) -> frozenset[str]:
    return _strings([values] if isinstance(values, str) else values)


def _strings(values: Iterable[str]) -> frozenset[str]:
    strings = frozenset(values)
    for value in strings:
        if not isinstance(value, str):
            raise TypeError(f"a string set holds strings, not {type(value).__name__}")
    return strings


_IN_USE: ContextVar[KeyValues | None] = ContextVar("key_values_in_use", default=None)

_REFUSALS = [0]
