"""The event object of the rule contract, section 3: one test for each clause of its table."""

import collections
import copy
import json
import pickle
import time
from collections.abc import Hashable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from operator import add, lt, mul
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.model.event import (
    Event,
    ImmutableCaseInsensitiveDict,
    ImmutableList,
    PantherError,
    PantherEvent,
)

KEYS = st.sampled_from("aAbBßẞ") | st.text(max_size=3)  # a few that often meet in another case, and any
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(KEYS, JSON, max_size=4)


def login() -> dict[str, Any]:
    return {
        "eventName": "ConsoleLogin",
        "userIdentity": {"Type": "Root", "arn": None, "tags": [{"Key": "team"}, "x"]},
        "resources": [{"ARN": "arn:1"}, ["a", "b"], 3],
        "errorCode": None,
    }


@pytest.fixture
def event() -> PantherEvent:
    return PantherEvent(login())


@pytest.fixture
def local_zone_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


# -- reading by key ----------------------------------------------------------------------------------------


def test_a_key_is_found_as_written(event: PantherEvent) -> None:
    assert event["eventName"] == "ConsoleLogin"


def test_a_key_is_found_in_any_case(event: PantherEvent) -> None:
    assert event["EVENTNAME"] == event.get("eventname") == "ConsoleLogin"


def test_nested_keys_are_found_in_any_case(event: PantherEvent) -> None:
    assert event["useridentity"]["TYPE"] == "Root"
    assert event["resources"][0]["arn"] == "arn:1"


def test_the_exact_key_wins_over_another_case() -> None:
    assert PantherEvent({"A": 1, "a": 2})["a"] == 2


@pytest.mark.parametrize("make", [PantherEvent, ImmutableCaseInsensitiveDict])
def test_of_keys_that_differ_in_case_the_first_in_order_wins(
    make: type[ImmutableCaseInsensitiveDict],
) -> None:
    assert make({"Ab": 1, "AB": 2, "aB": 3})["ab"] == 1


def test_case_is_python_lower_and_not_case_folding() -> None:
    event = PantherEvent({"ÜN": 1, "ß": 2})
    assert event["ün"] == 1
    assert "SS" not in event


def test_a_missing_key_raises_key_error_with_the_key_as_asked(event: PantherEvent) -> None:
    with pytest.raises(KeyError) as raised:
        event["Nope"]
    assert raised.value.args == ("Nope",)


def test_get_gives_none_for_a_missing_key(event: PantherEvent) -> None:
    assert event.get("nope") is None


def test_get_gives_the_default_itself_unwrapped(event: PantherEvent) -> None:
    default = {"a": [1]}
    assert event.get("nope", default) is default
    assert event["userIdentity"].get("nope", default=default) is default


def test_get_gives_a_null_value_and_not_the_default(event: PantherEvent) -> None:
    assert event.get("errorcode", "d") is None


def test_chained_gets_with_dict_defaults_end_in_none(event: PantherEvent) -> None:
    assert event.get("nope", {}).get("a", {}).get("b") is None


def test_membership_ignores_case(event: PantherEvent) -> None:
    assert "eventname" in event
    assert "errorCode" in event
    assert "nope" not in event
    assert "type" in event["userIdentity"]


@pytest.mark.parametrize("key", [1, None, ("a",)])
def test_a_key_that_is_no_text_is_an_error_in_a_filled_event(event: PantherEvent, key: Any) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        event[key]
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        event.get(key, "d")
    with pytest.raises(AttributeError, match="has no attribute 'lower'"):
        key in event  # noqa: B015 - the question itself raises


def test_an_empty_container_has_no_key_of_any_kind() -> None:
    nothing: Any = PantherEvent({})
    nested = PantherEvent({"a": {}})
    for key in ("a", 1, None):
        assert nested.deep_get("a", key, default="d") == "d"  # type: ignore[arg-type]  # no text, on purpose
        for empty in (nothing, nested["a"]):
            assert key not in empty
            assert empty.get(key, "d") == "d"
            with pytest.raises(KeyError):
                empty[key]


@pytest.mark.parametrize("data", [{}, {"a": 1}])
def test_an_unhashable_key_is_a_type_error(data: dict[str, Any]) -> None:
    key: Any = []
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        key in PantherEvent(data)  # noqa: B015 - the question itself raises


