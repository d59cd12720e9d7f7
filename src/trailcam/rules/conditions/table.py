"""The conditions: what each is called, what it takes, what it means, and how it is written in Python.

A value that is missing or null meets no condition but the negated ones. Where the documentation is silent,
on missing values, on values of another kind and on lists, what stands here is ours.

Source: https://docs.panther.com/detections/rules/writing-simple-detections/match-expression, its page of
error codes (which spells ...OrEquals), and the lists of conditions in the notes for authors of the public
panther-analysis repository (all read 2026-11-28).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum


class Takes(Enum):
    """What stands beside a condition, in words."""

    NOTHING = "nothing"
    SCALAR = "Value: a text, a number, or true or false"
    PART = "Value: a non-empty text, a number, or true or false"
    TEXT = "Value: a non-empty text"
    NUMBER = "Value: a number"
    SCALARS = "Values: a list of texts, numbers, true or false"
    NETWORKS = "Value or Values: networks such as 10.0.0.0/8, or addresses"
    ADDRESSES = "Value or Values: IP addresses"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    `holds` and `fails` are Python, in which `{value}` stands for the value of the event and `{given}` for
    what is given. `between` is the same for two values of the event. One that is `negated` is met where
    `holds` is not.
    """

    name: str
    takes: Takes
    means: str
    holds: str
    fails: str = ""
    between: str = ""
    negated: bool = False
    spellings: tuple[str, ...] = ()
    """Other names of the same."""

    @property
    def compares(self) -> bool:
        """Whether it can also stand between two values of the event."""
        return self.takes not in (Takes.NOTHING, Takes.SCALARS)


def _pair(
    name: str, negation: str, takes: Takes, means: str, *, holds: str, fails: str = "", between: str = ""
) -> Iterator[Condition]:
    """A condition and its negation."""
    condition = Condition(name, takes, means, holds, fails or f"not {holds}", between or holds)
    yield condition
    yield replace(condition, name=negation, means=f"not {name}", negated=True)


def _order(name: str, means: str, function: str, *, spellings: tuple[str, ...] = ()) -> Condition:
    holds = f"{function}({{value}}, {{given}})"
    return Condition(name, Takes.NUMBER, means, holds, between=holds, spellings=spellings)


def _call(function: str) -> str:
    return f"{function}({{value}}, {{given}})"


_EMPTY = '(None, "", [], {{}})'

