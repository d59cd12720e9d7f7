"""Windows by example: each test is one sentence of the prose, with times a reader can follow."""

from dataclasses import replace

from trailcam.model.match import Match, RuleError
from trailcam.model.severity import Severity
from trailcam.model.timestamps import DAY, MINUTE, Micros, parse, to_rfc3339
from trailcam.model.window import Window
from trailcam.pipeline.window import Chain, chain_of, chain_start, cut, cut_chain, key_of
from trailcam.pipeline.window_incremental import IncrementalWindows


def at(time: str, day: str = "2024-03-01") -> Micros:
    moment = parse(f"{day}T{time}Z")
    assert moment is not None
    return moment


def match(time: Micros, row_id: str = "", *, period_minutes: int = 60, threshold: int = 1) -> Match:
    return Match(
        rule_id="Brute.Force",
        row_id=row_id or to_rfc3339(time),
        log_type="AWS.CloudTrail",
        event_id=None,
        event_time=time,
        title=f"title at {to_rfc3339(time)}",
        dedup="alice",
        severity=Severity.MEDIUM,
        period_minutes=period_minutes,
        threshold=threshold,
    )


def error(
    time: Micros, row_id: str = "r", *, function: str = "rule", error_class: str = "KeyError"
) -> RuleError:
    return RuleError(
        rule_id="Brute.Force",
        row_id=row_id,
        log_type="AWS.CloudTrail",
        event_id=None,
        event_time=time,
        function=function,
        error_class=error_class,
        error=f"{error_class}('x')",
        message="`x.py`, line 3, in rule",
        severity=Severity.HIGH,
        origin_id="o",
    )


def spans(windows: list[Window]) -> list[tuple[str, str, int]]:
    return [(to_rfc3339(w.start)[8:16], to_rfc3339(w.end)[8:16], len(w.row_ids)) for w in windows]


def qualifying(windows: list[Window]) -> list[bool]:
    return [window.qualifies for window in windows]


def test_the_first_match_opens_a_window_and_the_next_one_outside_opens_the_next() -> None:
    windows = cut(
        [match(at("10:07:00")), match(at("11:06:59")), match(at("11:07:00")), match(at("15:00:00"))]
    )
    assert spans(windows) == [
        ("01T10:07", "01T11:07", 2),
        ("01T11:07", "01T12:07", 1),
        ("01T15:00", "01T16:00", 1),
    ]


def test_title_and_severity_come_from_the_first_match() -> None:
    first = replace(match(at("10:00:00"), "b"), title="first", severity=Severity.INFO)
    tied = replace(match(at("10:00:00"), "c"), title="tied", severity=Severity.CRITICAL)
    (window,) = cut([match(at("10:30:00"), "a"), tied, first])
    assert (window.title, window.severity) == ("first", Severity.INFO)
    assert window.row_ids == ("b", "c", "a")


def test_chains_restart_at_midnight_utc() -> None:
    windows = cut([match(at("23:50:00")), match(at("00:05:00", "2024-03-02"))])
    assert spans(windows) == [("01T23:50", "02T00:00", 1), ("02T00:05", "02T01:05", 1)]


def test_a_period_of_a_day_still_ends_at_midnight() -> None:
    (window,) = cut([match(at("09:00:00"), period_minutes=1440)])
    assert spans([window]) == [("01T09:00", "02T00:00", 1)]


def test_chains_of_a_longer_period_restart_at_its_multiples_since_the_epoch() -> None:
    week = 10080
    early, late = match(Micros(6 * DAY), period_minutes=week), match(Micros(7 * DAY), period_minutes=week)
    windows = cut([early, late])
    assert [(w.start, w.end) for w in windows] == [(6 * DAY, 7 * DAY), (7 * DAY, 14 * DAY)]


def test_a_day_before_1970_starts_at_its_own_midnight() -> None:
    assert chain_start(Micros(-1), 60) == -DAY
    assert chain_start(Micros(-1), 1500) == -1500 * MINUTE


def test_matches_of_different_keys_share_no_window() -> None:
    here = match(at("10:00:00"), "a")
    there = replace(here, row_id="b")
    others = [
        replace(there, rule_id="Other"),
        replace(there, dedup="bob"),
        replace(there, period_minutes=120),
        replace(there, threshold=2),
    ]
    assert len(cut([here, there])) == 1
    assert [len(cut([here, other])) for other in others] == [2, 2, 2, 2]


