"""Cuts the matches of a key into windows and tells which qualify: a pure function of the set of matches.

How a window is cut: a key's matches are sorted by (event time, row id). The first opens the window
`[t, t + period)`, the next one outside opens the next. At the end of a chain every window ends.

How it qualifies. A window whose own matches reach the threshold reaches it alone: it qualifies, and the
looking-back of other windows does not see its matches. Any other window qualifies when, for one of its
matches m, the stretch `(m - period, m]` of all matches so seen holds the threshold.
What is counted are distinct values: the match itself or, where the rule defines `unique`, what that returned.

A chain is a UTC day or, for periods over a day, one period counted from the epoch. It is never shorter than
the period, so no stretch reaches back further than into the chain before: a day is computed with the day
before, and nothing else.
See docs/decisions/0001-windows-restart-at-midnight.md.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from trailcam.model.match import Match, RuleError
from trailcam.model.rule import DEFAULT_PERIOD_MINUTES, LEAST_PERIOD_MINUTES
from trailcam.model.timestamps import DAY, MINUTE, Micros
from trailcam.model.window import Window, WindowKey

Item: TypeAlias = Match | RuleError
"""What falls into windows. A rule's errors make windows of their own."""

ItemT = TypeVar("ItemT", Match, RuleError, Item)

Identity: TypeAlias = tuple[str, ...]
Value: TypeAlias = str | Identity


class Chain(NamedTuple):
    """One day of one key (one period, when that is longer): what a late match re-cuts."""

    key: WindowKey
    start: Micros

    @property
    def before(self) -> "Chain":
        """The chain that this one's looking-back sees."""
        return Chain(self.key, Micros(self.start - _chain_length(self.key.period_minutes)))

    @property
    def after(self) -> "Chain":
        """The chain whose looking-back sees this one."""
        return Chain(self.key, Micros(self.start + _chain_length(self.key.period_minutes)))


def cut(items: Iterable[Item]) -> list[Window]:
    """All windows of all keys, in `window_order`: the full re-cut, the oracle for every other way.

    Neither order nor repetition of `items` matters; matches with `create_alert` False make no window.
    """
    by_key: dict[WindowKey, list[Item]] = defaultdict(list)
    for item in _in_order(items):
        by_key[key_of(item)].append(item)
    windows = [window for key, own in by_key.items() for window in Sweep(key, own).windows()]
    return sorted(windows, key=window_order)


def cut_chain(chain: Chain, items: Iterable[Item]) -> list[Window]:
    """The windows of one chain, in order, as `cut` has them.

    `items` holds all matches of the chain and of `chain.before`; those of other chains are ignored.
    """
    by_chain: dict[Chain, list[Item]] = defaultdict(list)
    for item in _in_order(items):
        by_chain[chain_of(item)].append(item)
    return Sweep(chain.key, by_chain[chain], before=by_chain[chain.before]).windows()


class Sweep:
    """Walks the matches of one key in `order_of`, from which the windows follow one by one.

    `before` are the matches of the chain before that of `items`, in the same order: the looking-back sees
    them, their own windows are not given out. The next match may be fed at any time later.
    """

    def __init__(self, key: WindowKey, items: Iterable[Item], *, before: Iterable[Item] = ()) -> None:
        self._key = key
        self._period = key.period_minutes * MINUTE
        self._closed: list[Window] = []
        self._open: _OpenWindow | None = None
        # What the looking-back sees: counted matches less than a period old, and how often each value occurs.
        self._stretch: deque[tuple[Micros, Value]] = deque()
        self._times_seen: dict[Value, int] = {}
        for item in before:
            self.feed(item)
        self._close()
        self._closed.clear()
        for item in items:
            self.feed(item)

    def feed(self, item: Item) -> None:
        """Takes the next match: it extends the open window or opens the next. O(1), amortised."""
        window = self._open
        if window is None or item.event_time >= window.end:
            self._close()
            window = self._open = _OpenWindow(item, _window_end(item.event_time, self._key.period_minutes))
        window.rows[item.row_id] = None
        value = value_of(item)
        if value is not None:
            window.values.add(value)
            window.counted += 1
            self._stretch.append((item.event_time, value))
            self._times_seen[value] = self._times_seen.get(value, 0) + 1
        while self._stretch and self._stretch[0][0] <= item.event_time - self._period:
            self._unsee(self._stretch.popleft()[1])
        # Matches of the same moment share a window, so the last of them settles what the earlier saw in part.
        # The open window's own values are all in the stretch: reaching the threshold alone is included.
        if len(self._times_seen) >= self._key.threshold:
            window.qualifies = True

    def windows(self) -> list[Window]:
        """The windows of all matches fed so far, in order."""
        return [*self._closed, self._open.freeze(self._key)] if self._open else list(self._closed)

    def _close(self) -> None:
        if self._open is None:
            return
        if len(self._open.values) >= self._key.threshold:
            for _ in range(self._open.counted):  # its matches came last, and none is a period old yet
                self._unsee(self._stretch.pop()[1])
        self._closed.append(self._open.freeze(self._key))
        self._open = None

    def _unsee(self, value: Value) -> None:
        left = self._times_seen[value] - 1
        if left:
            self._times_seen[value] = left
        else:
            del self._times_seen[value]


