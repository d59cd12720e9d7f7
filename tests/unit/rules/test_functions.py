"""What each function of a rule may return, clause by clause of the contract, and exceptions in words."""

import json
import math
import sys
import traceback
from collections import ChainMap, OrderedDict, UserDict
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

import trailcam
from trailcam.model.event import PantherEvent
from trailcam.model.severity import Severity
from trailcam.rules.functions import (
    AUXILIARY,
    FunctionReturnTypeError,
    call_auxiliary,
    call_matcher,
    describe,
    shorten,
)
from trailcam.rules.keyvalue import StateUnavailable, current

TEXTS = ("title", "description", "reference", "runbook", "dedup", "unique")
EVENT = PantherEvent({"name": "root", "user": {"type": "Root"}, "ips": ["192.0.2.1", {"v": 6}]})
UNCATCHABLE = (SystemExit, KeyboardInterrupt, GeneratorExit, BaseException)


class OwnText(str):
    """As a rule might define it; `__str__` and slices lie."""

    def __str__(self) -> str:
        return "something else"

    def __getitem__(self, key: Any) -> str:
        return "a lie"


class Word(str, Enum):  # noqa: UP042  # the form that rules have, whose str() is another text
    LOW = "low"


class Grade(IntEnum):
    FOUR = 4


def module(**functions: Any) -> ModuleType:
    """A rule's module; what is no function is what its function of that name returns."""
    made = ModuleType("Rule")
    for name, given in functions.items():
        setattr(made, name, given if callable(given) else lambda _event, given=given: given)
    return made


def output(name: str, given: Any) -> Any:
    """What a function gave, checked. Raises what it raised."""
    (found,) = call_auxiliary(module(**{name: given}), EVENT).values()
    if found.error is not None:
        raise found.error
    return found.value


def raiser(error: BaseException | type[BaseException]) -> Any:
    def function(event: PantherEvent) -> Any:
        raise error

    return function


# -- rule --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [True, False])
def test_a_rule_says_yes_or_no(said: bool) -> None:
    assert call_matcher(module(rule=said), EVENT) is said


def test_a_rule_that_falls_through_to_none_says_no() -> None:
    assert call_matcher(module(rule=lambda event: None), EVENT) is False


@pytest.mark.parametrize("said", [1, 0, "", "True", [], [1], {}, 0.0, (), Grade.FOUR, EVENT, NotImplemented])
def test_a_rule_that_says_anything_but_a_bool_is_wrong_however_true_it_is(said: Any) -> None:
    with pytest.raises(FunctionReturnTypeError) as caught:
        call_matcher(module(rule=lambda event: said), EVENT)
    assert str(caught.value) == f"rule() must return a bool; it returned {type(said).__name__}"


def test_a_rule_may_be_a_lambda_a_class_with_call_or_take_any_number_of_arguments() -> None:
    class Callable:
        def __call__(self, event: PantherEvent) -> bool:
            return True

    for rule in (lambda e: True, Callable(), lambda *events: len(events) == 1, lambda e, extra=1: True):
        assert call_matcher(module(rule=rule), EVENT)


def test_an_async_rule_is_wrong_and_leaves_no_coroutine_behind() -> None:
    async def rule(event: PantherEvent) -> bool:
        return True

    with pytest.raises(FunctionReturnTypeError, match="it returned coroutine"):
        call_matcher(module(rule=rule), EVENT)  # a warning about a coroutine would fail this test


def test_functions_are_called_with_the_event_and_nothing_else() -> None:
    seen: list[tuple[Any, ...]] = []

    def function(*given: Any) -> bool:
        seen.append(given)
        return True

    made = module(rule=function, title=function)
    call_matcher(made, EVENT)
    call_auxiliary(made, EVENT)
    assert [len(given) for given in seen] == [1, 1]
    assert all(given[0] is EVENT for given in seen)


# -- which functions, in which order -----------------------------------------------------------------------