def test_a_period_under_five_minutes_is_five_and_a_threshold_under_one_is_one() -> None:
    lifted = key_of(match(at("10:00:00"), period_minutes=0, threshold=0))
    assert (lifted.period_minutes, lifted.threshold) == (5, 1)
    assert qualifying(cut([match(at("10:00:00"), threshold=-1)])) == [True]


def test_a_match_without_alert_makes_no_window_and_counts_for_none() -> None:
    silent = replace(match(at("10:00:00"), threshold=2), create_alert=False)
    assert cut([silent]) == []
    assert qualifying(cut([silent, match(at("10:01:00"), threshold=2)])) == [False]


def test_a_window_qualifies_when_its_matches_reach_the_threshold() -> None:
    times = [at("10:00:00"), at("10:10:00"), at("10:20:00")]
    assert qualifying(cut([match(time, threshold=3) for time in times])) == [True]
    assert qualifying(cut([match(time, threshold=4) for time in times])) == [False]


def test_the_stretch_looks_back_over_a_window_border() -> None:
    times = [at("10:00:00"), at("10:40:00"), at("10:50:00"), at("11:00:00")]
    assert qualifying(cut([match(time, threshold=4) for time in times])) == [False, False]
    assert qualifying(cut([match(time, threshold=3) for time in times[1:]])) == [True]
    assert qualifying(cut([match(time, threshold=3) for time in [at("09:45:00"), *times[1:]]])) == [
        False,
        True,
    ]


def test_the_stretch_looks_back_over_midnight() -> None:
    before, after = match(at("23:59:59"), threshold=2), match(at("00:00:00", "2024-03-02"), threshold=2)
    assert qualifying(cut([before, after])) == [False, True]


def test_the_stretch_leaves_out_the_moment_a_period_ago() -> None:
    opener = match(at("09:30:00"), threshold=2)
    just_in, just_out = match(at("11:29:59"), threshold=2), match(at("11:30:00"), threshold=2)
    early = replace(match(at("10:30:00"), threshold=2), row_id="early")
    assert qualifying(cut([early, just_in])) == [True]
    assert qualifying(cut([opener, early, just_out])) == [False, False, False]


def test_matches_of_a_window_that_reaches_the_threshold_alone_are_not_seen_from_the_next() -> None:
    full = [match(at(time), threshold=2) for time in ("10:00:00", "10:58:00", "10:59:00")]
    assert qualifying(cut([*full, match(at("11:00:00"), threshold=2)])) == [True, False]


def test_a_match_may_unqualify_the_next_window_by_letting_its_own_reach_the_threshold_alone() -> None:
    matches = [match(at(time), threshold=3) for time in ("10:00:00", "10:50:00", "11:05:00", "11:10:00")]
    assert qualifying(cut(matches)) == [False, True]
    assert qualifying(cut([*matches, match(at("10:55:00"), threshold=3)])) == [True, False]


def test_matches_of_a_window_that_qualifies_by_looking_back_are_seen_from_the_next() -> None:
    clock = ("01:30:00", "13:00:00", "13:10:00", "14:00:00", "15:00:00")
    times = [*(at(time) for time in clock), at("00:10:00", "2024-03-02")]
    windows = cut([match(time, period_minutes=720, threshold=4) for time in times])
    assert spans(windows) == [
        ("01T01:30", "01T13:30", 3),
        ("01T14:00", "02T00:00", 2),
        ("02T00:10", "02T12:10", 1),
    ]
    # At 15:00 the second holds 4 by looking back; at 00:10 the third sees those same 4 and its own.
    assert qualifying(windows) == [False, True, True]


def tried(time: str, value: str | None, *, day: str = "2024-03-01", period_minutes: int = 60) -> Match:
    counted = match(at(time, day), period_minutes=period_minutes, threshold=2)
    return replace(counted, counts_unique=True, unique=value)


def test_distinct_values_are_counted_where_the_rule_defines_unique() -> None:
    assert qualifying(cut([tried("10:00:00", "web-1"), tried("10:01:00", "web-1")])) == [False]
    assert qualifying(cut([tried("10:00:00", "web-1"), tried("10:01:00", "web-2")])) == [True]
    assert qualifying(cut([tried("10:00:00", ""), tried("10:01:00", "web-2")])) == [True]
    assert qualifying(cut([tried("10:00:00", None), tried("10:01:00", "web-2")])) == [False]


