"""A form tells every mistake of a document at once, with its line and the nearest known key."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trailcam.errors import Problem
from trailcam.forms import (
    ANYTHING,
    MAPPING,
    NAME,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
    Form,
    Key,
    Kind,
    ListOf,
    MappingOf,
    OneOf,
    Recursive,
    check,
    describe,
    located,
    same_text,
    same_word,
    whole_between,
)
from trailcam.yaml12 import Document, parse

FILE = Path("thing.yml")


def form(*, exactly_one: tuple[tuple[str, ...], ...] = (), **keys: Kind | Key) -> Form:
    known: Mapping[str, Key] = {
        name: kind if isinstance(kind, Key) else Key(kind) for name, kind in keys.items()
    }
    return Form("a thing", known, exactly_one)


def problems(text: str, form: Form) -> list[Problem]:
    return check(parse(text, path=FILE), form)


def only_problem(text: str, form: Form) -> Problem:
    (problem,) = problems(text, form)
    return problem


def test_a_document_that_fits_has_no_problems() -> None:
    shape = form(a=Key(NAME, required=True), b=TEXTS, c=MappingOf(WHOLE), d=TRUTH, e=ANYTHING)
    assert problems("a: x\nb: [y, '']\nc: {z: 1}\nd: true\ne:\n", shape) == []


def test_every_mistake_comes_at_once_in_the_order_of_the_lines() -> None:
    shape = form(colour=OneOf(("red", "green")), size=WHOLE, name=Key(TEXT, required=True))
    found = problems("size: big\ncolor: red\ncolour: blue\n", shape)
    assert [(problem.code, problem.line) for problem in found] == [
        ("TC0205", 1),
        ("TC0204", 1),
        ("TC0203", 2),
        ("TC0205", 3),
    ]
    assert all(problem.path == FILE for problem in found)


def test_an_unknown_key_is_told_with_the_nearest_known_one() -> None:
    problem = only_problem("colour: red\nsze: 3\n", form(colour=TEXT, size=WHOLE))
    assert (problem.code, problem.line) == ("TC0203", 2)
    assert problem.message == 'unknown key "sze" in a thing'
    assert problem.hint == 'did you mean "size"?'


def test_an_unknown_key_like_no_other_is_told_with_all_known_ones() -> None:
    problem = only_problem("1: red\n", form(colour=TEXT, size=WHOLE))
    assert problem.hint == "known keys: colour, size"


def test_a_missing_key_is_told_with_what_it_holds() -> None:
    problem = only_problem("b: 1\n", form(a=Key(TEXTS, required=True), b=WHOLE))
    assert (problem.code, problem.message) == ("TC0204", 'missing key "a" in a thing')
    assert problem.hint == "it holds a list, each item a text"


def test_a_form_of_many_is_called_by_where_it_stands() -> None:
    inner = Form("[NAME]", {"a": Key(TEXT, required=True)}, called=lambda steps: f"[{steps[-1]}]")
    found = problems("one: {b: 1}\n", Form("a thing", {"one": Key(inner)}))
    assert [problem.message for problem in found] == [
        'unknown key "b" in [one]', 'missing key "a" in [one]',
    ]  # fmt: skip


def test_a_document_that_is_no_mapping_is_told() -> None:
    assert only_problem("- 1\n", form(a=TEXT)).message == (
        "the document must be a mapping (a thing); found a list of 1"
    )
    assert "found nothing" in only_problem("", form(a=TEXT)).message


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (TEXT, "1", "a must be a text; found the number 1"),
        (NAME, "''", 'a must be a non-empty text; found the text ""'),
        (WHOLE, "true", "a must be a whole number; found the truth value true"),
        (WHOLE, "1.5", "a must be a whole number; found the number 1.5"),
        (TRUTH, "yes", 'a must be true or false; found the text "yes"'),
        (MAPPING, "[]", "a must be a mapping; found a list of 0"),
        (whole_between(1, 9), "10", "a must be a whole number from 1 to 9; found the number 10"),
        (OneOf(("x", "y")), "X", 'a must be one of x, y; found the text "X"'),
        (TEXTS, "x", 'a must be a list, each item a text; found the text "x"'),
        (TEXTS, "[1]", "a.0 must be a text; found the number 1"),
        (ListOf(TEXT, 1), "[]", "a must be a list of one or more, each item a text; found a list of 0"),
        (ListOf(TEXT, 2), "[x]", "a must be a list of 2 or more, each item a text; found a list of 1"),
        (MappingOf(TEXT), "[]", "a must be a mapping, each value a text; found a list of 0"),
        (MappingOf(TEXT), "{b: 1}", "a.b must be a text; found the number 1"),
        (MappingOf(TEXT, NAME), "{1: b}", "a.1 must be a non-empty text; found the number 1"),
        (form(b=TEXT), "{b: }", "a.b must be a text; found nothing"),
    ],
)
def test_a_value_of_another_kind_is_told_with_its_place(kind: Kind, text: str, message: str) -> None:
    problem = only_problem(f"a: {text}\n", form(a=kind))
    assert (problem.code, problem.message) == ("TC0205", message)


def test_case_matters_in_a_choice_unless_it_is_folded() -> None:
    assert problems("a: HIGH\n", form(a=OneOf(("High",), fold=True))) == []
    problem = only_problem("a: Hgh\n", form(a=OneOf(("High",), fold=True)))
    assert problem.hint == 'did you mean "High"?'


def test_an_item_that_comes_twice_is_told_at_its_line() -> None:
    shape = form(a=ListOf(TEXT, 0, same_text), b=ListOf(TEXT, 0, same_word))
    assert problems("a: [x, X]\n", shape) == []
    problem = only_problem("b:\n  - x\n  - y\n  - X\n", shape)
    assert (problem.code, problem.line, problem.message) == ("TC0205", 4, 'b holds "x" twice')


@pytest.mark.parametrize(("text", "found"), [("c: 1\n", "none of them"), ("a: 1\nb: 2\n", "a and b")])
def test_exactly_one_key_of_a_group_must_be_there(text: str, found: str) -> None:
    shape = form(a=WHOLE, b=WHOLE, c=WHOLE, exactly_one=(("a", "b"),))
    assert only_problem(text, shape).message == f"a thing needs exactly one of a, b; found {found}"
    assert problems("b: 1\n", shape) == []


def test_a_form_can_contain_itself() -> None:
    shape: Form = form(name=TEXT, inner=ListOf(Recursive(lambda: shape, "a thing")))
    assert problems("name: x\ninner:\n  - inner:\n    - name: y\n", shape) == []
    problem = only_problem("name: x\ninner:\n  - inner:\n    - nam: y\n", shape)
    assert (problem.line, problem.hint) == (4, 'did you mean "name"?')


def test_a_place_that_could_not_be_read_is_not_told_again() -> None:
    document = Document(FILE, {"a": None, "b": 1}, {}, frozenset({("a",)}))
    assert [steps for steps, _ in located(document, form(a=TEXT, b=TEXT))] == [("b",)]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("x" * 50, f'the text "{"x" * 37}..."'),
        (1 << 300, "a number of 301 bits"),
        ({"a": 1}, "a mapping"),
        (("a",), "a tuple"),
        (None, "nothing"),
    ],
)
def test_a_value_is_described_in_a_few_words(value: Any, words: str) -> None:
    assert describe(value) == words