def test_a_key_in_the_data_that_is_no_text_is_found_exactly_and_breaks_the_search_behind_it() -> None:
    data: Any = {"A": 1, 2: "two", "B": 3}
    event = PantherEvent(data)
    assert event[2] == "two"  # type: ignore[index]  # YAML test bodies can hold such keys
    assert event["a"] == 1
    assert event["B"] == 3
    with pytest.raises(AttributeError, match="'int' object has no attribute 'lower'"):
        event.get("b")


# -- wrapping ----------------------------------------------------------------------------------------------


def test_nested_dicts_and_lists_are_wrapped_on_access(event: PantherEvent) -> None:
    assert type(event["userIdentity"]) is type(event["resources"][0]) is ImmutableCaseInsensitiveDict
    assert type(event["resources"]) is type(event["resources"][1]) is ImmutableList


@pytest.mark.parametrize("value", ["x", 1, 1.5, True, None, (1, [2]), collections.OrderedDict(a=1)])
def test_what_is_neither_dict_nor_list_passes_through(value: Any) -> None:
    assert PantherEvent({"k": value})["k"] is value


def test_wrappers_are_neither_dict_nor_list_nor_tuple(event: PantherEvent) -> None:
    assert not isinstance(event, dict)
    assert not isinstance(event["userIdentity"], dict)
    assert not isinstance(event["resources"], list | tuple)


def test_wrappers_are_mappings_and_sequences_that_cannot_change(event: PantherEvent) -> None:
    assert isinstance(event, Mapping)
    assert isinstance(event["userIdentity"], Mapping)
    assert isinstance(event["resources"], Sequence)
    assert not isinstance(event, MutableMapping)
    assert not isinstance(event["resources"], MutableSequence)


def test_nested_dicts_have_no_methods_of_the_event(event: PantherEvent) -> None:
    for name in ("udm", "udm_path", "deep_walk", "lookup", "event_time_epoch", "json_encoder"):
        assert hasattr(event, name)
        assert not hasattr(event["userIdentity"], name)


def test_event_is_trailcams_word_for_panther_event() -> None:
    assert Event is PantherEvent


def test_an_event_lies_over_a_shallow_copy() -> None:
    data = login()
    event = PantherEvent(data)
    data["new"] = 1
    data["userIdentity"]["new"] = 1
    assert "new" not in event
    assert "new" in event["userIdentity"]


def test_an_event_made_from_a_wrapper_holds_its_raw_data(event: PantherEvent) -> None:
    assert repr(PantherEvent(event["userIdentity"])) == f"PantherEvent({login()['userIdentity']})"


