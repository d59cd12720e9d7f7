"""What conditions ask of a value; nothing here raises, whatever the value is.

A value that is not of the kind a comparison is about does not meet it: a text is never greater than a number,
a list starts with nothing, null equals nothing. Lists are looked into by `any_of` and `contains` alone.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from trailcam.rules.conditions.finding import is_list

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LONGEST_NETWORK = 64
"""Characters. The longest network without a zone has 49; a longer text is not worth remembering."""


class any_of:  # noqa: N801  # reads as a word: `value in any_of("a", "b")`
    """What `in` finds a value in that is one of a few, or a list with one of them.

    >>> ["a", "x"] in any_of("x", "y"), "a" in any_of("x", "y")
    (True, False)
    """

    __slots__ = ("_values",)

    def __init__(self, *values: Any) -> None:
        self._values = values

    def __contains__(self, value: Any) -> bool:
        if is_list(value):
            return any(item in self._values for item in value)
        return value in self._values


def equals(value: Any, other: Any) -> bool:
    """Whether two values are there and equal, as Python has it: 1, 1.0 and true are."""
    return value is not None and bool(value == other)


def i_equals(value: Any, other: Any) -> bool:
    """Whether two texts are the same but for case."""
    return isinstance(value, str) and isinstance(other, str) and value.lower() == other.lower()


def starts_with(value: Any, beginning: Any) -> bool:
    """Whether a text begins with another."""
    return isinstance(value, str) and isinstance(beginning, str) and value.startswith(beginning)


def i_starts_with(value: Any, beginning: Any) -> bool:
    """The same, case aside."""
    return starts_with(_lower(value), _lower(beginning))


def ends_with(value: Any, end: Any) -> bool:
    """Whether a text ends with another."""
    return isinstance(value, str) and isinstance(end, str) and value.endswith(end)


def i_ends_with(value: Any, end: Any) -> bool:
    """The same, case aside."""
    return ends_with(_lower(value), _lower(end))


def contains(value: Any, part: Any) -> bool:
    """Whether a part stands in a text, is an item of a list, or stands in an item of a list."""
    if is_list(value):
        return part is not None and any(item == part or _within(part, item) for item in value)
    return _within(part, value)


def i_contains(value: Any, part: Any) -> bool:
    """The same, case aside."""
    if is_list(value):
        return contains([_lower(item) for item in value], _lower(part))
    return contains(_lower(value), _lower(part))


def is_greater(value: Any, other: Any) -> bool:
    """Whether a number is greater than another; truth values are no numbers."""
    return _are_numbers(value, other) and value > other


def is_greater_or_equal(value: Any, other: Any) -> bool:
    """Whether a number is at least another."""
    return _are_numbers(value, other) and value >= other


def is_less(value: Any, other: Any) -> bool:
    """Whether a number is less than another."""
    return _are_numbers(value, other) and value < other


def is_less_or_equal(value: Any, other: Any) -> bool:
    """Whether a number is at most another."""
    return _are_numbers(value, other) and value <= other


def is_ip(value: Any) -> bool:
    """Whether a text is an IP address."""
    return _address(value) is not None


def is_ipv4(value: Any) -> bool:
    """Whether a text is an IPv4 address."""
    return isinstance(_address(value), ipaddress.IPv4Address)


def is_ipv6(value: Any) -> bool:
    """Whether a text is an IPv6 address."""
    return isinstance(_address(value), ipaddress.IPv6Address)


def is_public_ip(value: Any) -> bool:
    """Whether a text is an address that the whole Internet may reach."""
    address = _address(value)
    return address is not None and address.is_global


def is_private_ip(value: Any) -> bool:
    """Whether a text is an address of a private or reserved range."""
    address = _address(value)
    return address is not None and address.is_private


def in_network(value: Any, *networks: Any) -> bool:
    """Whether an address, or a part of a network, lies in one of some networks."""
    own = network(value)
    return own is not None and any(
        own.overlaps(other) for other in map(network, networks) if other is not None
    )


def every(answers: Iterable[bool]) -> bool:
    """Whether there are answers, and all are yes."""
    some = False
    for answer in answers:
        if not answer:
            return False
        some = True
    return some


def network(value: Any) -> _Network | None:
    """A text such as `10.0.0.0/8` as a network, an address as one of itself; None when it is neither."""
    return _parsed(value) if isinstance(value, str) and len(value) <= _LONGEST_NETWORK else None


@lru_cache(maxsize=4_096)
def _parsed(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(value: Any) -> _Address | None:
    try:
        return ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _within(part: Any, value: Any) -> bool:
    return isinstance(value, str) and isinstance(part, str) and part in value


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