def distinct(items: Iterable[ItemT]) -> list[ItemT]:
    """Each match once; of copies that differ, the `preferred` one, so that order never matters."""
    chosen: dict[Identity, ItemT] = {}
    for item in items:
        identity = identity_of(item)
        held = chosen.get(identity)
        chosen[identity] = item if held is None else preferred(held, item)
    return list(chosen.values())


def preferred(one: ItemT, other: ItemT) -> ItemT:
    """Which of two copies of a match stands: the one with the smaller event time, then the smaller repr.

    The state keeps only the copy it decided first, so this speaks where there is no state to ask.
    """
    return one if one == other else min(one, other, key=lambda item: (item.event_time, repr(item)))


def makes_window(item: Item) -> bool:
    """False for the matches of a rule with `CreateAlert: false`."""
    return isinstance(item, RuleError) or item.create_alert


def key_of(item: Item) -> WindowKey:
    """The key whose windows `item` falls into; a period under 5 minutes is 5, a threshold under 1 is 1."""
    if isinstance(item, RuleError):
        return WindowKey(item.rule_id, item.error_class, DEFAULT_PERIOD_MINUTES, 1, "error")
    period_minutes = max(item.period_minutes, LEAST_PERIOD_MINUTES)
    return WindowKey(item.rule_id, item.dedup, period_minutes, max(item.threshold, 1))


def chain_of(item: Item) -> Chain:
    """The chain that `item` lies in."""
    key = key_of(item)
    return Chain(key, chain_start(item.event_time, key.period_minutes))


def chain_start(time: Micros, period_minutes: int) -> Micros:
    """Start of the chain around `time`: its UTC midnight, or a multiple of a period longer than a day.

    >>> chain_start(Micros(DAY + 1), 60) == DAY
    True
    >>> chain_start(Micros(DAY + 1), 2 * 1440)
    0
    """
    return Micros(time - time % _chain_length(period_minutes))


def identity_of(item: Item) -> Identity:
    """What makes two items the same: (rule, row), for errors (rule, row, function)."""
    if isinstance(item, RuleError):
        return (item.rule_id, item.row_id, item.function)
    return (item.rule_id, item.row_id)


def order_of(item: Item) -> tuple[Micros, str, str]:
    """The order of a key's matches: event time, row id, and for errors of one row the function."""
    return (item.event_time, item.row_id, item.function if isinstance(item, RuleError) else "")


def value_of(item: Item) -> Value | None:
    """What `item` adds to the threshold: itself or, if the rule counts `unique`, that; None adds nothing."""
    if isinstance(item, Match) and item.counts_unique:
        return item.unique
    return identity_of(item)


def window_order(window: Window) -> tuple[Micros, WindowKey, str]:
    """The order of windows wherever they are listed."""
    return (window.start, window.key, window.row_ids[0])


@dataclass(slots=True)
class _OpenWindow:
    """The window that the next match may still extend."""

    first: Item
    end: Micros
    rows: dict[str, None] = field(default_factory=dict)
    """An ordered set: a row on which two functions failed is named once."""
    values: set[Value] = field(default_factory=set)
    counted: int = 0
    qualifies: bool = False

    def freeze(self, key: WindowKey) -> Window:
        first = self.first
        return Window(
            key=key,
            start=first.event_time,
            end=self.end,
            title=first.title if isinstance(first, Match) else first.error,
            severity=first.severity,
            row_ids=tuple(self.rows),
            qualifies=self.qualifies,
        )


def _in_order(items: Iterable[Item]) -> list[Item]:
    return sorted((item for item in distinct(items) if makes_window(item)), key=order_of)


def _window_end(start: Micros, period_minutes: int) -> Micros:
    chain_end = chain_start(start, period_minutes) + _chain_length(period_minutes)
    return Micros(min(start + period_minutes * MINUTE, chain_end))


def _chain_length(period_minutes: int) -> int:
    return max(DAY, period_minutes * MINUTE)