def test_all_functions_are_called_in_the_order_of_the_contract() -> None:
    calls: list[str] = []

    def recorder(name: str) -> Any:
        return lambda _event: calls.append(name)

    call_auxiliary(module(**{name: recorder(name) for name in reversed(AUXILIARY)}), EVENT)
    assert calls == [
        "title", "description", "reference", "severity", "runbook", "destinations", "dedup", "alert_context",
        "unique",
    ]  # fmt: skip


def test_a_function_that_is_not_defined_has_no_output() -> None:
    assert call_auxiliary(module(rule=True), EVENT) == {}


@pytest.mark.parametrize("name", AUXILIARY)
@pytest.mark.parametrize("error", [ValueError, *UNCATCHABLE, RecursionError, MemoryError, StopIteration])
def test_a_failure_of_one_function_stops_no_other(name: str, error: type[BaseException]) -> None:
    good: dict[str, Any] = dict.fromkeys(AUXILIARY, "x") | {
        "severity": "low", "destinations": ["x"], "alert_context": {"a": 1},
    }  # fmt: skip
    outputs = call_auxiliary(module(**(good | {name: raiser(error)})), EVENT)
    assert list(outputs) == list(AUXILIARY)
    assert [other for other in AUXILIARY if outputs[other].error is not None] == [name]
    assert isinstance(outputs[name].error, error)


@pytest.mark.parametrize("name", AUXILIARY)
def test_a_name_that_is_no_function_counts_as_defined_and_fails(name: str) -> None:
    made = ModuleType("Rule")
    setattr(made, name, "a str")
    error = call_auxiliary(made, EVENT)[name].error
    assert isinstance(error, TypeError)
    assert str(error) == "'str' object is not callable"


@pytest.mark.parametrize("name", AUXILIARY)
def test_a_function_without_a_parameter_fails(name: str) -> None:
    assert isinstance(call_auxiliary(module(**{name: lambda: "x"}), EVENT)[name].error, TypeError)


@pytest.mark.parametrize("name", AUXILIARY)
def test_an_async_function_fails_and_leaves_no_coroutine_behind(name: str) -> None:
    async def function(event: PantherEvent) -> str:
        return "x"

    assert isinstance(call_auxiliary(module(**{name: function}), EVENT)[name].error, FunctionReturnTypeError)


def test_a_modules_own_getattr_defines_functions() -> None:
    made = ModuleType("Rule")
    made.__getattr__ = {"title": lambda _event: "made up"}.__getitem__  # type: ignore[method-assign]  # as a rule file defines it
    outputs = call_auxiliary(made, EVENT)
    assert outputs["title"].value == "made up"
    assert [type(outputs[name].error) for name in AUXILIARY if name != "title"] == [KeyError] * 8


@pytest.mark.parametrize("name", AUXILIARY)
def test_a_function_that_asks_for_state_stops_everything(name: str) -> None:
    with pytest.raises(StateUnavailable):
        call_auxiliary(module(**{name: lambda _event: current()}), EVENT)


def test_the_except_of_a_rule_does_not_catch_that_there_is_no_state() -> None:
    def rule(event: PantherEvent) -> bool:
        try:
            current()
        except Exception:
            return False
        return True

    with pytest.raises(StateUnavailable):
        call_matcher(module(rule=rule), EVENT)


# -- texts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["", "  ", "a", "é世\U0001f600", "a\nb\0", "x" * 999, "x" * 1000])
def test_a_text_is_kept_as_it_is_up_to_a_thousand_characters(name: str, text: str) -> None:
    assert output(name, text) == text


