"""Windows are a pure function of the set of matches; the oracle below is the prose once more, slow and plain.

What is NOT monotone, so no test asks for it: adding a match may un-qualify a given window.
- A match that lets a window reach the threshold alone hides all its matches from the windows after it.
- A match before a window moves that window's start and all later starts of the day: matches that made one
  window qualify may be dealt out to others.
- Of two copies that differ one replaces the other, which takes a match away.
What does hold is tested: a match later than all of its key never un-qualifies a window, and no match ever
un-qualifies a key, since wherever some stretch holds the threshold one of the windows it touches qualifies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trailcam.model.match import Match, RuleError
from trailcam.model.severity import Severity
from trailcam.model.timestamps import DAY, EPOCH, MINUTE, Micros
from trailcam.model.window import Window, WindowKey
from trailcam.pipeline.window import (
    Item,
    chain_of,
    chain_start,
    cut,
    cut_chain,
    distinct,
    key_of,
    order_of,
    window_order,
)
from trailcam.pipeline.window_incremental import IncrementalWindows

PERIODS = st.sampled_from([5, 60, 720, 1440, 1500, 10080])
THRESHOLDS = st.sampled_from([2, 3, 4, 1, 5, 6])


def times(period_minutes: int) -> st.SearchStrategy[Micros]:
    """Moments on and beside borders: quarters of a period around a chain border, seldom around the next."""
    period = period_minutes * MINUTE
    border = st.sampled_from([0, 0, 0, 0, -1, 1]).map(lambda n: n * max(DAY, period))
    quarters = st.integers(-6, 5).map(lambda n: n * (period // 4))
    return st.builds(lambda *parts: Micros(sum(parts)), border, quarters, st.sampled_from([0, 0, 0, -1, 1]))


def match(row: int, time: Micros, *, period_minutes: int, threshold: int) -> Match:
    return Match(
        rule_id="R",
        row_id=f"r{row:02}",
        log_type="L",
        event_id=None,
        event_time=time,
        title=f"title {row}",
        dedup="d",
        severity=Severity.LOW,
        period_minutes=period_minutes,
        threshold=threshold,
    )


@st.composite
def matches_of_one_key(draw: st.DrawFn, max_size: int = 16) -> list[Match]:
    """Matches of one key, all distinct, with or without `unique`."""
    period_minutes, threshold, counts_unique = draw(PERIODS), draw(THRESHOLDS), draw(st.booleans())
    values = st.sampled_from(["u", "v", "w", "x", "", None])
    size = draw(st.integers(1, max_size))  # lists left to themselves are short, and then nothing collides
    drawn = draw(st.lists(st.tuples(times(period_minutes), values), min_size=size, max_size=size))
    return [
        replace(
            match(row, time, period_minutes=period_minutes, threshold=threshold),
            counts_unique=counts_unique,
            unique=value if counts_unique else None,
        )
        for row, (time, value) in enumerate(drawn)
    ]


@st.composite
def mixed_items(draw: st.DrawFn, max_size: int = 16) -> list[Item]:
    """Matches and errors of some keys, among them copies of one row that differ."""
    period_minutes, threshold = draw(PERIODS), draw(THRESHOLDS)
    items: list[Item] = []
    size = draw(st.integers(1, max_size))
    rows = st.tuples(st.integers(0, 19), times(period_minutes))
    for row, time in draw(st.lists(rows, min_size=size, max_size=size)):
        if draw(st.integers(0, 5)) == 0:
            items.append(
                RuleError(
                    rule_id="R",
                    row_id=f"r{row:02}",
                    log_type="L",
                    event_id=None,
                    event_time=time,
                    function=draw(st.sampled_from(["rule", "title"])),
                    error_class=draw(st.sampled_from(["KeyError", "d"])),
                    error="KeyError('x')",
                    message="m",
                    severity=Severity.HIGH,
                    origin_id="o",
                )
            )
        else:
            items.append(
                replace(
                    match(row, time, period_minutes=period_minutes, threshold=threshold),
                    dedup=draw(st.sampled_from(["d", "d", "d", "e"])),
                    title=draw(st.sampled_from(["t", "u"])),
                    create_alert=draw(st.sampled_from([True, True, True, True, True, False])),
                    counts_unique=draw(st.booleans()),
                    unique=draw(st.sampled_from(["u", "v", "w", None])),
                )
            )
    return items


# -- the oracle ----------------------------------------------------------------------------------------


def next_border(time: Micros, period_minutes: int) -> int:
    """The first chain border after `time`, by the calendar or by counting periods from the epoch."""
    if period_minutes <= 1440:
        moment = EPOCH + timedelta(microseconds=time)
        midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1)
        return (midnight - EPOCH) // timedelta(microseconds=1)
    return min(n * period_minutes * MINUTE for n in range(-9, 10) if n * period_minutes * MINUTE > time)


def held(items: Iterable[Item]) -> int:
    """How many distinct values `items` hold: themselves, or what `unique` gave where the rule defines it."""
    values = set()
    for item in items:
        if isinstance(item, RuleError):
            values.add(("error", item.row_id, item.function))
        elif not item.counts_unique:
            values.add(("match", item.row_id, ""))
        elif item.unique is not None:
            values.add(("unique", item.unique, ""))
    return len(values)


def oracle(items: Sequence[Item]) -> list[Window]:
    """Every window, straight from section 3.5: quadratic, each stretch counted from nothing."""

    def identity(item: Item) -> tuple[str, str]:
        return (item.row_id, item.function if isinstance(item, RuleError) else "")

    def home(item: Item) -> tuple[str, str]:
        return ("error", item.error_class) if isinstance(item, RuleError) else ("match", item.dedup)

    def standing(item: Item) -> Item:
        copies = [copy for copy in items if identity(copy) == identity(item)]
        return min(copies, key=lambda copy: (copy.event_time, repr(copy)))

    once = {standing(item) for item in items}
    alerting = [item for item in once if isinstance(item, RuleError) or item.create_alert]
    windows = []
    for kind, dedup in {home(item) for item in alerting}:
        windows += oracle_of_key(kind, dedup, [item for item in alerting if home(item) == (kind, dedup)])
    return sorted(windows, key=window_order)


def oracle_of_key(kind: str, dedup: str, own: list[Item]) -> list[Window]:
    period_minutes, threshold = 60, 1
    for item in own:
        if isinstance(item, Match):
            period_minutes, threshold = item.period_minutes, item.threshold
    period = period_minutes * MINUTE
    cuts: list[tuple[Micros, Micros, list[Item]]] = []
    left = list(own)
    while left:
        start = min(item.event_time for item in left)
        end = Micros(min(start + period, next_border(start, period_minutes)))
        cuts.append((start, end, [item for item in left if item.event_time < end]))
        left = [item for item in left if item.event_time >= end]
    seen = [item for _, _, members in cuts if held(members) < threshold for item in members]
    windows = []
    for start, end, members in cuts:
        qualifies = held(members) >= threshold or any(
            held(s for s in seen if last.event_time - period < s.event_time <= last.event_time) >= threshold
            for last in members
        )
        listed = sorted(members, key=lambda item: (item.row_id, getattr(item, "function", "")))
        listed.sort(key=lambda item: item.event_time)
        first, rows = listed[0], [item.row_id for item in listed]
        windows.append(
            Window(
                key=WindowKey("R", dedup, period_minutes, threshold, kind),
                start=start,
                end=end,
                title=first.error if isinstance(first, RuleError) else first.title,
                severity=first.severity,
                row_ids=tuple(row for n, row in enumerate(rows) if row not in rows[:n]),
                qualifies=qualifies,
            )
        )
    return windows


@given(items=mixed_items())
def test_the_cut_is_what_the_prose_says(items: list[Item]) -> None:
    assert cut(items) == oracle(items)


@settings(
    max_examples=max(400, settings().max_examples)
)  # a window that sees one that qualified by looking back is rare
@given(items=matches_of_one_key())
def test_the_cut_of_one_key_is_what_the_prose_says(items: list[Match]) -> None:
    assert cut(items) == oracle(items)


# -- a set of matches ----------------------------------------------------------------------------------


@given(items=mixed_items(), random=st.randoms(use_true_random=False))
def test_order_and_repetition_change_no_window(items: list[Item], random: Random) -> None:
    again = [*items, *random.choices(items, k=5)]
    random.shuffle(again)
    assert cut(again) == cut(items)


@given(items=mixed_items(), random=st.randoms(use_true_random=False), batch_size=st.integers(1, 6))
def test_batches_in_any_order_give_the_windows_of_all(
    items: list[Item], random: Random, batch_size: int
) -> None:
    shuffled = [*items, *random.choices(items, k=3)]
    random.shuffle(shuffled)
    windows = IncrementalWindows()
    for start in range(0, len(shuffled), batch_size):
        for item in shuffled[start : start + batch_size]:
            windows.add(item)
        windows.windows()
    assert windows.windows() == cut(items)


@given(items=mixed_items())
def test_every_match_is_in_exactly_one_window(items: list[Item]) -> None:
    windows = cut(items)
    for item in distinct(items):
        homes = [w for w in windows if w.key == key_of(item) and w.start <= item.event_time < w.end]
        named = [w for w in windows if w.key == key_of(item) and item.row_id in w.row_ids]
        if isinstance(item, Match):
            assert homes == named if item.create_alert else named == []
            assert len(named) == item.create_alert
        else:  # the two errors of a row may lie apart, in two windows that both name it
            assert len(homes) == 1
            assert homes[0] in named


@given(items=mixed_items())
def test_windows_do_not_overlap_and_keep_inside_period_and_chain(items: list[Item]) -> None:
    windows = cut(items)
    for window in windows:
        period = window.key.period_minutes
        assert window.start < window.end <= window.start + period * MINUTE
        assert chain_start(window.start, period) == chain_start(Micros(window.end - 1), period)
    for key in {window.key for window in windows}:
        own = [window for window in windows if window.key == key]
        assert all(one.end <= other.start for one, other in pairwise(own))


# -- days ----------------------------------------------------------------------------------------------


@given(items=mixed_items() | matches_of_one_key())
def test_a_day_computed_with_the_day_before_equals_the_day_lived(items: Sequence[Item]) -> None:
    once = distinct(items)
    lived = cut(once)
    computed = []
    for chain in {chain_of(item) for item in once}:
        computed += cut_chain(chain, [item for item in once if chain_of(item) in (chain, chain.before)])
    assert sorted(computed, key=window_order) == lived


# -- arriving one by one -------------------------------------------------------------------------------


@given(items=mixed_items(max_size=12), random=st.randoms(use_true_random=False))
def test_after_every_step_the_windows_are_those_of_the_full_cut(items: list[Item], random: Random) -> None:
    windows = IncrementalWindows()
    arriving = [*items, *random.choices(items, k=2)]
    before: list[Window] = []
    for n, item in enumerate(arriving, 1):
        changed = windows.add(item)
        after = cut(arriving[:n])
        assert windows.windows() == after
        for window in {*before} ^ {*after}:
            assert (window.key, chain_start(window.start, window.key.period_minutes)) in changed
        before = after


@given(items=matches_of_one_key())
def test_in_order_too_the_windows_are_those_of_the_full_cut(items: list[Match]) -> None:
    windows = IncrementalWindows()
    in_order = sorted(items, key=order_of)
    for n, item in enumerate(in_order, 1):
        windows.add(item)
        assert windows.windows() == cut(in_order[:n])


# -- thresholds ----------------------------------------------------------------------------------------


@given(
    period_minutes=PERIODS,
    threshold=st.integers(2, 6),
    fractions=st.lists(st.floats(0, 1, exclude_max=True), min_size=6, max_size=6),
    opens_before=st.floats(0, 1, exclude_max=True),
)
def test_a_burst_over_a_border_is_not_lost(
    period_minutes: int, threshold: int, fractions: list[float], opens_before: float
) -> None:
    """`threshold` matches within a period, dealt out over midnight and over a window opened before them."""
    period = period_minutes * MINUTE
    for border in (0, max(DAY, period) // 2):  # a chain border; the middle of a chain
        start = Micros(border - int(opens_before * period))
        burst = [
            match(
                n, Micros(start + int(fraction * period)), period_minutes=period_minutes, threshold=threshold
            )
            for n, fraction in enumerate(fractions[:threshold])
        ]
        opener = match(
            99, Micros(start - int(opens_before * period)), period_minutes=period_minutes, threshold=threshold
        )
        assert any(window.qualifies for window in cut(burst))
        assert any(window.qualifies for window in cut([opener, *burst]))


@given(items=matches_of_one_key())
def test_wherever_a_stretch_holds_the_threshold_one_of_its_windows_qualifies(items: list[Match]) -> None:
    windows = cut(items)
    period, threshold = items[0].period_minutes * MINUTE, items[0].threshold
    for last in items:
        stretch = [i for i in items if last.event_time - period < i.event_time <= last.event_time]
        if held(stretch) >= threshold:
            rows = {item.row_id for item in stretch}
            assert any(window.qualifies for window in windows if rows & set(window.row_ids))


@given(items=matches_of_one_key())
def test_a_window_qualifies_only_where_a_stretch_holds_the_threshold(items: list[Match]) -> None:
    period, threshold = items[0].period_minutes * MINUTE, items[0].threshold
    for window in cut(items):
        if window.qualifies:
            assert any(
                held(i for i in items if last.event_time - period < i.event_time <= last.event_time)
                >= threshold
                for last in items
                if last.row_id in window.row_ids
            )


@given(items=matches_of_one_key())
def test_a_match_later_than_all_of_its_key_unqualifies_no_window(items: list[Match]) -> None:
    *earlier, last = sorted(items, key=order_of)
    still = {window.start for window in cut([*earlier, last]) if window.qualifies}
    assert {window.start for window in cut(earlier) if window.qualifies} <= still


@given(items=matches_of_one_key(), random=st.randoms(use_true_random=False))
def test_no_match_unqualifies_all_windows_of_a_key(items: list[Match], random: Random) -> None:
    without = list(items)
    without.remove(random.choice(items))
    assume(any(window.qualifies for window in cut(without)))
    assert any(window.qualifies for window in cut(items))


@given(items=matches_of_one_key())
def test_without_values_no_window_qualifies(items: list[Match]) -> None:
    without = [replace(item, counts_unique=True, unique=None) for item in items]
    assert not any(window.qualifies for window in cut(without))
