"""A path of a data model: plain ones are walked here, and say what the library would say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.rules import json_path

EVENT: dict[str, Any] = {
    "a": {"b": {"c": 1, "d": None}, "B": 2, "e f": 3, "x-y": 4},
    "null": None,
    "zero": 0,
    "list": [{"a": 1}, {"a": 2}, {"b": [3]}],
    "dotted.name": 5,
    "parent": {"where": 6},
}


def find(path: str) -> list[tuple[str, Any]]:
    return json_path.compiled(path)(EVENT)


def by_the_library(path: str) -> list[tuple[str, Any]]:
    from jsonpath_ng.ext.parser import parse

    return [(str(match.full_path), match.value) for match in parse(path).find(EVENT)]


PLAIN = [
    "$.a", "a", "$.a.b", "a.b.c", "$.a.b.d", "$.null", "$.zero", "$.list", "$.a.nothing", "$.nothing", "$.a.b.c.x",
    "$.null.x", "$.list.a", "$.A", "$.a.B", "$.A.B", "$._x", "$.a1",
]  # fmt: skip
OTHERS = [
    "$", "$.list[0].a", "$.list[*].a", "$.list[*].nothing", "$.list[5].a", "$..c", "$..a", "$.a.'e f'", "a.'x-y'",
    "$.'dotted.name'", "$.list[?(@.a == 2)].a", "$.list[?(@.a > 5)].a", "$.a.*", "$.list[-1:]", "$.a.b.c.`parent`",
    "$.'parent'.'where'", "$.`this`", "$.list[2].b[0]",
]  # fmt: skip


@pytest.mark.parametrize("path", [*PLAIN, *OTHERS])
def test_a_path_leads_where_the_library_says(path: str) -> None:
    assert find(path) == by_the_library(path)
    assert json_path.wrong(path) == ""


@pytest.mark.parametrize("path", PLAIN)
def test_a_plain_path_asks_no_library(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = by_the_library(path)
    json_path.compiled.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "jsonpath_ng.ext.parser", None)
    assert find(path) == asked


def test_without_the_library_another_path_is_not_wrong_but_cannot_be_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    json_path.compiled.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "jsonpath_ng.ext.parser", None)
    assert json_path.wrong("$.list[*].a") == ""
    with pytest.raises(ModuleNotFoundError) as error:
        json_path.compiled("$.list[*].a")
    assert error.value.name == "jsonpath_ng.ext.parser"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a.b.c", [("a.b.c", 1)]),
        ("a.b.d", [("a.b.d", None)]),
        ("$.A.b", []),
        ("$.list[*].a", [("list.[0].a", 1), ("list.[1].a", 2)]),
    ],
)
def test_a_path_minds_case_and_gives_nulls_and_full_places(path: str, found: list[tuple[str, Any]]) -> None:
    assert find(path) == found


def test_what_the_library_will_no_longer_take_one_day_is_taken_without_a_warning() -> None:
    json_path.compiled.cache_clear()
    assert json_path.wrong("$.a.b | $.zero") == ""


@pytest.mark.parametrize(
    "path", ["$.a[", "$.a[?(@.b ==)]", "$.", "a..", "$.a b", "[", "(", "$.a['", "\\", "\0", " "]
)
def test_what_is_no_path_is_told_in_words(path: str) -> None:
    assert json_path.wrong(path) != ""
    with pytest.raises(ValueError, match=r"."):
        json_path.compiled(path)


@pytest.mark.parametrize(
    "path", ["[0]" * 3_000, "a." * 5_000 + "a", "(" * 2_000, "$" + "..a" * 500, "a[?(@.b" * 300]
)
def test_a_path_without_end_is_taken_or_refused(path: str) -> None:
    assert is_taken_or_refused(path)


@given(st.text(max_size=30) | st.text("$.a[]*?(@=<>'\"|`,:-0 )", max_size=30))
def test_any_text_is_a_path_or_is_told(path: str) -> None:
    assert is_taken_or_refused(path)


def is_taken_or_refused(path: str) -> bool:
    """Whether what is said of a path is what compiling it comes to."""
    wrong = json_path.wrong(path)
    try:
        return callable(json_path.compiled(path)) and not wrong
    except ValueError as error:
        return wrong == str(error) != ""


names = st.text("abC_1", min_size=1, max_size=2)
events = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(names, events, max_size=4), st.lists(names, min_size=1, max_size=4))
def test_walking_a_plain_path_agrees_with_the_library(event: dict[str, Any], keys: list[str]) -> None:
    from jsonpath_ng.ext.parser import parse

    path = ".".join(keys)
    if not all(key[0].isalpha() or key[0] == "_" for key in keys):
        return
    found = [(str(match.full_path), match.value) for match in parse(path).find(event)]
    assert json_path.compiled(path)(event) == found