@pytest.mark.parametrize("name", TEXTS)
def test_half_of_a_surrogate_pair_is_kept_as_an_escape_because_no_file_could_hold_it(name: str) -> None:
    assert output(name, "a\ud800b\udfff") == "a\\ud800b\\udfff"


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("length", [1001, 5000, 1_000_000])
def test_a_longer_text_is_cut_to_exactly_a_thousand_characters(name: str, length: int) -> None:
    assert output(name, "é" * length) == "é" * 985 + "... (truncated)"
    assert len(shorten("é" * length)) == 1000


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("wrong", [None, 5, True, b"x", ["x"], ("x",), {"x": 1}, {"x"}, EVENT, EVENT["user"]])
def test_anything_but_a_str_is_no_text(name: str, wrong: Any) -> None:
    with pytest.raises(FunctionReturnTypeError) as caught:
        output(name, lambda _event: wrong)
    assert str(caught.value) == f"{name}() must return a str; it returned {type(wrong).__name__}"


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_of_a_rules_own_type_becomes_a_plain_one_that_any_process_can_read(name: str) -> None:
    for given, text in (
        (OwnText("abc"), "abc"),
        (Word.LOW, "low"),
        (OwnText("x" * 2000), shorten("x" * 2000)),
    ):
        found = output(name, given)
        assert type(found) is str
        assert found == text


# -- severity ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["INFO", "info", "Low", "mEdIuM", "HIGH", "critical"])
def test_a_severity_is_one_of_five_words_in_any_case(word: str) -> None:
    assert output("severity", word) is Severity[word.upper()]


@pytest.mark.parametrize("word", ["DEFAULT", "default", "Default"])
def test_default_in_any_case_is_the_configured_severity(word: str) -> None:
    assert output("severity", word) is None


@pytest.mark.parametrize(
    "word", ["", " high", "high ", "informational", "none", "0", "CRITICAL\n", "x" * 5000]
)
def test_another_word_is_no_severity(word: str) -> None:
    with pytest.raises(ValueError, match="severity must be one of INFO, LOW, MEDIUM, HIGH, CRITICAL"):
        output("severity", word)


@pytest.mark.parametrize("wrong", [None, 4, Grade.FOUR, Severity.HIGH, ["HIGH"], b"HIGH", True])
def test_a_severity_that_is_no_str_is_wrong(wrong: Any) -> None:
    with pytest.raises(FunctionReturnTypeError, match=r"severity\(\) must return a str"):
        output("severity", lambda _event: wrong)


# -- destinations ------------------------------------------------------------------------------------------

TEN = [str(number) for number in range(10)]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param([], (), id="an empty list is nowhere"),
        pytest.param(None, None, id="None is the default routing"),
        pytest.param(["a", "b"], ("a", "b"), id="names are kept in order, as given"),
        pytest.param(["SKIP"], ("SKIP",), id="SKIP is a name like any other"),
        pytest.param([*TEN, "10", "11"], tuple(TEN), id="the first ten are kept"),
        pytest.param([*TEN, "1"], tuple(TEN), id="a repetition beyond ten does not matter"),
        pytest.param(["a", "a"], None, id="a name twice makes the list void"),
        pytest.param(["a"] * 11, None, id="a name eleven times too"),
        pytest.param([True], None, id="a bool passes for a name, and is none"),
        pytest.param(["a", False], None, id="and makes the list void"),
        pytest.param([OwnText("a")], ("a",), id="names become plain texts"),
    ],
)
def test_destinations(given: Any, kept: Any) -> None:
    assert output("destinations", lambda _event: given) == kept


@pytest.mark.parametrize(
    "wrong", [("a",), "a", {"a"}, {"a": 1}, [1], [None], [["a"]], [b"a"], EVENT["ips"], 5, True, [*TEN, 5]]
)
def test_destinations_that_are_no_list_of_str_are_wrong(wrong: Any) -> None:
    with pytest.raises(FunctionReturnTypeError, match=r"destinations\(\) must return a list of str or None"):
        output("destinations", lambda _event: wrong)


