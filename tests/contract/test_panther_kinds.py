"""What every kind of item of Panther's form keeps, whatever is done to its files."""

import pickle
from copy import deepcopy
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.panther_items import EXAMPLES, KNOWN, no_samples, write

from trailcam.contracts.rule_format import Reading
from trailcam.errors import TrailcamError
from trailcam.rules.formats import panther
from trailcam.rules.loader import load_packs

each_kind = pytest.mark.parametrize("kind", EXAMPLES)
files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
folders = settings(files, max_examples=settings().max_examples // 4)  # loading takes longer than reading


def read(path: Path) -> Reading | None:
    """The reading of a file, which is never an item together with problems."""
    reading = panther.read(path, known=KNOWN)
    if reading is not None:
        assert reading.problems or reading.item or reading.not_run
        assert not (reading.problems and (reading.item or reading.not_run))
        assert all(problem.path and problem.message for problem in reading.problems)
    return reading


def test_every_kind_has_an_example_here() -> None:
    assert set(panther.analysis_types()) <= set(EXAMPLES)


@each_kind
def test_the_example_is_read_and_can_be_sent_to_a_worker(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path, EXAMPLES[kind])
    reading = read(path)
    assert reading is not None
    assert reading.problems == ()
    assert pickle.loads(pickle.dumps(reading)) == reading == read(path)
    assert all(file.name in EXAMPLES[kind] for file in reading.companions)


@each_kind
@files
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    path = write(tmp_path, EXAMPLES[kind])
    damaged = tmp_path / data.draw(st.sampled_from(sorted(EXAMPLES[kind])))
    text = dedent(EXAMPLES[kind][damaged.name])
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    patch = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
    damaged.write_text(text[:start] + patch + text[end:], encoding="utf-8")
    read(path)


HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 10**400, 1.5, float("nan"), float("inf"), "", " ", "\0", "\ud800", "a" * 300,
    "a" * 300 + ".py", "../a.py", "a/../../a.py", "a\0.py", "\ud800.py", "/", ".", "..", "$.a[", "$..a", "$.a[?(@.b",
    "*" * 40, "%s", "{}", [], {}, [[]], [None], [{}], {"": None}, {1: 2}, {None: None}, [["a"] * 3], {"a": {"b": {}}},
)  # fmt: skip

values = st.sampled_from(HOSTILE) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@each_kind
@folders
@given(data=st.data())
def test_any_value_at_any_place_is_read_or_refused(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    path = write(tmp_path, EXAMPLES[kind])
    document = yaml.safe_load(dedent(EXAMPLES[kind][path.name]))
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = data.draw(st.sampled_from(places(document)))
        if isinstance(place, dict) and data.draw(st.booleans()):
            del place[key]
            if data.draw(st.booleans()):
                place[data.draw(st.sampled_from(["Filename", "Detection", "BaseDetection", 5, ""]))] = (
                    deepcopy(data.draw(values))
                )
        else:
            place[key] = deepcopy(data.draw(values))
        if not places(document):
            break
    path.write_text(yaml.dump(document, allow_unicode=False), encoding="utf-8")
    read(path)
    loaded(tmp_path)


def places(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value in a document, but what tells its kind."""
    if isinstance(node, dict):
        inside: list[tuple[Any, Any]] = [(node, key) for key in node if key != "AnalysisType"]
    elif isinstance(node, list):
        inside = [(node, index) for index in range(len(node))]
    else:
        return []
    return inside + [found for container, key in inside for found in places(container[key])]


def loaded(folder: Path) -> None:
    """A folder loads, or all that is wrong with it can be told."""
    try:
        load_packs([folder], log_types=KNOWN.log_types, sample=no_samples)
    except TrailcamError as error:
        assert all(problem.render() for problem in error.problems)
