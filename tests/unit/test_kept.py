"""Comparing two homes in words."""

from typing import Any

from tests.kept import differences

HOME: dict[str, Any] = {
    "event rows": 3,
    "events": {("a", 1), ("b", 2)},
    "matches": {("r", "a")},
    "ledger": {"sha256:1"},
}


def test_homes_that_came_to_the_same_differ_in_nothing_but_their_origins() -> None:
    assert differences(HOME, HOME | {"ledger": {"s3:1"}}) == {}
    assert differences(HOME, HOME | {"ledger": {"s3:1"}}, besides=()).keys() == {"ledger"}


def test_what_is_missing_and_what_is_too_much_is_told() -> None:
    other = HOME | {"event rows": 4, "events": {("a", 1), ("c", 3), ("d", 4)}, "matches": set()}
    assert differences(HOME, other) == {
        "event rows": "4, not 3",
        "events": "1 missing, as ('b', 2); 2 more, as ('c', 3)",
        "matches": "1 missing, as ('r', 'a')",
    }