@pytest.mark.parametrize("data", [None, 5, "abc", [1]])
def test_an_event_is_made_from_a_mapping_only(data: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        PantherEvent(data)


# -- as a mapping ------------------------------------------------------------------------------------------


def test_length_counts_keys_and_keys_that_differ_in_case_are_two() -> None:
    assert len(PantherEvent({"a": 1, "A": 2})) == 2


def test_iteration_gives_the_keys_as_written_in_order(event: PantherEvent) -> None:
    assert list(event) == list(event.keys()) == list(login())
    assert sorted(event) == sorted(login())


def test_items_and_values_are_wrapped(event: PantherEvent) -> None:
    assert type(dict(event.items())["userIdentity"]) is ImmutableCaseInsensitiveDict
    assert [type(value) for value in event.values()] == [
        str, ImmutableCaseInsensitiveDict, ImmutableList, type(None),
    ]  # fmt: skip


def test_views_ask_in_any_case(event: PantherEvent) -> None:
    assert "EVENTNAME" in event.keys()  # noqa: SIM118 - the view is what is tested
    assert ("eventname", "ConsoleLogin") in event.items()
    assert "ConsoleLogin" in event.values()


def test_dict_of_an_event_is_a_dict_of_wrapped_values(event: PantherEvent) -> None:
    assert type(dict(event)["resources"]) is ImmutableList
    assert type({**event}["resources"]) is ImmutableList


def test_an_event_can_be_spread_into_keyword_arguments() -> None:
    def keywords(**given: Any) -> dict[str, Any]:
        return given

    assert keywords(**PantherEvent({"a": 1, "b": 2})) == {"a": 1, "b": 2}


def test_an_empty_event_is_false(event: PantherEvent) -> None:
    assert event
    assert not PantherEvent({})
    assert not PantherEvent({"a": {}})["a"]


def test_an_event_equals_the_dict_it_was_made_from(event: PantherEvent) -> None:
    assert event == login()
    assert login() == event
    assert event == PantherEvent(login())
    assert event["userIdentity"] == login()["userIdentity"]


def test_equality_does_not_ignore_case() -> None:
    assert PantherEvent({"A": 1}) != {"a": 1}


@pytest.mark.parametrize("other", [None, 1, [1], {}])
def test_an_event_equals_nothing_else(event: PantherEvent, other: Any) -> None:
    assert event != other


def test_wrappers_are_unhashable(event: PantherEvent) -> None:
    for wrapper in (event, event["userIdentity"], event["resources"]):
        assert not isinstance(wrapper, Hashable)
        with pytest.raises(TypeError, match=f"unhashable type: '{type(wrapper).__name__}'"):
            hash(wrapper)


def test_an_event_cannot_be_merged_with_a_pipe(event: PantherEvent) -> None:
    merge: Any = event
    with pytest.raises(TypeError, match="unsupported operand"):
        merge | {"a": 1}
    with pytest.raises(TypeError, match="unsupported operand"):
        {"a": 1} | merge


# -- read-only ---------------------------------------------------------------------------------------------


def test_items_cannot_be_set_or_deleted(event: PantherEvent) -> None:
    for wrapper, key in ((event, "eventName"), (event["userIdentity"], "Type"), (event["resources"], 0)):
        target: Any = wrapper
        with pytest.raises(TypeError, match="item assignment"):
            target[key] = 1
        with pytest.raises(TypeError, match="item deletion"):
            del target[key]


@pytest.mark.parametrize("name", ["pop", "popitem", "update", "setdefault", "clear"])
def test_an_event_has_no_method_that_writes(event: PantherEvent, name: str) -> None:
    assert not hasattr(event, name)
    assert not hasattr(event["userIdentity"], name)


@pytest.mark.parametrize("name", ["append", "extend", "insert", "pop", "remove", "reverse", "sort", "clear"])
def test_a_list_has_no_method_that_writes(event: PantherEvent, name: str) -> None:
    assert not hasattr(event["resources"], name)


def test_a_rule_cannot_leave_attributes_on_an_event(event: PantherEvent) -> None:
    with pytest.raises(AttributeError):
        event.note = 1  # type: ignore[attr-defined]  # what is tested


# -- lists -------------------------------------------------------------------------------------------------


def test_a_list_is_indexed_from_both_ends(event: PantherEvent) -> None:
    assert event["resources"][2] == event["resources"][-1] == 3


def test_an_index_out_of_range_and_a_key_are_errors_of_a_tuple(event: PantherEvent) -> None:
    with pytest.raises(IndexError, match="tuple index out of range"):
        event["resources"][9]
    with pytest.raises(TypeError, match="tuple indices must be integers or slices, not str"):
        event["resources"]["a"]


def test_a_slice_is_a_tuple_of_raw_items(event: PantherEvent) -> None:
    assert event["resources"][:2] == ({"ARN": "arn:1"}, ["a", "b"])
    assert [type(item) for item in event["resources"][:2]] == [dict, list]
    assert event["resources"][::-1][0] == 3


def test_iterating_a_list_wraps_forwards_and_backwards(event: PantherEvent) -> None:
    kinds = [ImmutableCaseInsensitiveDict, ImmutableList, int]
    assert [type(item) for item in event["resources"]] == kinds
    assert [type(item) for item in list(event["resources"])] == kinds
    assert [type(item) for item in reversed(event["resources"])] == kinds[::-1]


def test_a_list_equals_lists_and_tuples_with_the_same_items() -> None:
    items = ImmutableList([1, {"a": 2}])
    assert items == [1, {"a": 2}]
    assert [1, {"a": 2}] == items  # noqa: SIM300 - both directions
    assert items == (1, {"a": 2})
    assert items == ImmutableList((1, {"a": 2}))


@pytest.mark.parametrize("other", [[1], (2, 1), "12", {1, 2}, None, range(1, 3)])
def test_a_list_equals_nothing_else(other: Any) -> None:
    assert ImmutableList([1, 2]) != other


def test_a_list_has_members_by_equality(event: PantherEvent) -> None:
    assert {"ARN": "arn:1"} in event["resources"]
    assert ["a", "b"] in event["resources"]
    assert {"arn": "arn:1"} not in event["resources"]


def test_a_list_counts_and_finds(event: PantherEvent) -> None:
    assert event["resources"].index(["a", "b"]) == 1
    assert event["resources"].count(3) == 1
    with pytest.raises(ValueError, match=r"^$"):
        event["resources"].index("absent")


def test_a_list_serves_the_builtins_of_a_list(event: PantherEvent) -> None:
    letters = event["resources"][1]
    assert len(letters) == 2
    assert sorted(letters, reverse=True) == ["b", "a"]
    assert ",".join(letters) == "a,b"
    assert set(letters) == {"a", "b"}
    assert [*letters, "c"] == ["a", "b", "c"]


def test_an_empty_list_is_false() -> None:
    assert not ImmutableList([])
    assert ImmutableList([None])


def test_a_list_cannot_be_concatenated_repeated_or_ordered() -> None:
    items: Any = ImmutableList([1])
    for operator, other in ((add, [2]), (add, items), (mul, 2), (lt, [2])):
        with pytest.raises(TypeError):
            operator(items, other)
    with pytest.raises(TypeError):
        add([2], items)


# -- text --------------------------------------------------------------------------------------------------


def test_wrappers_print_their_class_and_their_raw_contents() -> None:
    event = PantherEvent({"who": {"Type": "Root", "l": [{}]}, "ips": ["a", "b"], "one": [["x"]]})
    assert repr(event) == (
        "PantherEvent({'who': {'Type': 'Root', 'l': [{}]}, 'ips': ['a', 'b'], 'one': [['x']]})"
    )
    assert f"{event['who']}" == "ImmutableCaseInsensitiveDict({'Type': 'Root', 'l': [{}]})"
    assert str(event["ips"]) == "ImmutableList(('a', 'b'))"
    assert f"{event['one']}" == "ImmutableList((['x'],))"


def test_a_wrapper_takes_no_format_specification(event: PantherEvent) -> None:
    with pytest.raises(TypeError, match=r"unsupported format string passed to ImmutableList\.__format__"):
        f"{event['resources']:>9}"


# -- deep_get ----------------------------------------------------------------------------------------------


def test_deep_get_ignores_case_at_each_level(event: PantherEvent) -> None:
    assert event.deep_get("USERIDENTITY", "type") == "Root"
    assert event["useridentity"].deep_get("TYPE") == "Root"


def test_deep_get_wraps_what_it_finds(event: PantherEvent) -> None:
    assert type(event.deep_get("userIdentity")) is ImmutableCaseInsensitiveDict
    assert type(event.deep_get("userIdentity", "tags")) is ImmutableList


@pytest.mark.parametrize(
    "keys",
    [("nope",), ("nope", "a"), ("userIdentity", "nope"), ("eventName", "a"), ("errorCode", "a"),
     ("resources", "ARN"), ("resources", 0)],
)  # fmt: skip
def test_deep_get_gives_the_default_where_the_path_breaks(event: PantherEvent, keys: tuple[Any, ...]) -> None:
    assert event.deep_get(*keys) is None
    assert event.deep_get(*keys, default="d") == "d"


def test_deep_get_gives_the_default_for_a_final_null(event: PantherEvent) -> None:
    assert event.deep_get("userIdentity", "arn", default="d") == "d"
    assert event.deep_get("errorCode", default="d") == "d"


@pytest.mark.parametrize("value", [0, "", False, [], {}])
def test_deep_get_keeps_a_false_value(value: Any) -> None:
    found = PantherEvent({"a": {"b": value}}).deep_get("a", "b", default="d")
    assert found == value
    assert found != "d"


def test_deep_get_gives_the_default_itself(event: PantherEvent) -> None:
    default: list[Any] = []
    assert event.deep_get("nope", "a", default=default) is default


def test_deep_get_looks_the_remaining_keys_up_in_a_mapping_given_as_default(event: PantherEvent) -> None:
    default = {"b": {"C": 1}}
    assert event.deep_get("nope", "b", "C", default=default) == 1
    assert event.deep_get("eventName", "a", "b", default=default) is default["b"]
    assert event.deep_get("nope", "B", default=default) is default
    assert event.deep_get("nope", "b", default={"b": None}) == {"b": None}


def test_deep_get_enters_other_mappings_case_sensitively() -> None:
    event = PantherEvent({"od": collections.OrderedDict(A=1), "e": PantherEvent({"A": 1})})
    assert event.deep_get("od", "A") == 1
    assert event.deep_get("od", "a") is None
    assert event.deep_get("e", "a") == 1


def test_deep_get_without_keys_is_the_event(event: PantherEvent) -> None:
    assert event.deep_get(default="d") is event


# -- deep_walk ---------------------------------------------------------------------------------------------


def walker(data: Any) -> Any:
    return PantherEvent({"a": data}).deep_walk


def test_deep_walk_walks_dicts(event: PantherEvent) -> None:
    assert event.deep_walk("userIdentity", "Type") == "Root"


def test_deep_walk_minds_case(event: PantherEvent) -> None:
    assert event.deep_walk("useridentity", "Type", default="d") == "d"
    assert event.deep_walk("userIdentity", "type", default="d") == "d"


def test_deep_walk_enters_lists_and_lists_of_lists() -> None:
    walk = walker([[{"k": 1}, {"k": 2}], {"k": [3, 4]}, {"j": [{"k": 5}]}])
    assert walk("a", "k") == [1, 2, 3, 4]
    assert walk("a", "j", "k") == 5


def test_deep_walk_gives_distinct_values_in_first_seen_order() -> None:
    assert walker([{"k": "b"}, {"k": "a"}, {"k": "b"}])("a", "k") == ["b", "a"]


def test_deep_walk_takes_one_and_true_for_the_same_value() -> None:
    assert repr(walker([{"k": 1}, {"k": True}, {"k": 1.0}, {"k": 2}])("a", "k")) == "[1, 2]"


def test_deep_walk_gives_a_single_value_as_itself() -> None:
    assert walker([{"k": 1}, {"j": 2}])("a", "k") == 1


def test_deep_walk_gives_the_first_or_the_last() -> None:
    walk = walker([{"k": 1}, {"k": 2}, {"k": 3}])
    assert walk("a", "k", return_val="first") == 1
    assert walk("a", "k", return_val="last") == 3


def test_deep_walk_takes_the_last_of_each_list_before_the_last_of_all() -> None:
    assert walker([[{"k": 1}, {"k": 2}], [{"k": 1}]])("a", "k", return_val="last") == 1


@pytest.mark.parametrize("return_val", ["odd", "ALL", "First", None])
def test_deep_walk_answers_an_unknown_return_val_with_the_word_all(return_val: Any) -> None:
    assert walker([{"k": 1}])("a", "k", return_val=return_val) == "all"
    assert walker([{"k": 1}, {"k": 2}])("a", "k", return_val=return_val) == "all"


def test_deep_walk_does_not_ask_return_val_where_no_list_was_entered(event: PantherEvent) -> None:
    assert event.deep_walk("userIdentity", "Type", return_val="odd") == "Root"
    assert walker([{"j": 1}])("a", "k", return_val="odd") is None


@pytest.mark.parametrize("element", [{"j": 0}, {"k": None}, {}, 7, None, [], {"k": []}])
def test_deep_walk_adds_the_default_for_each_element_without_the_key(element: Any) -> None:
    walk = walker([{"k": 1}, element, {"k": 2}])
    assert walk("a", "k", default="d") == [1, "d", 2]
    assert walk("a", "k") == [1, 2]


@pytest.mark.parametrize(
    ("default", "found"), [([7, 8], [1, 7, 8]), ((), 1), ([], 1), (1, 1), ("", [1, ""]), ([None], [1, None])]
)
def test_deep_walk_adds_the_items_of_a_default_that_is_a_list(default: Any, found: Any) -> None:
    assert walker([{"k": 1}, {"j": 2}])("a", "k", default=default) == found


def test_deep_walk_gives_the_default_where_the_path_breaks(event: PantherEvent) -> None:
    for keys in (("nope",), ("nope", "a"), ("eventName", "a"), ("errorCode",), ("errorCode", "a")):
        assert event.deep_walk(*keys) is None
        assert event.deep_walk(*keys, default="d") == "d"


def test_deep_walk_goes_on_in_a_mapping_given_as_default(event: PantherEvent) -> None:
    assert event.deep_walk("nope", "a", default={"a": 1}) == 1


@pytest.mark.parametrize("empty", [[], [[], [[]]]])
def test_deep_walk_gives_the_default_for_empty_lists(empty: list[Any]) -> None:
    assert walker(empty)("a") is None
    assert walker(empty)("a", default="d") == "d"
    assert walker(empty)("a", "k", default="d") == "d"


@pytest.mark.parametrize("value", [0, "", False, {}, [""], [None], [{}]])
def test_deep_walk_keeps_a_false_value_that_is_no_empty_list(value: Any) -> None:
    assert walker(value)("a", default="d") == value


@pytest.mark.parametrize("leaf", [{"x": 1}, {}, [{"x": 1}], [[1]]])
def test_deep_walk_cannot_tell_dicts_below_a_list_apart(leaf: Any) -> None:
    for return_val in ("all", "first"):
        with pytest.raises(TypeError, match="unhashable type"):
            walker([{"k": leaf}])("a", "k", return_val=return_val)


def test_deep_walk_cannot_add_a_default_that_is_a_dict() -> None:
    with pytest.raises(TypeError, match="unhashable type: 'dict'"):
        walker([{"j": 1}])("a", "k", default={})


def test_deep_walk_ends_in_a_raw_dict_or_list(event: PantherEvent) -> None:
    assert type(event.deep_walk("userIdentity")) is dict
    assert type(event.deep_walk("userIdentity", "tags")) is list


def test_changing_what_deep_walk_gave_does_not_change_the_event(event: PantherEvent) -> None:
    event.deep_walk("userIdentity")["new"] = 1
    event.deep_walk("resources").append(1)
    event.deep_walk()["new"] = 1
    assert event == login()


def test_deep_walk_goes_through_wrappers_in_the_data(event: PantherEvent) -> None:
    walk = walker({"e": event, "l": ImmutableList([{"k": 1}])})
    assert walk("a", "e", "userIdentity", "Type") == "Root"
    assert walk("a", "e", "useridentity") is None
    assert type(walk("a", "e")) is dict
    assert walk("a", "l", "k") == 1
    assert type(walk("a", "l")) is list


def test_deep_walk_takes_a_kind_of_text_for_text() -> None:
    text = type("YamlText", (str,), {})("ab")
    assert walker([{"k": text}, {"k": "c"}])("a", "k") == ["ab", "c"]


# -- unified names -----------------------------------------------------------------------------------------


class FakeModel:
    """Maps `ip` to a path and `mute` to a path that finds nothing."""

    def maps(self, name: str) -> bool:
        return name in ("ip", "mute")

    def path(self, name: str, event: Mapping[str, Any]) -> str | None:
        return "src.ip" if name == "ip" and "src" in event else None

    def resolve(self, name: str, event: Mapping[str, Any], default: Any) -> Any:
        assert type(event) is dict
        return event["src"]["ip"] if name == "ip" else default


def test_udm_without_a_model_reads_core_fields_before_the_top_level() -> None:
    event = PantherEvent({"P_UDM": {"user": {"Name": "ann"}}, "User": {"name": "bob", "email": "e"}})
    assert event.udm("user", "name") == "ann"
    assert event.udm("user", "email") == "e"
    assert event.udm("USER") == {"Name": "ann"}


def test_udm_takes_a_name_with_dots_for_one_key() -> None:
    event = PantherEvent({"a": {"b": 1}, "p_udm": {"c.d": 2}})
    assert event.udm("a.b") is None
    assert event.udm("c.d") == 2


@pytest.mark.parametrize("value", [None, 0, False, "", [], {}])
def test_udm_without_a_model_takes_a_false_value_for_missing(value: Any) -> None:
    event = PantherEvent({"p_udm": {"a": value}, "a": "top", "b": value})
    assert event.udm("a") == "top"
    assert event.udm("b") is None
    assert event.udm("b", default="d") == "d"


def test_udm_without_keys_is_the_default() -> None:
    event = PantherEvent({"p_udm": {"a": 1}})
    assert event.udm() is None
    assert event.udm(default="d") == "d"


def test_udm_asks_the_model_for_a_name_it_maps() -> None:
    event = PantherEvent({"src": {"ip": "192.0.2.1"}, "ip": "top"}, FakeModel())
    assert event.udm("ip") == "192.0.2.1"


def test_udm_does_not_fall_back_when_a_mapped_name_finds_nothing() -> None:
    assert PantherEvent({"mute": "top"}, FakeModel()).udm("mute", default="d") == "d"


def test_udm_passes_the_model_by_for_unmapped_names_and_several_keys() -> None:
    event = PantherEvent({"other": 1, "ip": {"v": 6}}, data_model=FakeModel())
    assert event.udm("other") == 1
    assert event.udm("ip", "v") == 6


def test_udm_path_is_where_the_name_leads_in_this_event() -> None:
    event = PantherEvent({"src": {"ip": "192.0.2.1"}}, FakeModel())
    assert event.udm_path("ip") == "src.ip"
    assert event.udm_path("mute") is None
    assert event.udm_path("other") is None
    assert PantherEvent({}, FakeModel()).udm_path("ip") is None


@pytest.mark.parametrize(
    ("data", "name"), [({"p_log_type": "AWS.CloudTrail"}, "AWS.CloudTrail"), ({"P_LOG_TYPE": "X"}, "None")]
)
def test_udm_path_without_a_model_names_the_log_type(data: dict[str, Any], name: str) -> None:
    with pytest.raises(PantherError) as raised:
        PantherEvent(data).udm_path("ip")
    assert str(raised.value) == f"a data model hasn't been specified for log type: {name}"


# -- lookup tables -----------------------------------------------------------------------------------------


def test_lookup_without_an_engine_reads_the_mocked_data() -> None:
    event = PantherEvent({"_mocked_lookup_data_": {"Assets": {"h1": {"Owner": "ann"}}}})
    assert event.lookup("assets", "H1")["owner"] == "ann"


@pytest.mark.parametrize("data", [{}, {"_mocked_lookup_data_": None}, {"_mocked_lookup_data_": {"t": {}}}])
def test_lookup_without_a_row_is_none(data: dict[str, Any]) -> None:
    assert PantherEvent(data).lookup("t", "k") is None


def test_lookup_asks_the_engine_when_it_has_registered(event: PantherEvent) -> None:
    event._add_lookup_function(lambda *asked: asked)
    assert event.lookup("Assets", "h1") == (event, "Assets", "h1")
    assert PantherEvent({}).lookup("Assets", "h1") is None


# -- time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-08-29 15:48:09", 1756482489),
        ("2025-08-29 15:48:09.999999999", 1756482489),
        ("2025-08-29T15:48:09", 1756482489),
        ("1969-12-31 23:59:59", -1),
        ("0001-01-01 00:00:00", -62135596800),
    ],
)
def test_event_time_epoch_reads_the_form_that_panther_stores(text: str, seconds: int) -> None:
    assert PantherEvent({"P_event_time": text}).event_time_epoch() == seconds