_ALL: tuple[Condition, ...] = (
    *_pair(
        "Exists",
        "DoesNotExist",
        Takes.NOTHING,
        "the key is there, whatever its value, null included",
        holds="True",  # of a path with many values, each value that is there
    ),
    *_pair(
        "IsNotNull",
        "IsNull",
        Takes.NOTHING,
        "the key is there and not null",
        holds="{value} is not None",
        fails="{value} is None",
    ),
    *_pair(
        "IsNotNullOrEmpty",
        "IsNullOrEmpty",
        Takes.NOTHING,
        "the value is neither missing, null, an empty text, an empty list nor an empty mapping",
        holds=f"{{value}} not in {_EMPTY}",
        fails=f"{{value}} in {_EMPTY}",
    ),
    *_pair(
        "Equals",
        "DoesNotEqual",
        Takes.SCALAR,
        "the value is the one given; as in Python, 1, 1.0 and true are equal",
        holds="{value} == {given}",
        fails="{value} != {given}",
        between=_call("equals"),
    ),
    *_pair(
        "IEquals",
        "IDoesNotEqual",
        Takes.TEXT,
        "the value is the text given, case aside",
        holds=_call("i_equals"),
    ),
    *_pair(
        "StartsWith",
        "DoesNotStartWith",
        Takes.TEXT,
        "the value is a text that begins with the one given",
        holds=_call("starts_with"),
    ),
    *_pair(
        "IStartsWith",
        "IDoesNotStartWith",
        Takes.TEXT,
        "StartsWith, case aside",
        holds=_call("i_starts_with"),
    ),
    *_pair(
        "EndsWith",
        "DoesNotEndWith",
        Takes.TEXT,
        "the value is a text that ends with the one given",
        holds=_call("ends_with"),
    ),
    *_pair("IEndsWith", "IDoesNotEndWith", Takes.TEXT, "EndsWith, case aside", holds=_call("i_ends_with")),
    *_pair(
        "Contains",
        "DoesNotContain",
        Takes.PART,
        "the value is a text with the given one in it, or a list with the given value as an item "
        "or with a text that has the given one in it",
        holds=_call("contains"),
    ),
    *_pair("IContains", "IDoesNotContain", Takes.PART, "Contains, case aside", holds=_call("i_contains")),
    _order("IsGreaterThan", "the value is a number greater than the one given", "is_greater"),
    _order(
        "IsGreaterThanOrEqual",
        "the value is a number not less than the one given",
        "is_greater_or_equal",
        spellings=("IsGreaterThanOrEquals",),
    ),
    _order("IsLessThan", "the value is a number less than the one given", "is_less"),
    _order(
        "IsLessThanOrEqual",
        "the value is a number not greater than the one given",
        "is_less_or_equal",
        spellings=("IsLessThanOrEquals",),
    ),
    *_pair(
        "IsIn",
        "IsNotIn",
        Takes.SCALARS,
        "the value is one of those given, or a list with one of them as an item",
        holds="{value} in any_of({given})",
        fails="{value} not in any_of({given})",
    ),
    *_pair(
        "IsIPAddress", "IsNotIPAddress", Takes.NOTHING, "the value is an IP address", holds="is_ip({value})"
    ),
    *_pair(
        "IsIPv4Address",
        "IsNotIPv4Address",
        Takes.NOTHING,
        "the value is an IPv4 address",
        holds="is_ipv4({value})",
    ),
    *_pair(
        "IsIPv6Address",
        "IsNotIPv6Address",
        Takes.NOTHING,
        "the value is an IPv6 address",
        holds="is_ipv6({value})",
    ),
    *_pair(
        "IsIPAddressPublic",
        "IsIPAddressNotPublic",
        Takes.NOTHING,
        "the value is an IP address that the whole Internet may reach",
        holds="is_public_ip({value})",
    ),
    *_pair(
        "IsIPAddressPrivate",
        "IsIPAddressNotPrivate",
        Takes.NOTHING,
        "the value is an IP address of a private or reserved range",
        holds="is_private_ip({value})",
    ),
    *_pair(
        "IsIPAddressInCIDR",
        "IsIPAddressNotInCIDR",
        Takes.NETWORKS,
        "the value is an IP address in one of the networks given, or a network that overlaps one",
        holds=_call("in_network"),
    ),
    *_pair(
        "CIDRContainsIPAddresses",
        "CIDRDoesNotContainIPAddresses",
        Takes.ADDRESSES,
        "the value is a network, and one of the addresses given lies in it",
        holds=_call("in_network"),
    ),
)

CONDITIONS: Mapping[str, Condition] = {
    name: condition for condition in _ALL for name in (condition.name, *condition.spellings)
}
"""By name, other spellings included."""

ABSOLUTE: Mapping[str, str] = {"AlwaysTrue": "True", "AlwaysFalse": "False"}
"""Conditions that no event changes, and their Python."""

LIST_CONDITIONS: Mapping[str, str] = {
    "AnyElement": "one item of the list, or more, meets all Expressions",
    "AllElements": "the list has items, and each meets all Expressions",
    "NoElement": "no item of the list meets all Expressions; a list that is missing has none",
    "OnlyOneElement": "one item of the list, and no other, meets all Expressions",
}
"""Conditions on the items of a list, and what they mean."""

COMBINATORS: Mapping[str, str] = {
    "All": "each of the expressions holds",
    "Any": "one of the expressions, or more, holds",
    "OnlyOne": "one of the expressions, and no other, holds",
    "None": "none of the expressions holds",
}
"""Keys that join expressions, and what they mean."""

NEVER_IN_FILTERS = frozenset({"OnlyOne", "None", *LIST_CONDITIONS})
"""What inline filters cannot hold."""
