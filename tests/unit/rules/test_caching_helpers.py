"""What a rule remembers, through the functions it calls, over the store in memory."""

import importlib
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import trailcam.rules.compat
from trailcam.model.event import PantherEvent
from trailcam.model.timestamps import SECOND, Micros
from trailcam.rules.keyvalue import (
    DEFAULT_TTL_SECONDS,
    GRACE_SECONDS,
    InMemoryStore,
    Item,
    StateUnavailable,
    current,
    use,
)

START = 1_700_000_000


class SteppedClock:
    """A clock that shows what it is set to, in seconds since the epoch."""

    def __init__(self) -> None:
        self.seconds: float = START

    def __call__(self) -> Micros:
        return Micros(int(self.seconds * SECOND))


@pytest.fixture(scope="module")
def caching() -> Iterator[Any]:
    path, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(Path(trailcam.rules.compat.__path__[0])))
    yield importlib.import_module("panther_detection_helpers.caching")
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("panther_"):
            del sys.modules[name]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def store(clock: SteppedClock) -> Iterator[InMemoryStore]:
    store = InMemoryStore()
    with use(store, clock):
        yield store


def kept(store: InMemoryStore, key: str) -> Item:
    item = store.load(key)
    assert item is not None
    return item


# -- whether there is a memory -------------------------------------------------------------------------------


def test_without_a_memory_at_hand_every_function_says_so(caching: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: caching.get_counter("k"),
        lambda: caching.increment_counter("k"),
        lambda: caching.reset_counter("k"),
        lambda: caching.set_key_expiration("k", 1),
        lambda: caching.get_string_set("k"),
        lambda: caching.put_string_set("k", ["a"]),
        lambda: caching.add_to_string_set("k", "a"),
        lambda: caching.remove_from_string_set("k", "a"),
        lambda: caching.reset_string_set("k"),
        lambda: caching.put_dictionary("k", {}),
        lambda: caching.get_dictionary("k"),
        lambda: caching.evaluate_threshold("k"),
        lambda: caching.check_account_age("k"),
        lambda: caching.ttl_expired({}),
    ]
    for call in calls:
        with pytest.raises(StateUnavailable):
            call()


def test_a_rule_that_catches_every_exception_does_not_catch_a_missing_memory(caching: Any) -> None:
    def rule() -> bool:
        try:
            return bool(caching.get_counter("k"))
        except Exception:
            return False

    with pytest.raises(StateUnavailable):
        rule()


def test_a_memory_ends_with_its_block(clock: SteppedClock) -> None:
    with use(InMemoryStore(), clock):
        pass

    with pytest.raises(StateUnavailable):
        current()


def test_a_memory_ends_with_its_block_when_the_rule_raises(clock: SteppedClock) -> None:
    with pytest.raises(ZeroDivisionError), use(InMemoryStore(), clock):
        _ = 1 // 0

    with pytest.raises(StateUnavailable):
        current()


def test_of_nested_blocks_the_innermost_counts(caching: Any, clock: SteppedClock) -> None:
    with use(InMemoryStore(), clock):
        caching.increment_counter("k")
        with use(InMemoryStore(), clock):
            assert caching.get_counter("k") == 0
        assert caching.get_counter("k") == 1


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("key", "error"), [(None, TypeError), (5, TypeError), ("", ValueError)])
def test_a_key_is_a_string_with_something_in_it(caching: Any, key: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        caching.get_counter(key)
    with pytest.raises(error):
        caching.put_string_set(key, ["a"])
    with pytest.raises(error):
        caching.put_dictionary(key, {})


# -- when things expire --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expires_at"),
    [
        (60, START + 60),
        (0, START),
        (-5, START - 5),
        ("60", START + 60),
        ("60.9", START + 60),
        (60.9, START + 60),
        (999_999_999, START + 999_999_999),
        (1_000_000_000, 1_000_000_000),
        (START + 7, START + 7),
        (str(START + 7), START + 7),
        (None, START + DEFAULT_TTL_SECONDS),
        (Decimal(60), START + DEFAULT_TTL_SECONDS),
    ],
)
def test_an_expiry_is_seconds_from_now_or_since_the_epoch(
    caching: Any, store: InMemoryStore, given: Any, expires_at: int
) -> None:
    caching.set_key_expiration("k", given)

    assert kept(store, "k").expires_at == expires_at


def test_an_expiry_that_is_no_number_is_refused(caching: Any, store: InMemoryStore) -> None:
    with pytest.raises(ValueError, match="soon"):
        caching.set_key_expiration("k", "soon")

    assert store.load("k") is None