@pytest.mark.parametrize(
    "text",
    ["2025-08-29T15:48:09Z", "2025-08-29T15:48:09+02:00", "2025-08-29 15:48:09 UTC", "2025-08-29", "", "x",
     "2025-02-29 00:00:00", "9" * 30, "T-" + "9" * 30 + "h"],
)  # fmt: skip
def test_event_time_epoch_is_zero_for_any_other_form(text: str) -> None:
    assert PantherEvent({"p_event_time": text}).event_time_epoch() == 0


@pytest.mark.parametrize("value", [None, 0, 20250829154809, True, 1.5, ["2025-08-29 15:48:09"], {"a": 1}])
def test_event_time_epoch_is_zero_for_what_is_no_text(value: Any) -> None:
    event = PantherEvent({"p_event_time": value})
    assert event.event_time_epoch() == event.event_time_epoch(force_utc=False) == 0


def test_event_time_epoch_is_zero_without_an_event_time() -> None:
    assert PantherEvent({}).event_time_epoch() == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025-08-29T15:48:09Z", 1756482489),
        ("2025-08-29T15:48:09+02:00", 1756475289),
        ("2025-08-29 15:48:09", 1756482489),
        ("2025-08-29 15:48:09 CET", 1756482489),
        ("x", 0),
    ],
)
def test_event_time_epoch_reads_a_zone_unless_utc_is_forced(text: str, seconds: int) -> None:
    assert PantherEvent({"p_event_time": text}).event_time_epoch(force_utc=False) == seconds