# -- alert_context -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "{}"),
        ({"a": 1, "b": None, "c": [True, 1.5, "x"]}, '{"a": 1, "b": null, "c": [true, 1.5, "x"]}'),
        (EVENT, json.dumps(EVENT.to_dict())),
        (EVENT["user"], '{"type": "Root"}'),
        ({"e": EVENT, "u": EVENT["user"]}, json.dumps({"e": EVENT.to_dict(), "u": {"type": "Root"}})),
        ({"deep": [{"ips": EVENT["ips"]}]}, '{"deep": [{"ips": ["192.0.2.1", {"v": 6}]}]}'),
        ({"rest": EVENT["ips"][1:]}, '{"rest": [{"v": 6}]}'),
        ({1: "a", None: "b", False: "c", 1.5: "d"}, '{"1": "a", "null": "b", "false": "c", "1.5": "d"}'),
        ({1: "a", "1": "b"}, '{"1": "a", "1": "b"}'),
        ({"t": ("x", "y")}, '{"t": ["x", "y"]}'),
        ({"b": 1, "a": 2}, '{"b": 1, "a": 2}'),
        (OrderedDict(b=1), '{"b": 1}'),
        ({"a": "é\0\ud800"}, '{"a": "\\u00e9\\u0000\\ud800"}'),
        ({"w": Word.LOW, "g": Grade.FOUR}, '{"w": "low", "g": 4}'),
    ],
)
def test_a_context_becomes_json_text(given: Any, text: str) -> None:
    assert output("alert_context", lambda _event: given) == text


@pytest.mark.parametrize(
    "value",
    [{1}, b"x", datetime(2026, 1, 1, tzinfo=UTC), Decimal(1), object(), UserDict(), MappingProxyType({})],
)
def test_a_context_with_what_json_cannot_hold_fails(value: Any) -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        output("alert_context", lambda _event: {"a": [value]})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_context_with_a_number_that_json_does_not_know_fails(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        output("alert_context", {"a": [value]})


@pytest.mark.parametrize("key", [(1,), b"a", frozenset()])
def test_a_context_with_keys_that_json_does_not_know_fails(key: Any) -> None:
    with pytest.raises(TypeError, match="keys must be"):
        output("alert_context", {key: 1})


@pytest.mark.parametrize("given", [UserDict(a=1), ChainMap({"a": 1}), MappingProxyType({"a": 1})])
def test_a_mapping_that_is_no_dict_and_no_part_of_an_event_passes_as_a_mapping_and_fails_as_json(
    given: Any,
) -> None:
    with pytest.raises(TypeError, match="is not JSON serializable"):
        output("alert_context", given)


@pytest.mark.parametrize("wrong", [None, "x", 5, [("a", 1)], {"a"}, EVENT["ips"]])
def test_a_context_that_is_no_mapping_is_wrong(wrong: Any) -> None:
    with pytest.raises(FunctionReturnTypeError, match=r"alert_context\(\) must return a Mapping"):
        output("alert_context", lambda _event: wrong)


def test_a_context_that_contains_itself_or_nests_without_end_fails() -> None:
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    with pytest.raises(ValueError, match="Circular"):
        output("alert_context", ring)
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(RecursionError):
        output("alert_context", lambda _event: deep)


def test_the_size_of_a_context_is_counted_in_characters_of_its_json() -> None:
    frame = len('{"a": ""}')
    for fill, length in (("x", 1), ("世", 6), ("\0", 6)):
        fits = (204_800 - frame) // length
        text = output("alert_context", {"a": fill * fits})
        assert json.loads(text) == {"a": fill * fits}
        size = frame + length * (fits + 1)
        assert output("alert_context", {"a": fill * (fits + 1)}) == json.dumps(
            {
                "_error": f"alert_context size is [{size}] characters, bigger than maximum of [204800]"
                " characters"
            }
        )


# -- exceptions in words -----------------------------------------------------------------------------------


def raised(function: Any) -> BaseException:
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def run(body: str, path: str = "/rules/some_rule.py") -> BaseException:
    """What executing a rule's text raises."""
    return raised(lambda: exec(compile(body, path, "exec"), {}))


def test_an_exception_is_told_by_class_repr_text_and_place() -> None:
    failure = describe(run("def title(event):\n    return event['x']\ntitle({})"))
    assert failure.class_name == "KeyError"
    assert failure.shown == "KeyError('x')"
    assert failure.text == "'x'"
    assert failure.message == "'x': some_rule.py\", line 2, in title"
    assert failure.place == ("/rules/some_rule.py", 2, "title")


def test_the_place_is_the_innermost_one_outside_of_trailcam() -> None:
    error = raised(lambda: output("title", lambda event: event["nothing"]))
    place = describe(error).place
    assert place is not None
    assert Path(place.path) == Path(__file__)
    library = describe(run("import json\njson.loads('{')"))
    assert 'decoder.py", line ' in library.message
    dynamic = describe(run("import importlib\nimportlib.import_module('no_such_module')"))
    assert dynamic.place is not None
    assert dynamic.place.function == "import_module"


def test_a_rule_that_ships_with_trailcam_is_a_place_too() -> None:
    shipped = f"{Path(trailcam.__file__).parent}/packs/root.py"
    assert describe(run("1 / 0", shipped)).message == 'division by zero: root.py", line 1, in <module>'
    beside = f"{Path(trailcam.__file__).parent}_rules/root.py"
    assert describe(run("1 / 0", beside)).place is not None


def test_what_trailcam_says_of_a_function_has_no_place() -> None:
    error = call_auxiliary(module(title=lambda _event: 5), EVENT)["title"].error
    assert error is not None
    assert describe(error).place is None
    assert describe(error).message == "title() must return a str; it returned int"


def test_an_exception_never_raised_has_no_place() -> None:
    assert describe(ValueError("x")) == ("ValueError", "ValueError('x')", "x", "x", None)


@pytest.mark.parametrize("method", ["__repr__", "__str__"])
@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, RecursionError])
def test_an_exception_whose_own_text_raises_is_still_told(method: str, error: type[BaseException]) -> None:
    def fails(self: object) -> str:
        raise error

    hostile: type[Exception] = type("Hostile", (Exception,), {method: fails})
    failure = describe(hostile("x"))
    assert failure.class_name == "Hostile"
    assert failure.shown == "Hostile(...)"
    assert failure.message == f"its text raised {error.__name__}"


