"""What is made of conditions says what they say, of every event, and is nothing but what they say."""

import ast
import builtins
import string
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules import conditions_oracle as oracle

from trailcam.forms import Form, Key, Kind, check
from trailcam.model.event import PantherEvent
from trailcam.model.severity import Severity
from trailcam.rules.conditions import runtime
from trailcam.rules.conditions.form import DETECTION_KEYS, FILTERS
from trailcam.rules.conditions.source import detection_source, filter_source
from trailcam.rules.conditions.table import CONDITIONS, Takes
from trailcam.yaml12 import Document

NAMES = ("a", "A", "b")
ADDRESSES = ("192.0.2.1", "10.1.2.3", "8.8.8.8", "::1", "2001:4860:4860::8888")
NETWORKS = ("10.0.0.0/8", "192.0.2.0/24", "10.1.2.3/16", "2001:db8::/32", *ADDRESSES)

words = st.sampled_from(["", "a", "ab", "AB", "b", "10.1.2.3"])
numbers = st.sampled_from([0, 1, 5.5, 10**30])
scalars = words | numbers | st.booleans()
values = st.recursive(
    scalars | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)
rows = st.dictionaries(st.sampled_from(NAMES), values, max_size=2)
enrichments = st.dictionaries(
    st.sampled_from(["t", "T2"]),
    st.dictionaries(st.just("a.b"), rows | st.lists(rows | st.none(), max_size=2) | scalars, max_size=1)
    | scalars,
    max_size=1,
)
events = st.builds(
    lambda event, enrichment: {**event, **({"p_enrichment": enrichment} if enrichment else {})},
    st.dictionaries(st.sampled_from(NAMES), values, min_size=1, max_size=3),
    enrichments,
)

names = st.sampled_from(NAMES)
segments = st.builds(
    lambda name, brackets: name + brackets, names, st.sampled_from(["", "", "", "[0]", "[1]", "[*]"])
)
paths = st.lists(segments, min_size=1, max_size=2).map(".".join)
deep_keys = st.builds(
    lambda first, rest: [first, *rest], names, st.lists(names | st.integers(0, 1), max_size=2)
)
single_keys = st.one_of(
    names.map(lambda name: {"Key": name}),
    paths.map(lambda path: {"KeyPath": path.replace("[*]", "")}),
    deep_keys.map(lambda steps: {"DeepKey": steps}),
)
enriched_keys = paths.map(lambda path: {"Enrichment": {"Table": "t", "Selector": "a.b", "FieldPath": path}})
keys = st.one_of(single_keys, paths.map(lambda path: {"KeyPath": path}), enriched_keys)

GIVEN: dict[Takes, st.SearchStrategy[dict[str, Any]]] = {
    Takes.NOTHING: st.just({}),
    Takes.SCALAR: scalars.map(lambda value: {"Value": value}),
    Takes.PART: scalars.filter(lambda value: value != "").map(lambda value: {"Value": value}),
    Takes.TEXT: words.filter(bool).map(lambda value: {"Value": value}),
    Takes.NUMBER: numbers.map(lambda value: {"Value": value}),
    Takes.SCALARS: st.lists(scalars, min_size=1, max_size=3).map(lambda value: {"Values": value}),
    Takes.NETWORKS: st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=2).map(
        lambda value: {"Values": value}
    )
    | st.sampled_from(NETWORKS).map(lambda value: {"Value": value}),
    Takes.ADDRESSES: st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=2).map(
        lambda value: {"Values": value}
    ),
}


@st.composite
def leaves(draw: st.DrawFn, *, of_item: bool) -> dict[str, Any]:
    """A match expression without others in it."""
    name = draw(st.sampled_from([*CONDITIONS, "AlwaysTrue", "AlwaysFalse"]))
    if name not in CONDITIONS:
        return {"Condition": name}
    takes = CONDITIONS[name].takes
    if takes not in (Takes.NOTHING, Takes.SCALARS) and draw(st.integers(0, 3)) == 0:
        return {"Condition": name, "Values": [draw(single_keys), draw(single_keys)]}
    key = {} if of_item and draw(st.booleans()) else draw(keys)
    return {"Condition": name, **key, **draw(GIVEN[takes])}


@st.composite
def trees(
    draw: st.DrawFn, *, depth: int = 3, of_item: bool = False, in_filter: bool = False
) -> dict[str, Any]:
    """A match expression."""
    kinds = ["leaf", "leaf", "All", "Any", *([] if in_filter else ["OnlyOne", "None", "list", "list"])]
    kind = draw(st.sampled_from(kinds)) if depth else "leaf"
    if kind == "leaf":
        return draw(leaves(of_item=of_item))
    if kind == "list":
        name = draw(st.sampled_from(["AnyElement", "AllElements", "NoElement", "OnlyOneElement"]))
        key = {} if of_item and draw(st.booleans()) else draw(keys)
        inner = draw(st.lists(trees(depth=depth - 1, of_item=True), min_size=1, max_size=2))
        return {"Condition": name, **key, "Expressions": inner}
    inside = trees(depth=depth - 1, of_item=of_item, in_filter=in_filter)
    return {kind: draw(st.lists(inside, min_size=0 if in_filter else 1, max_size=3))}