def test_event_time_epoch_asks_no_clock() -> None:
    assert PantherEvent({"p_event_time": "15:48"}).event_time_epoch() == 15 * 3600 + 48 * 60


def test_event_time_epoch_asks_no_local_zone(local_zone_new_york: None) -> None:
    for text in ("2025-08-29 15:48:09", "2025-08-29 15:48:09 EST"):
        assert PantherEvent({"p_event_time": text}).event_time_epoch(force_utc=False) == 1756482489


# -- copies and JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "to_dict"])
def test_copies_are_deep_plain_and_free_to_change(event: PantherEvent, name: str) -> None:
    plain = getattr(event, name)()
    assert type(plain) is type(plain["userIdentity"]) is dict
    assert type(plain["resources"]) is list
    plain["userIdentity"]["tags"].append("new")
    plain["resources"][0]["new"] = 1
    assert event == login()
    assert type(getattr(event["userIdentity"], name)()) is dict


@pytest.mark.parametrize("name", ["copy", "as_list"])
def test_a_copied_list_is_deep_plain_and_free_to_change(event: PantherEvent, name: str) -> None:
    plain = getattr(event["resources"], name)()
    assert type(plain) is list
    plain[0]["new"] = 1
    assert event == login()


def test_copies_unwrap_wrappers_and_keep_what_is_not_json(event: PantherEvent) -> None:
    plain = PantherEvent({"e": event, "l": [ImmutableList([{}])], "s": {1}}).to_dict()
    assert type(plain["e"]) is dict
    assert type(plain["l"][0]) is list
    assert plain["s"] == {1}