def test_an_exception_whose_text_is_no_text_is_still_told() -> None:
    odd: type[Exception] = type("Odd", (Exception,), {"__repr__": lambda _: 5, "__str__": lambda _: None})
    assert describe(odd()).message == "its text raised TypeError"
    own: type[Exception] = type("Own", (Exception,), {"__repr__": lambda _: OwnText("r")})
    assert type(describe(own("x")).shown) is str


def test_an_exception_with_a_huge_text_is_shortened() -> None:
    failure = describe(run("raise ValueError('x' * 10_000_000)"))
    assert [len(text) for text in failure[1:4]] == [1000, 1000, 1000]


def test_a_recursion_without_end_is_told() -> None:
    failure = describe(run("def title():\n    return title()\ntitle()"))
    assert failure.class_name == "RecursionError"
    assert failure.place is not None
    assert failure.place.function == "title"


def test_the_memory_of_an_exhausted_function_is_given_back_before_the_next_one_runs() -> None:
    held: list[Any] = []

    class Hog:
        def __init__(self) -> None:
            held.append(1)

        def __del__(self) -> None:
            held.pop()

    def title(event: PantherEvent) -> str:
        hog = Hog()
        raise MemoryError(sys.getsizeof(hog) and "no more")

    outputs = call_auxiliary(module(title=title, dedup=lambda _event: str(len(held))), EVENT)
    assert outputs["dedup"].value == "0"
    error = outputs["title"].error
    assert error is not None
    assert traceback.extract_tb(error.__traceback__)[-1].name == "title"
