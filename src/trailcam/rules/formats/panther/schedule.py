"""When something runs: every so many minutes, or by the five fields of cron."""

import re
from collections.abc import Mapping
from typing import Any

from trailcam.forms import COUNT, Form, Key, Plain, Report
from trailcam.model.query import Schedule
from trailcam.yaml12 import Steps

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = (
    (), (), (),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
)  # fmt: skip
_PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/[1-9][0-9]*)?")


def is_cron(text: Any) -> bool:
    """Whether a text is a cron expression of five fields: numbers, names, ranges, steps, lists, `*`, `?`.

    A range may go over the end: `22-2` is the hours around midnight.

    Source: https://man7.org/linux/man-pages/man5/crontab.5.html (read 2026-11-28).
    """
    if not isinstance(text, str):
        return False
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(map(_is_field, fields, range(len(_FIELDS))))


def _is_field(text: str, number: int) -> bool:
    if text == "?":
        return number in (2, 4)
    return all(_is_part(part, number) for part in text.split(","))


def _is_part(text: str, number: int) -> bool:
    part = _PART.fullmatch(text)
    if part is None:
        return False
    least, most = _FIELDS[number]
    bounds = [_value(word, number) for word in (part["first"], part["last"]) if word is not None]
    return all(bound is not None and least <= bound <= most for bound in bounds)


def _value(word: str, number: int) -> int | None:
    if word.lower() in _NAMES[number]:
        return _NAMES[number].index(word.lower()) + _FIELDS[number][0]
    return int(word) if word.isascii() and word.isdigit() and len(word) < 4 else None


CRON = Plain("five fields of cron, as `0 * * * *`", is_cron)


class _ScheduleForm(Form):
    def check(self, value: Any, steps: Steps, report: Report) -> None:
        super().check(value, steps, report)
        rate, limit = (
            value.get(key) if isinstance(value, dict) else None for key in ("RateMinutes", "TimeoutMinutes")
        )
        if isinstance(rate, int) and isinstance(limit, int) and 1 < rate < limit:
            message = f"RateMinutes is {rate} and must be at least TimeoutMinutes, which is {limit}"
            report("bad_value", (*steps, "RateMinutes"), message, "")


SCHEDULE_FORM = _ScheduleForm(
    "a schedule",
    {
        "RateMinutes": Key(
            Plain("a whole number above 1", lambda value: COUNT.accepts(value) and value > 1),
            doc="Every so many minutes.",
        ),
        "CronExpression": Key(CRON, doc="By the five fields of cron, in UTC."),
        "TimeoutMinutes": Key(COUNT, required=True, doc="After how long a run is ended."),
    },
    exactly_one=(("RateMinutes", "CronExpression"),),
)


def schedule(value: Mapping[str, Any]) -> Schedule:
    """The schedule of a checked mapping."""
    return Schedule(
        cron=value.get("CronExpression", ""),
        rate_minutes=value.get("RateMinutes", 0),
        timeout_minutes=value["TimeoutMinutes"],
    )