def test_nothing_that_an_event_gives_out_changes_the_event() -> None:
    raw = {"a": {"b": [{"c": {"d": 1}}, {"c": {"d": 2}}]}}
    event = PantherEvent(raw)
    event.raw_view()["a"]["b"].clear()
    event["a"].raw_view()["b"][0]["c"] = 0
    event.deep_walk("a", "b")[0]["c"]["d"] = 0
    event.deep_walk("a")["b"].clear()
    event["a"]["b"][0:1][0]["c"]["d"] = 0
    event.to_dict()["a"].clear()
    assert raw == {"a": {"b": [{"c": {"d": 1}}, {"c": {"d": 2}}]}}


def test_raw_view_is_case_sensitive(event: PantherEvent) -> None:
    assert event.raw_view() == login()
    with pytest.raises(KeyError):
        event.raw_view()["eventname"]


def test_changing_a_nested_raw_view_does_not_change_the_event(event: PantherEvent) -> None:
    event["userIdentity"].raw_view()["new"] = 1
    assert event == login()


def test_copy_and_deepcopy_keep_the_class(event: PantherEvent) -> None:
    for wrapper in (event, event["userIdentity"], event["resources"]):
        for duplicate in (copy.copy(wrapper), copy.deepcopy(wrapper)):
            assert type(duplicate) is type(wrapper)
            assert duplicate == wrapper
    assert copy.deepcopy(event).raw_view()["userIdentity"] is not event.raw_view()["userIdentity"]