def test_a_window_with_many_matches_of_too_few_values_is_seen_from_the_next() -> None:
    repeated = [tried("10:30:00", "web-1"), tried("10:50:00", "web-1")]
    assert qualifying(cut([*repeated, tried("11:40:00", "web-2")])) == [False, True]


def test_a_match_whose_unique_is_none_is_in_its_window_and_adds_nothing() -> None:
    (window,) = cut([replace(match(at("10:00:00"), "r"), counts_unique=True)])
    assert (window.row_ids, window.qualifies) == (("r",), False)


def test_a_match_whose_unique_is_none_may_still_end_a_stretch_that_holds_the_threshold() -> None:
    tries = [("01:30:00", None), ("13:00:00", "web-1"), ("14:00:00", "web-2")]
    matches = [tried(time, value, period_minutes=720) for time, value in tries]
    last = tried("00:10:00", None, day="2024-03-02", period_minutes=720)
    assert qualifying(cut([*matches, last])) == [False, True, True]


def test_errors_make_windows_of_their_own_by_class() -> None:
    time = at("10:00:00")
    items = [error(time), error(Micros(time + 59 * MINUTE), "s"), error(time, "t", error_class="TypeError")]
    windows = cut([*items, match(time, "r")])
    assert [(w.key.kind, w.key.dedup, w.title, w.row_ids) for w in windows] == [
        ("error", "KeyError", "KeyError('x')", ("r", "s")),
        ("error", "TypeError", "TypeError('x')", ("t",)),
        ("match", "alice", "title at 2024-03-01T10:00:00Z", ("r",)),
    ]
    assert all(window.qualifies for window in windows)
    assert {window.severity for window in windows if window.key.kind == "error"} == {Severity.HIGH}


def test_a_row_on_which_two_functions_failed_is_named_once() -> None:
    time = at("10:00:00")
    (window,) = cut([error(time, function="title"), error(time, function="dedup")])
    assert window.row_ids == ("r",)


def test_the_same_match_twice_is_one() -> None:
    twice = [match(at("10:00:00"), "r", threshold=2)] * 2
    assert qualifying(cut(twice)) == [False]


def test_of_copies_that_differ_the_earlier_stands_in_any_order() -> None:
    early = match(at("10:00:00"), "r")
    late = replace(match(at("12:00:00"), "r"), dedup="bob")
    assert cut([early, late]) == cut([late, early]) == cut([early])


def test_a_chain_is_cut_from_its_own_matches_and_those_of_the_chain_before() -> None:
    before, after = match(at("23:59:00"), threshold=2), match(at("00:01:00", "2024-03-02"), threshold=2)
    today = chain_of(after)
    assert today.before == chain_of(before)
    assert today.before.after == today
    assert qualifying(cut_chain(today, [after])) == [False]
    assert qualifying(cut_chain(today, [after, before])) == [True]
    assert cut_chain(Chain(today.key, Micros(0)), [after, before]) == []


def test_adding_names_the_chains_that_may_have_changed() -> None:
    windows = IncrementalWindows()
    yesterday = match(at("23:59:00"), threshold=2)
    today = match(at("00:01:00", "2024-03-02"), threshold=2)
    assert windows.add(today) == {chain_of(today)}
    assert qualifying(windows.windows_of(chain_of(today))) == [False]
    assert windows.add(yesterday) == {chain_of(yesterday), chain_of(today)}
    assert qualifying(windows.windows_of(chain_of(today))) == [True]
    assert windows.add(today) == set()


def test_a_copy_that_stands_instead_moves_the_match() -> None:
    windows = IncrementalWindows()
    late, early = match(at("10:00:00"), "r"), match(at("10:00:00", "2024-02-01"), "r")
    windows.add(late)
    assert windows.add(early) == {chain_of(late), chain_of(early)}
    assert windows.windows_of(chain_of(late)) == []
    assert windows.windows() == cut([early])
    assert windows.add(late) == set()


def test_a_match_without_alert_changes_no_chain() -> None:
    windows = IncrementalWindows()
    assert windows.add(replace(match(at("10:00:00")), create_alert=False)) == set()
    assert windows.windows() == []
