"""What a name, a title and a value in a condition may be."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from trailcam.forms import NAME, Kind, Plain, Report, wrong
from trailcam.rules.conditions.comparing import network
from trailcam.rules.conditions.finding import EVERY
from trailcam.rules.conditions.paths import MOST_DIGITS, MOST_STEPS, BadPath, parse, title_parts
from trailcam.rules.conditions.table import Takes
from trailcam.yaml12 import Steps

_MOST_BITS = 13_000  # Python writes integers up to 4,300 digits


@dataclass(frozen=True, slots=True)
class Path:
    """A path of names, with or without `[*]` in it."""

    many: bool = True
    expected: str = "a path such as a.b, a.b[2] or a[*].b"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what is no path, and why."""
        if not isinstance(value, str):
            wrong(self.expected, value, steps, report)
            return
        try:
            parsed = parse(value)
        except BadPath as bad:
            wrong(self.expected, value, steps, report, str(bad))
            return
        if not self.many and EVERY in parsed:
            hint = "two keys are compared as one value each"
            wrong("a path without [*]", value, steps, report, hint)


@dataclass(frozen=True, slots=True)
class Title:
    """A text with names of fields in braces."""

    expected: str = "a text with fields in braces, such as {a.b}"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports braces that do not close and names that are none."""
        if not isinstance(value, str):
            wrong(self.expected, value, steps, report)
            return
        try:
            title_parts(value)
        except BadPath as bad:
            wrong(self.expected, value, steps, report, str(bad))


@dataclass(frozen=True, slots=True)
class DeepKey:
    """A list of names and indexes, the first a name."""

    expected: str = "a list of names and indexes, the first a name"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what is no such list, and every item that is neither."""
        if not isinstance(value, list) or not 0 < len(value) <= MOST_STEPS:
            wrong(self.expected, value, steps, report)
            return
        for position, item in enumerate(value):
            is_index = isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 10**MOST_DIGITS
            if not (isinstance(item, str) and item) and not (is_index and position):
                expected = "a name or an index from 0" if position else "a name"
                wrong(expected, item, (*steps, position), report)


def _is_scalar(value: Any) -> bool:
    if isinstance(value, int):
        return value.bit_length() <= _MOST_BITS
    return isinstance(value, str) or (isinstance(value, float) and isfinite(value))


def _is_ip(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


SCALAR = Plain("a text, a finite number, or true or false", _is_scalar)
_PART = Plain(
    "a non-empty text, a finite number, or true or false", lambda value: _is_scalar(value) and value != ""
)
_NUMBER = Plain(
    "a finite number",
    lambda value: _is_scalar(value) and not isinstance(value, str | bool),
)
GIVEN: Mapping[Takes, Kind] = {
    Takes.SCALAR: SCALAR,
    Takes.PART: _PART,
    Takes.TEXT: NAME,
    Takes.NUMBER: _NUMBER,
    Takes.NETWORKS: Plain(
        "a network such as 10.0.0.0/8 or an IP address", lambda value: network(value) is not None
    ),
    Takes.ADDRESSES: Plain("an IP address", _is_ip),
}
"""What a condition that takes one value, or several of a kind, takes."""