def test_an_event_survives_pickling_before_and_after_a_lookup(event: PantherEvent) -> None:
    for _ in range(2):
        again = pickle.loads(pickle.dumps(event))
        assert type(again) is PantherEvent
        assert again == event
        assert again["EVENTNAME"] == event["EVENTNAME"]


def test_json_needs_the_encoder(event: PantherEvent) -> None:
    for wrapper in (event, event["userIdentity"], event["resources"]):
        with pytest.raises(TypeError, match=f"Object of type {type(wrapper).__name__} is not JSON"):
            json.dumps(wrapper)


def test_the_encoder_writes_wrappers_at_any_depth(event: PantherEvent) -> None:
    context = {"event": event, "list": [event["resources"]], "who": event["userIdentity"]}
    plain = {"event": login(), "list": [login()["resources"]], "who": login()["userIdentity"]}
    assert json.dumps(context, default=PantherEvent.json_encoder) == json.dumps(plain)


@pytest.mark.parametrize(("value", "name"), [({1}, "set"), (b"x", "bytes"), (object, "type")])
def test_the_encoder_refuses_what_is_not_json(value: Any, name: str) -> None:
    with pytest.raises(TypeError) as raised:
        json.dumps({"a": value}, default=PantherEvent.json_encoder)
    assert str(raised.value) == f"object of type <class '{name}'> is not JSON serializable"


