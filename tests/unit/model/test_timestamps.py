from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.model.timestamps import Micros, from_datetime, parse, to_panther, to_rfc3339

moments = st.datetimes(timezones=st.just(UTC))


@given(moments)
def test_both_written_forms_are_read_back_exactly(moment: datetime) -> None:
    instant = from_datetime(moment)
    assert parse(to_rfc3339(instant)) == parse(to_panther(instant)) == instant


@given(st.lists(moments, min_size=2, max_size=5))
def test_the_form_of_p_times_sorts_as_the_times_do(several: list[datetime]) -> None:
    instants = [from_datetime(moment) for moment in several]
    assert sorted(instants, key=to_panther) == sorted(instants)


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_an_offset_names_the_same_instant(moment: datetime, minutes: int) -> None:
    try:
        local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert parse(local.isoformat()) == from_datetime(moment)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2021-11-05T06:50:24Z", "2021-11-05T06:50:24Z"),
        ("2021-11-05 06:50:24", "2021-11-05T06:50:24Z"),
        ("2021-11-05 06:50:24.123456789", "2021-11-05T06:50:24.123456Z"),
        ("2021-11-05T06:50:24.5+02:00", "2021-11-05T04:50:24.500000Z"),
        ("2021-11-05T06:50:24-0530", "2021-11-05T12:20:24Z"),
        ("2021-11-05 06:50:24 UTC", "2021-11-05T06:50:24Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ],
)
def test_what_vendors_write_is_read(text: str, written: str) -> None:
    instant = parse(text)
    assert instant is not None
    assert to_rfc3339(instant) == written


@pytest.mark.parametrize(
    "text",
    [
        "", "...", "yesterday", "2021-11-05", "2021-13-05T06:50:24Z", "2021-02-30T06:50:24Z", "2021-11-05T24:00:00Z",
        "2021-11-05T06:50:24+99:00", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "2021-11-05T06:50:24Zx",
        "\uff12021-11-05T06:50:24Z", "1636095024", "2021-11-05T06:50:61Z",
    ],
)  # fmt: skip
def test_what_names_no_instant_is_none(text: str) -> None:
    assert parse(text) is None


def test_a_fraction_is_cut_off_and_never_moves_time_forward() -> None:
    assert parse("1970-01-01T00:00:00.9999999Z") == 999_999


def test_the_form_of_p_times_has_nine_digits() -> None:
    assert to_panther(Micros(1)) == "1970-01-01 00:00:00.000001000"


def test_a_datetime_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_datetime(datetime(2021, 1, 1))
