"""Reading times that vendors write in many forms, and the time between two of them."""

import re
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from dateutil import parser

# What may follow the seconds, for each way to write the date before them. An asterisk is itself; Z stands
# before %z, which would read it too.
_ENDINGS = {
    "%Y-%m-%dT": ("", "Z", ".%f", ".%fZ", "%z", ".%f%z", "*%f%z"),
    "%Y-%m-%d ": ("", ".%f", ",%f", "%z", " %z", ".%f%z", ",%f%z"),
    "%Y-%m-%d*": ("", ":%f"),
    "%y-%m-%d ": ("", ",%f", ",%f %z"),
    "%Y/%m/%d*": ("",),
    "%y/%m/%d ": ("",),
    "%m/%d/%Y ": (" %z",),
    "%m/%d/%y ": (" %z",),
    "%m/%d/%Y*": ("", "*%f"),
    "%m/%d/%y*": ("",),
    "%Y%m%d ": (".%f",),
    "%y%m%d ": ("",),
    "%m%d_": ("", ".%f"),
    "%d/%b/%Y:": ("", " %z"),
    "%d/%b/%Y ": ("",),
    "%d/%b ": (",%f",),
    "%d-%b-%Y ": ("", ".%f"),
    "%d %b %Y ": ("", "*%f"),
    "%Y %b %d ": (".%f", ".%f %Z", ".%f*%Z"),
    "%b %d %Y ": ("",),
    "%b %d ": ("", " %Y", " %z", " %z %Y"),
    "": ("", ".%f", ",%f"),
}
_TWELVE_HOURS = ("%b %d, %Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p:%f")

TIME_FORMATS = [f"{day}%H:%M:%S{end}" for day, ends in _ENDINGS.items() for end in ends] + [*_TWELVE_HOURS]
"""Forms tried before any other, as `strptime` writes them. Order matters in one place only: a Z that ends a
form with a T is no zone."""

EPOCH_REGEX = r"[0-9]{9,12}(?![0-9])(?:\.[0-9]+)?"
"""Seconds since the epoch, as a text begins with them."""

# The forms that nearly all events have, read at once; the general way tries dozens of patterns.
_USUAL = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
# What a text leaves out, as strptime has it: not today's date, or a rule would answer differently tomorrow.
_UNSAID = datetime(1900, 1, 1)


def resolve_timestamp_string(timestamp: str) -> datetime | None:
    """The time a text names, in whatever form; None when it names none.

    Tried in this order: `TIME_FORMATS`, after dropping single quotes; the grammar of dateutil; seconds since
    the epoch. A text without a zone gives a datetime without one, and so does `...T...Z`; so do seconds, in
    UTC. What the text leaves out is that of 1900-01-01 00:00:00.

    >>> resolve_timestamp_string("2021-11-05 06:50:24").isoformat()
    '2021-11-05T06:50:24'
    """
    if not timestamp:
        return None
    text = timestamp.replace("'", "")
    usual = text.removesuffix("Z") if text[10:11] == "T" else text
    moment = _or_none(datetime.fromisoformat, usual) if _USUAL.fullmatch(usual) else None
    forms = iter(TIME_FORMATS)
    while moment is None and (form := next(forms, None)):
        if "%Y" in form or "%y" in form or "%d" not in form:
            moment = _or_none(datetime.strptime, text, form)
        else:  # a day without a year is deprecated; the year it meant is said
            moment = _or_none(datetime.strptime, f"{_UNSAID.year} {text}", f"%Y {form}")
    return moment or _or_none(parser.parse, timestamp, default=_UNSAID) or _from_epoch(timestamp)


def time_delta(time1: str, time2: str) -> str:
    """From `time1` to `time2` in words, as `1 day(s) 2 hour(s) 3 minute(s) 4 second(s)`; no unit of 0.

    Raises:
        ValueError: a text does not end in seconds, or names no time.
    """
    moments = [resolve_timestamp_string(nano_to_micro(time)) for time in (time1, time2)]
    if moments[0] is None or moments[1] is None:
        raise ValueError(f"no time in {time1!r} or in {time2!r}")
    between = moments[1] - moments[0]
    minutes, seconds = divmod(between.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{amount} {unit}"
        for amount, unit in (
            (between.days, "day(s) "),
            (hours, "hour(s) "),
            (minutes, "minute(s) "),
            (seconds, "second(s)"),
        )
        if amount > 0
    ]
    return "".join(parts)


def nano_to_micro(time_str: str) -> str:
    """The same time with six digits after the seconds, with which it must end.

    Raises:
        ValueError: what follows the last colon is no number.
    """
    start, colon, seconds = time_str.rpartition(":")
    return f"{start}{colon}{float(seconds):.6f}"


def add_parse_delay(event: Any, context: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the time from event to parsing into `context` as `parseDelay`, in words; gives `context`."""
    context["parseDelay"] = time_delta(event.get("p_event_time"), event.get("p_parse_time"))
    return context


def panther_nanotime_to_python_datetime(panther_time: str) -> datetime:
    """The datetime, without a zone, of `2021-11-05 06:50:24.123456789`; digits past six are cut off.

    Raises:
        ValueError: the text has another form.
    """
    return datetime.strptime(_microseconds_at_most(panther_time), "%Y-%m-%d %H:%M:%S.%f")


def golang_nanotime_to_python_datetime(golang_time: str) -> datetime:
    """The datetime, without a zone, of `2021-11-05T06:50:24.123456789Z`; digits past six are cut off.

    Raises:
        ValueError: the text has another form.
    """
    return datetime.strptime(_microseconds_at_most(golang_time), "%Y-%m-%dT%H:%M:%S.%fZ")


def _from_epoch(timestamp: str) -> datetime | None:
    seconds = re.match(EPOCH_REGEX, timestamp)
    moment = seconds and _or_none(datetime.fromtimestamp, float(seconds[0]), UTC)
    return moment.replace(tzinfo=None) if moment else None


def _or_none(read: Callable[..., datetime], *given: Any, **settings: Any) -> datetime | None:
    try:
        return read(*given, **settings)
    except (ValueError, OverflowError):
        return None


def _microseconds_at_most(time: str) -> str:
    return re.sub(r"(\.\d{6})\d+", r"\1", time, count=1)