def test_fractions_of_now_are_cut_off_when_an_expiry_is_counted_from_it(
    caching: Any, store: InMemoryStore, clock: SteppedClock
) -> None:
    clock.seconds = START + 0.9
    caching.set_key_expiration("k", 60)

    assert kept(store, "k").expires_at == START + 60


@pytest.mark.parametrize("call", ["increment_counter", "add_to_string_set", "put_string_set"])
def test_what_is_kept_without_an_expiry_is_kept_ninety_days(
    caching: Any, store: InMemoryStore, call: str
) -> None:
    getattr(caching, call)("k", *([] if call == "increment_counter" else [["a"]]))

    assert kept(store, "k").expires_at == START + 90 * 86_400


@pytest.mark.usefixtures("store")
def test_what_has_expired_is_seen_unless_the_rule_asks_for_the_living(
    caching: Any, clock: SteppedClock
) -> None:
    caching.increment_counter("count", 3, 60)
    caching.put_string_set("set", ["a"], 60)
    caching.put_dictionary("dictionary", {"a": 1}, 60)
    clock.seconds += 60

    assert caching.get_counter("count") == 3
    assert caching.get_counter("count", force_ttl_check=True) == 0
    assert caching.get_string_set("set") == {"a"}
    assert caching.get_string_set("set", force_ttl_check=True) == set()
    assert caching.get_dictionary("dictionary") == {"a": 1}
    assert caching.get_dictionary("dictionary", force_ttl_check=True) == {}


@pytest.mark.usefixtures("store")
def test_the_living_are_seen_up_to_the_moment_of_their_expiry(caching: Any, clock: SteppedClock) -> None:
    caching.put_string_set("k", ["a"], 60)
    clock.seconds += 59.999

    assert caching.get_string_set("k", force_ttl_check=True) == {"a"}


@pytest.mark.usefixtures("store")
def test_what_has_long_expired_is_gone_for_everyone(caching: Any, clock: SteppedClock) -> None:
    caching.put_string_set("k", ["a"], 60)
    clock.seconds += 60 + GRACE_SECONDS

    assert caching.get_string_set("k") == set()
    assert caching.add_to_string_set("k", "b") == {"b"}