def fits(value: Any, kind: Kind | Form) -> None:
    form = kind if isinstance(kind, Form) else Form("a file", {"it": Key(kind)})
    document = Document(Path("x.yml"), value if isinstance(kind, Form) else {"it": value})
    assert check(document, form) == []


def functions(source: str) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(source, "x.py", "exec"), module)
    return module


DETECTION_FORM = Form("a rule", DETECTION_KEYS)


@given(st.lists(trees(), min_size=1, max_size=3), st.lists(events, min_size=5, max_size=10))
def test_the_python_of_a_detection_says_what_its_conditions_say(
    detection: list[dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    fits({"Detection": detection}, DETECTION_FORM)
    rule = functions(detection_source({"Detection": detection}))["rule"]
    for event in seen:
        said = rule(PantherEvent(event))
        assert said is oracle.holds(detection, event)


@given(st.lists(trees(in_filter=True), max_size=3), st.lists(events, min_size=5, max_size=10))
def test_the_python_of_filters_says_what_they_say(
    filters: list[dict[str, Any]], seen: list[dict[str, Any]]
) -> None:
    fits(filters, FILTERS)
    passes = functions(filter_source(filters)).get("filters", lambda event: True)
    for event in seen:
        assert passes(PantherEvent(event)) is oracle.holds(filters, event)


@given(
    st.lists(keys, min_size=1, max_size=3),
    st.lists(st.tuples(st.sampled_from(["Info", "HIGH", "low"]), trees(depth=1)), min_size=1, max_size=3),
    events,
)
def test_what_describes_a_match_can_be_told_of_every_event(
    named: list[dict[str, Any]], severities: list[tuple[str, dict[str, Any]]], event: dict[str, Any]
) -> None:
    dynamic = [{"ChangeTo": grade, "Conditions": [tree]} for grade, tree in severities]
    value = {
        "Detection": [{"Condition": "AlwaysTrue"}],
        "AlertTitle": "".join(f"<{{{key['KeyPath']}}}>" for key in named if "KeyPath" in key),
        "GroupBy": named,
        "AlertContext": [{"KeyName": f"{number}", "KeyValue": key} for number, key in enumerate(named)],
        "DynamicSeverities": dynamic,
    }
    fits(value, DETECTION_FORM)
    module = functions(detection_source(value))
    assert module["severity"](PantherEvent(event)) == oracle.severity(dynamic, event)
    assert module["severity"](PantherEvent(event)) in {"DEFAULT", *Severity.__members__}
    assert isinstance(module["dedup"](PantherEvent(event)), str)
    assert list(module["alert_context"](PantherEvent(event))) == [f"{number}" for number in range(len(named))]
    if value["AlertTitle"]:
        assert isinstance(module["title"](PantherEvent(event)), str)


hostile = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        '"',
        "'",
        "\\",
        '\\"',
        '"""',
        "'''",
        '")\nimport os\n("',
        "{}",
        "{0}",
        "{x}",
        "%s",
        "\ud800",
        "\u202e",
        "\0",
        "#",
        "\r",
    ]
)


@given(hostile, hostile, hostile.filter(lambda text: not {"{", "}"} & {*text}))
def test_no_text_can_become_code(name: str, word: str, title: str) -> None:
    value = {
        "Detection": [
            {"Key": name, "Condition": "Equals", "Value": word},
            {"DeepKey": [name, name], "Condition": "IsIn", "Values": [word]},
            {
                "Enrichment": {"Table": name, "Selector": word, "FieldPath": "a"},
                "Condition": "Contains",
                "Value": word,
            },
            {"Key": name, "Condition": "AnyElement", "Expressions": [{"Key": word, "Condition": "Exists"}]},
        ],
        "AlertTitle": f"{title}{{a}}",
        "GroupBy": [{"Key": name}],
        "AlertContext": [{"KeyName": word, "KeyValue": {"Key": name}}],
    }
    fits(value, DETECTION_FORM)
    source = detection_source(value)
    tree = ast.parse(source)
    known = {*dir(builtins), *runtime.__all__, "event", "item", "value"}
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= known
    assert [type(node) for node in tree.body] == [ast.ImportFrom, *[ast.FunctionDef] * 4]
    literals = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {name, word, f"{title}{{}}"} <= literals
    module = functions(source)
    event = {name: word, "a": 1}
    assert module["title"](PantherEvent(event)) == f"{title}{1 if name.lower() != 'a' else word}"
    assert module["alert_context"](PantherEvent(event)) == {word: word}


awkward: st.SearchStrategy[Any] = st.text(string.ascii_letters + ".[]*0 '{}", max_size=8) | st.sampled_from(
    [None, 1, "a[*].b", [], {}, "a"]
)


@given(st.sampled_from([*CONDITIONS]), awkward, awkward, awkward)
def test_what_the_form_lets_through_can_be_made_into_python(
    name: str, path: Any, given: Any, title: Any
) -> None:
    given_in = "Values" if CONDITIONS[name].takes is Takes.SCALARS else "Value"
    beside = {} if CONDITIONS[name].takes is Takes.NOTHING else {given_in: given}
    value = {"Detection": [{"KeyPath": path, "Condition": name, **beside}], "AlertTitle": title}
    if not check(Document(Path("x.yml"), value), DETECTION_FORM):
        functions(detection_source(value))