# -- properties --------------------------------------------------------------------------------------------


@given(RECORDS)
def test_wrapping_then_to_dict_gives_the_data_back(data: dict[str, Any]) -> None:
    event = PantherEvent(data)
    assert event.to_dict() == data == event
    assert repr(event.to_dict()) == repr(data)
    assert json.dumps(event, default=PantherEvent.json_encoder) == json.dumps(data)


@given(RECORDS, st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
def test_any_spelling_with_the_same_lower_case_finds_the_first_such_key(
    data: dict[str, Any], spell: Any
) -> None:
    event, nested = PantherEvent(data), PantherEvent({"n": data})["n"]
    for key in data:
        asked = spell(key)
        same = [stored for stored in data if stored.lower() == asked.lower()]
        if not same:  # upper("ß") is "SS", whose lower case is another word
            continue
        expected = data[asked] if asked in data else data[same[0]]
        assert event[asked] == nested[asked] == expected
        assert event.deep_get(asked) == PantherEvent({"n": data}).deep_get("N", asked) == expected


@given(RECORDS, st.lists(KEYS, min_size=1, max_size=3))
def test_deep_get_agrees_with_chained_gets(data: dict[str, Any], keys: list[str]) -> None:
    node: Any = PantherEvent(data)
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    assert PantherEvent(data).deep_get(*keys) == node


@given(st.text(), st.booleans())
def test_no_event_time_makes_event_time_epoch_raise(text: str, force_utc: bool) -> None:
    assert type(PantherEvent({"p_event_time": text}).event_time_epoch(force_utc)) is int