@pytest.mark.parametrize(
    ("response", "expired"),
    [
        ({}, False),
        ({"Item": {}}, False),
        ({"Item": {"expiresAt": Decimal(START)}}, True),
        ({"Item": {"expiresAt": Decimal(START + 1)}}, False),
        ({"Item": {"expiresAt": str(START - 1)}}, True),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_response_in_dynamodbs_form_has_expired_or_not(
    caching: Any, response: dict[str, Any], expired: bool
) -> None:
    assert caching.ttl_expired(response) is expired


# -- counters ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store")
def test_a_counter_nobody_raised_is_zero(caching: Any) -> None:
    assert caching.get_counter("k") == 0


@pytest.mark.usefixtures("store")
def test_a_counter_adds_up_and_answers_with_the_new_count(caching: Any) -> None:
    assert [caching.increment_counter("k", amount) for amount in (1, 5, -2)] == [1, 6, 4]
    assert caching.get_counter("k") == 4


@pytest.mark.usefixtures("store")
def test_a_count_is_a_decimal_and_no_count_an_int(caching: Any) -> None:
    assert isinstance(caching.get_counter("k"), int)
    assert isinstance(caching.increment_counter("k"), int)
    assert isinstance(caching.increment_counter("k"), Decimal)
    assert isinstance(caching.get_counter("k"), Decimal)


@pytest.mark.usefixtures("store")
def test_an_expired_counter_answers_like_a_new_one_and_counts_on(caching: Any, clock: SteppedClock) -> None:
    caching.increment_counter("k", 5, 60)
    clock.seconds += 61

    assert caching.increment_counter("k", 1, 60) == 1
    assert caching.increment_counter("k", 1, 60) == 7


@pytest.mark.usefixtures("store")
def test_a_counter_lives_through_the_second_of_its_expiry(caching: Any, clock: SteppedClock) -> None:
    caching.increment_counter("k", 5, 60)
    clock.seconds += 60.9

    assert caching.increment_counter("k") == 6


def test_every_increment_renews_the_expiry(caching: Any, store: InMemoryStore, clock: SteppedClock) -> None:
    caching.increment_counter("k", 1, 60)
    clock.seconds += 30
    caching.increment_counter("k", 1, 60)

    assert kept(store, "k").expires_at == START + 90


def test_none_gives_a_living_counter_ninety_days(caching: Any, store: InMemoryStore) -> None:
    caching.increment_counter("k", 1, 60)
    caching.increment_counter("k", 1, None)

    assert kept(store, "k").expires_at == START + DEFAULT_TTL_SECONDS


def test_none_leaves_the_expiry_of_an_expired_counter(
    caching: Any, store: InMemoryStore, clock: SteppedClock
) -> None:
    caching.increment_counter("k", 1, 60)
    clock.seconds += 61
    caching.increment_counter("k", 1, None)

    assert kept(store, "k").expires_at == START + 60


@pytest.mark.usefixtures("store")
def test_a_counter_that_never_had_an_expiry_answers_like_a_new_one(caching: Any) -> None:
    assert [caching.increment_counter("k", 1, None) for _ in range(3)] == [1, 1, 1]
    assert caching.get_counter("k") == 3


def test_a_reset_counter_is_zero_and_keeps_its_expiry(caching: Any, store: InMemoryStore) -> None:
    caching.increment_counter("k", 5, 60)
    caching.reset_counter("k")

    assert caching.get_counter("k") == 0
    assert kept(store, "k").expires_at == START + 60


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("amount", [1.5, True, "1", None])
def test_a_counter_is_raised_by_whole_numbers_or_decimals_only(caching: Any, amount: Any) -> None:
    with pytest.raises(TypeError, match="int or a Decimal"):
        caching.increment_counter("k", amount)


@pytest.mark.usefixtures("store")
def test_a_threshold_is_true_when_it_is_reached_and_then_starts_again(caching: Any) -> None:
    assert [caching.evaluate_threshold("k", 3) for _ in range(6)] == [False, False, True, False, False, True]


@pytest.mark.usefixtures("store")
def test_a_threshold_is_ten_unless_the_rule_says_otherwise(caching: Any) -> None:
    assert [caching.evaluate_threshold("k") for _ in range(10)].index(True) == 9


def test_a_threshold_forgets_after_an_hour_unless_the_rule_says_otherwise(
    caching: Any, store: InMemoryStore
) -> None:
    caching.evaluate_threshold("k")
    caching.evaluate_threshold("other", expiry_seconds=60)

    assert kept(store, "k").expires_at == START + 3600
    assert kept(store, "other").expires_at == START + 60


# -- string sets ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store")
def test_a_string_set_nobody_put_is_empty(caching: Any) -> None:
    assert caching.get_string_set("k") == set()


@pytest.mark.usefixtures("store")
def test_a_string_set_is_what_was_put_last(caching: Any) -> None:
    caching.put_string_set("k", ["a", "b"])
    caching.put_string_set("k", {"c"})

    assert caching.get_string_set("k") == {"c"}


@pytest.mark.usefixtures("store")
def test_a_string_set_takes_a_list_of_the_event(caching: Any) -> None:
    caching.put_string_set("k", PantherEvent({"ips": ["192.0.2.1"]}).get("ips"))

    assert caching.get_string_set("k") == {"192.0.2.1"}


@pytest.mark.usefixtures("store")
def test_a_text_put_as_a_string_set_is_its_characters(caching: Any) -> None:
    caching.put_string_set("k", "aba")

    assert caching.get_string_set("k") == {"a", "b"}


@pytest.mark.usefixtures("store")
def test_changing_the_set_that_was_read_changes_nothing_kept(caching: Any) -> None:
    caching.put_string_set("k", ["a"])
    caching.get_string_set("k").add("b")

    assert caching.get_string_set("k") == {"a"}


@pytest.mark.usefixtures("store")
def test_putting_a_string_set_takes_the_place_of_all_under_the_key(caching: Any) -> None:
    caching.increment_counter("k")
    caching.put_string_set("k", ["a"])

    assert caching.get_counter("k") == 0


@pytest.mark.parametrize("nothing", [[], set(), None])
def test_putting_no_strings_forgets_the_strings_alone(
    caching: Any, store: InMemoryStore, nothing: Any
) -> None:
    caching.put_string_set("k", ["a"], 60)
    caching.increment_counter("k", 1, 60)
    caching.put_string_set("k", nothing, 999)

    assert kept(store, "k") == Item(count=Decimal(1), expires_at=START + 60)


@pytest.mark.usefixtures("store")
def test_adding_answers_with_the_resulting_set(caching: Any) -> None:
    assert caching.add_to_string_set("k", "one") == {"one"}
    assert caching.add_to_string_set("k", ["two", "one"]) == {"one", "two"}
    assert caching.get_string_set("k") == {"one", "two"}


@pytest.mark.usefixtures("store")
def test_adding_to_an_expired_set_adds_to_what_was_there(caching: Any, clock: SteppedClock) -> None:
    caching.put_string_set("k", ["old"], 60)
    clock.seconds += 61

    assert caching.add_to_string_set("k", "new") == {"old", "new"}
    assert caching.get_string_set("k", force_ttl_check=True) == {"old", "new"}


def test_adding_with_none_leaves_the_expiry(caching: Any, store: InMemoryStore) -> None:
    caching.put_string_set("k", ["a"], 60)
    caching.add_to_string_set("k", "b", None)

    assert kept(store, "k").expires_at == START + 60


@pytest.mark.parametrize("call", ["add_to_string_set", "remove_from_string_set"])
def test_adding_or_removing_nothing_reads_the_living_and_renews_nothing(
    caching: Any, store: InMemoryStore, clock: SteppedClock, call: str
) -> None:
    caching.put_string_set("k", ["a"], 60)

    assert getattr(caching, call)("k", []) == {"a"}
    assert kept(store, "k").expires_at == START + 60
    clock.seconds += 60
    assert getattr(caching, call)("k", []) == set()


def test_removing_answers_with_the_resulting_set_and_renews_the_expiry(
    caching: Any, store: InMemoryStore
) -> None:
    caching.put_string_set("k", ["a", "b", "c"], 60)

    assert caching.remove_from_string_set("k", "a") == {"b", "c"}
    assert caching.remove_from_string_set("k", ["b", "unknown"], 120) == {"c"}
    assert kept(store, "k").expires_at == START + 120


@pytest.mark.usefixtures("store")
def test_removing_from_an_expired_set_forgets_it(caching: Any, clock: SteppedClock) -> None:
    caching.put_string_set("k", ["a", "b"], 60)
    clock.seconds += 61

    assert caching.remove_from_string_set("k", "a") == set()
    assert caching.get_string_set("k") == set()


def test_a_reset_string_set_is_empty_and_keeps_its_expiry(caching: Any, store: InMemoryStore) -> None:
    caching.put_string_set("k", ["a"], 60)
    caching.reset_string_set("k")

    assert caching.get_string_set("k") == set()
    assert kept(store, "k").expires_at == START + 60


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("call", ["put_string_set", "add_to_string_set", "remove_from_string_set"])
def test_a_string_set_holds_strings_only(caching: Any, call: str) -> None:
    with pytest.raises(TypeError, match="not int"):
        getattr(caching, call)("k", ["a", 1])


@pytest.mark.usefixtures("store")
def test_an_account_is_young_while_a_set_lives_under_its_name(caching: Any, clock: SteppedClock) -> None:
    caching.put_string_set("new_account - 123456789012", ["1"], 60)

    assert caching.check_account_age("new_account - 123456789012") is True
    assert caching.check_account_age("new_account - 111122223333") is False
    clock.seconds += 60
    assert caching.check_account_age("new_account - 123456789012") is False


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["", None, 5])
def test_an_account_without_a_name_is_not_young(caching: Any, name: Any) -> None:
    assert caching.check_account_age(name) is False


# -- dictionaries --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store")
def test_a_dictionary_nobody_put_is_empty(caching: Any) -> None:
    assert caching.get_dictionary("k") == {}


@pytest.mark.usefixtures("store")
def test_a_dictionary_comes_back_as_json_has_it(caching: Any) -> None:
    caching.put_dictionary("k", {"a": [1, None, {"b": 2.5}], 7: "seven"})

    assert caching.get_dictionary("k") == {"a": [1, None, {"b": 2.5}], "7": "seven"}


def test_putting_a_dictionary_takes_the_place_of_all_under_the_key(
    caching: Any, store: InMemoryStore
) -> None:
    caching.put_string_set("k", ["a"])
    caching.put_dictionary("k", {}, 60)

    assert caching.get_string_set("k") == set()
    assert kept(store, "k").expires_at == START + 60


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("value", [["a"], "a", None])
def test_only_a_mapping_is_a_dictionary(caching: Any, value: Any) -> None:
    with pytest.raises(TypeError, match="takes a dictionary"):
        caching.put_dictionary("k", value)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("value", [{"a": {1, 2}}, {("a", "b"): 1}])
def test_a_dictionary_that_json_cannot_hold_is_refused(caching: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="as JSON"):
        caching.put_dictionary("k", value)


@pytest.mark.usefixtures("store")
def test_a_part_of_an_event_is_refused_with_what_to_do(caching: Any) -> None:
    with pytest.raises(ValueError, match="to_dict"):
        caching.put_dictionary("k", PantherEvent({"userIdentity": {"type": "Root"}}).get("userIdentity"))
