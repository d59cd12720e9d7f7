"""A rule past its hourly limit becomes one alert about the storm."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from trailcam.model.severity import Severity
from trailcam.model.timestamps import MINUTE, Micros
from trailcam.model.window import Window, WindowKey
from trailcam.pipeline.storm import ALERTS_PER_HOUR, limit_storms
from trailcam.pipeline.window import window_order

HOUR = 60 * MINUTE


def window(minute: int, row_id: str, *, rule_id: str = "Noisy", severity: Severity = Severity.LOW) -> Window:
    return Window(
        key=WindowKey(rule_id, f"dedup-{row_id}", 60, 1),
        start=Micros(minute * MINUTE),
        end=Micros((minute + 60) * MINUTE),
        title="t",
        severity=severity,
        row_ids=(row_id, f"{row_id}+"),
        qualifies=True,
    )


def alerts(windows: Sequence[Window]) -> list[Window]:
    return [window for window in windows if window.qualifies]


def storms(windows: Sequence[Window]) -> list[Window]:
    return [window for window in windows if window.key.kind == "storm"]


def test_a_rule_at_its_limit_is_left_alone() -> None:
    windows = [window(minute, f"{minute:02}") for minute in range(3)]
    assert limit_storms(windows, limit=3) == windows


def test_the_alerts_past_the_limit_become_one_about_the_storm() -> None:
    windows = [window(60 + minute, f"{minute:02}") for minute in range(5)]
    windows[3] = replace(windows[3], severity=Severity.CRITICAL)
    limited = limit_storms(windows, limit=2)
    assert [w.row_ids[0] for w in alerts(limited)] == ["00", "02", "01"]
    (storm,) = storms(limited)
    assert storm.key == WindowKey("Noisy", "storm:1970-01-01T01:00:00Z", 60, 2, "storm")
    assert (storm.start, storm.end) == (HOUR, 2 * HOUR)
    assert storm.title == (
        "Noisy made 5 alerts in the hour from 1970-01-01T01:00:00Z: the 3 after the first 2 are this one"
    )
    assert storm.severity is Severity.CRITICAL
    assert storm.row_ids == ("02", "02+", "03", "03+", "04", "04+")
    assert storm.qualifies


def test_the_windows_of_a_storm_stay_and_no_longer_qualify() -> None:
    windows = [window(minute, f"{minute:02}") for minute in range(3)]
    limited = limit_storms(windows, limit=1)
    rest = [w for w in limited if not w.qualifies]
    assert rest == [replace(w, qualifies=False) for w in windows[1:]]


def test_windows_of_one_moment_stay_by_first_row_id() -> None:
    windows = [
        replace(window(0, row_id), key=WindowKey("Noisy", dedup, 60, 1)) for row_id, dedup in ("az", "by")
    ]
    assert [w.row_ids[0] for w in alerts(limit_storms(windows, limit=1)) if w.key.kind == "match"] == ["a"]


def test_hours_and_rules_are_limited_each_by_itself() -> None:
    windows = [window(59, "a"), window(60, "b"), window(59, "c", rule_id="Other")]
    assert storms(limit_storms(windows, limit=1)) == []


def test_windows_that_do_not_qualify_do_not_count() -> None:
    windows = [replace(window(0, "a"), qualifies=False), window(1, "b")]
    assert limit_storms(windows, limit=1) == windows


def test_a_rules_error_windows_count_with_its_others() -> None:
    failed = replace(window(0, "a"), key=WindowKey("Noisy", "KeyError", 60, 1, "error"))
    assert len(storms(limit_storms([failed, window(1, "b")], limit=1))) == 1


def test_the_limit_is_a_thousand_an_hour() -> None:
    windows = [replace(window(0, f"{n:04}"), start=Micros(n)) for n in range(ALERTS_PER_HOUR + 1)]
    (storm,) = storms(limit_storms(windows))
    assert storm.title.startswith("Noisy made 1,001 alerts")
    assert storms(limit_storms(windows[1:])) == []


@given(
    starts=st.lists(
        st.tuples(st.integers(0, 130), st.sampled_from(["Noisy", "Other"]), st.booleans()), max_size=20
    ),
    limit=st.integers(0, 4),
    shuffle=st.randoms(use_true_random=False),
)
def test_order_does_not_matter_nothing_is_lost_and_twice_changes_nothing(
    starts: list[tuple[int, str, bool]], limit: int, shuffle: Random
) -> None:
    windows = [
        replace(window(minute, f"{n:02}", rule_id=rule_id), qualifies=qualifies)
        for n, (minute, rule_id, qualifies) in enumerate(starts)
    ]
    limited = limit_storms(windows, limit=limit)
    shuffled = list(windows)
    shuffle.shuffle(shuffled)
    assert limit_storms(shuffled, limit=limit) == limited
    assert limit_storms(limited, limit=limit) == limited
    kept = [w for w in limited if w.key.kind != "storm"]
    assert [replace(w, qualifies=True) for w in kept] == sorted(
        (replace(w, qualifies=True) for w in windows), key=window_order
    )
    alerted_before = {row_id for w in windows if w.qualifies for row_id in w.row_ids}
    assert {row_id for w in limited if w.qualifies for row_id in w.row_ids} == alerted_before
    for rule_id in ("Noisy", "Other"):
        for hour in range(3):
            here = [w for w in alerts(limited) if w.key.rule_id == rule_id and w.start // HOUR == hour]
            assert len(here) <= limit + 1
