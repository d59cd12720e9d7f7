"""The page of simple detections has every condition, with what it means; its examples are what is taken."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.docs.markdown import ROOT, blocks, section, text_of

from trailcam.forms import Form, Key, check
from trailcam.model.event import PantherEvent
from trailcam.rules.conditions.form import DEEPEST, DETECTION_KEYS, FILTERS
from trailcam.rules.conditions.showing import UNKNOWN
from trailcam.rules.conditions.source import detection_source, filter_source
from trailcam.rules.conditions.table import ABSOLUTE, COMBINATORS, CONDITIONS, LIST_CONDITIONS
from trailcam.yaml12 import Document, parse

PAGE = text_of(ROOT / "docs" / "simple-detections.md")
EXAMPLES = [
    parse(block.body, path=Path("page.yml")).value for block in blocks(PAGE) if block.language == "yaml"
]
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in section(PAGE, "Conditions").splitlines()
    if line.startswith("| `")
]


def row(name: str) -> tuple[str, ...]:
    (found,) = [cells for cells in ROWS if f"`{name}`" in cells[0] or f"`{name}`" in cells[1]]
    return found


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_stands_on_the_page_with_what_it_takes_and_means(name: str) -> None:
    condition = CONDITIONS[name]
    positive = CONDITIONS[condition.means.removeprefix("not ")] if condition.negated else condition
    assert row(name) == (
        " or ".join(f"`{spelling}`" for spelling in (positive.name, *positive.spellings)),
        row(name)[1] if not condition.negated else f"`{condition.name}`",
        positive.takes.value,
        positive.means,
    )


def test_the_page_names_no_condition_that_there_is_not() -> None:
    named = {name for cells in ROWS for cell in cells[:2] for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(CONDITIONS)


@pytest.mark.parametrize("name", [*LIST_CONDITIONS, *COMBINATORS])
def test_what_joins_and_what_asks_of_items_stand_on_the_page(name: str) -> None:
    assert f"| `{name}` | { {**LIST_CONDITIONS, **COMBINATORS}[name] } |" in PAGE


def test_the_page_says_what_stands_alone_how_deep_it_goes_and_what_is_unknown() -> None:
    assert all(f"`Condition: {name}`" in PAGE for name in ABSOLUTE)
    assert f"to a depth of {DEEPEST}:" in PAGE
    assert f"`{UNKNOWN}`" in PAGE


def test_the_page_has_examples_of_both() -> None:
    assert sum("Detection" in example for example in EXAMPLES) == 5
    assert sum("InlineFilters" in example for example in EXAMPLES) == 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: next(iter(example)))
def test_an_example_is_taken_and_made_into_python(example: dict[str, Any]) -> None:
    known = {**DETECTION_KEYS, "InlineFilters": Key(FILTERS)}
    value = {name: item for name, item in example.items() if name in known}
    needed = {name: key for name, key in known.items() if name in value}
    assert value and check(Document(Path("page.yml"), value), Form("an example", needed)) == []
    module: dict[str, Any] = {}
    if "InlineFilters" in value:
        exec(filter_source(value["InlineFilters"]), module)
        assert module["filters"](PantherEvent({"recipientAccountId": "111122223333"})) is False
    else:
        exec(detection_source(value), module)
        for test in example.get("Tests", ()):
            assert module["rule"](PantherEvent(test["Log"])) is test["ExpectedResult"]


def test_the_python_on_the_page_is_what_comes_out() -> None:
    (python,) = [block.body for block in blocks(PAGE) if block.language == "python"]
    names = ["DeleteTrail", "StopLogging"]
    detection = [
        {"KeyPath": "userIdentity.type", "Condition": "Equals", "Value": "Root"},
        {"Key": "sourceIPAddress", "Condition": "IsIPAddressPublic"},
        {"Key": "eventName", "Condition": "IsIn", "Values": names},
    ]
    assert detection_source({"Detection": detection}) == python
