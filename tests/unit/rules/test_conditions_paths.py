"""Paths of names are read strictly, and what stands at them is found in every event."""

from typing import Any

import pytest

from trailcam.model.event import PantherEvent
from trailcam.rules.conditions.finding import EVERY, Step, at, each, elements, enriched, exists
from trailcam.rules.conditions.paths import MOST_STEPS, BadPath, parse, title_parts


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("foo", ("foo",)),
        ("a.b", ("a", "b")),
        ("a[*].b", ("a", EVERY, "b")),
        ("a.b[2]", ("a", "b", 2)),
        ("a[0][*]", ("a", 0, EVERY)),
        ("user-agent.@x.a b.5", ("user-agent", "@x", "a b", "5")),
        ("é", ("é",)),
    ],
)
def test_a_path_is_its_steps(text: str, steps: tuple[Step, ...]) -> None:
    assert parse(text) == steps


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("a..b", "a name is missing beside a dot"),
        (".a", "a name is missing beside a dot"),
        ("a.", "a name is missing beside a dot"),
        ("[0]", "a name is missing before ["),
        ("a.[0]", "a name is missing before ["),
        ("a[x]", "[x] must be an index such as [0], or [*] for every item"),
        ("a[-1]", "[-1] must be an index"),
        ("a[]", "[] must be an index"),
        ("a[1234567890]", "[1234567890] must be an index"),
        ("a[0]b", '"a[0]b" is neither a name nor a name with an index'),
        ("a]", '"a]" is neither a name nor'),
        ("a[0", '"a[0" is neither a name nor'),
        ('"a"', "must be written in a DeepKey"),
        ("a.'b'", "must be written in a DeepKey"),
        ("a .b", 'there is a space at an end of the name "a "'),
        (".".join("a" * (MOST_STEPS + 1)), "it has more than 100 steps"),
    ],
)
def test_what_is_no_path_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(BadPath) as refused:
        parse(text)
    assert reason in str(refused.value)


def test_a_title_is_texts_and_paths() -> None:
    assert title_parts("[{repo}] by {a.b[0]}") == ["[", ("repo",), "] by ", ("a", "b", 0)]
    assert title_parts("") == []


@pytest.mark.parametrize("title", ["{a", "a}", "{}", "{{a}}", "{a..b}", "{a{b}}"])
def test_a_title_with_braces_that_name_nothing_is_refused(title: str) -> None:
    with pytest.raises(BadPath):
        title_parts(title)


TREE: dict[str, Any] = {
    "list": [{"name": "x"}, {"Name": None}, "text", ["deep"]],
    "Map": {"in": {"side": 0}},
    "none": None,
    "p_enrichment": {"t": {"a.b": [{"n": 1}, None, {"n": [2]}], "c": {"N": 3}, "d": "no row"}},
}


@pytest.mark.parametrize("event", [TREE, PantherEvent(TREE)], ids=["plain", "event"])
def test_values_are_found_as_rules_find_them(event: Any) -> None:
    assert at(event, "map", "IN", "side") == 0
    assert at(event, "list", 3, 0) == "deep"
    assert at(event, "list", 9) is None
    assert at(event, "list", "name") is None
    assert at(event, "map", 0) is None
    assert at(event, "none", "x") is None
    assert list(each(event, "list", EVERY, "name")) == ["x", None]
    assert list(each(event, "map", EVERY)) == []
    assert list(elements(event, "list", 3)) == ["deep"]
    assert list(elements(event, "map")) == []
    assert list(elements(event, "list", EVERY, "name")) == ["x", None]
    assert exists(event, "none")
    assert not exists(event, "none", "x")
    assert list(enriched(event, "t", "A.B", "n", EVERY)) == [2]
    assert [*enriched(event, "t", "c", "n"), *enriched(event, "t", "d", "n"), *enriched(event, "u", "c")] == [
        3
    ]
