"""Times as integers: microseconds since 1970-01-01T00:00:00Z, and their written forms.

An event's time orders matches and cuts windows, so it is exact: no floats, no local zones, no clock.
Fractions finer than a microsecond are cut off, never rounded, so that an instant never moves forward.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NewType

Micros = NewType("Micros", int)
"""Microseconds since the epoch, UTC."""

BEGINNING = Micros(0)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND

AHEAD = 10 * MINUTE
"""No event is believed to be later than this from now: one forged time would end all waiting."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)

# RFC 3339 and the form Panther stores: date, "T" or a space, time, fraction, zone. Without a zone: UTC.
_WRITTEN = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\s?(?:([Zz]|UTC)|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)


def from_datetime(moment: datetime) -> Micros:
    """The instant of an aware datetime.

    Raises:
        ValueError: `moment` has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime without a zone names no instant")
    return Micros((moment - EPOCH) // _MICRO)


def parse(text: str) -> Micros | None:
    """The instant a vendor wrote as RFC 3339 or `YYYY-MM-DD HH:MM:SS[.f]`; None when it is neither.

    None stands for "this text names no instant", which callers answer with the origin's time.

    >>> parse("2021-11-05T06:50:24Z") == parse("2021-11-05 06:50:24.000000000")
    True
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = written.groups()
    micros = int(((fraction or "") + "000000")[:6])
    leap = second == "60"  # RFC 3339 allows a leap second; it is read as the second after :59
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour), int(minute), 59 if leap else int(second), micros, UTC
        )
    except ValueError:
        return None
    offset = 0
    if sign:
        if int(zone_hours) > 23 or int(zone_minutes) > 59:
            return None
        offset = (int(zone_hours) * 60 + int(zone_minutes)) * (-1 if sign == "-" else 1)
    instant = Micros((moment - EPOCH) // _MICRO + (SECOND if leap else 0) - offset * MINUTE)
    return instant if _FIRST <= instant <= LAST else None


def to_panther(instant: Micros) -> str:
    """The form of every `p_*` time: `YYYY-MM-DD HH:MM:SS.fffffffff`, UTC, nine digits, sortable as text."""
    moment = EPOCH + timedelta(microseconds=instant)
    return f"{moment:%H:%M:%S}".join((f"{moment.date().isoformat()} ", f".{moment.microsecond:06}000"))


def to_rfc3339(instant: Micros) -> str:
    """The form of every time Trailcam prints: `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`; never later than `LAST`.

    >>> to_rfc3339(Micros(0))
    '1970-01-01T00:00:00Z'
    """
    return (EPOCH + timedelta(microseconds=min(instant, LAST))).isoformat().replace("+00:00", "Z")


def to_seconds(instant: int) -> str:
    """The same without a fraction, which is cut off: enough for who looks for a reason.

    >>> to_seconds(1_772_000_000_123_456)
    '2026-02-25T06:13:20Z'
    """
    return to_rfc3339(Micros(instant - instant % SECOND))


def span(micros: int) -> str:
    """How long something takes, in the unit that a person would choose; what is less than nothing is nothing.

    >>> span(5 * MINUTE), span(90 * SECOND)
    ('5 min', '90 s')
    """
    for unit, size in (("d", DAY), ("h", 60 * MINUTE), ("min", MINUTE)):
        if micros >= 2 * size:
            return f"{micros // size:,} {unit}"
    return f"{max(0, micros) // SECOND} s"


_FIRST = from_datetime(datetime.min.replace(tzinfo=UTC))
LAST = from_datetime(datetime.max.replace(tzinfo=UTC))
"""The last moment that can be written down: a window that ends behind it is shown to end there."""
