"""Fields of the raw record in SQL: whatever a record holds, they are what the grammar reads."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.codecs.json_grammar import decode
from trailcam.query.fields import with_fields
from trailcam.query.lake import quoted


def field(raw: str, name: str, *, any_case: bool = False) -> Any:
    """What SQL finds under a name; the text "absent" where it finds nothing."""
    rows = with_fields("(SELECT ? AS raw)", [name], any_case=any_case)
    with duckdb.connect() as opened:
        ((value,),) = opened.execute(f"SELECT {quoted(name)} FROM {rows}", [raw]).fetchall()
    return "absent" if value is None else json.loads(value)


@pytest.mark.parametrize(
    "raw",
    [
        r'{"a": {"x": "\ud800"}}',
        r'{"a": "\ud83d\ude00"}',
        r'{"a": "\\ud800"}',
        r'{"a": "\udc00\ud83d\ude00\ud83d"}',
        r'{"a": "\\\ud83d"}',
        r'{"a": "\"\uDFFF\""}',
        r'{"b": "\ud800", "a": {"whole": true}}',
        r'{"a": "\ud83d\ud83d\ude00"}',
    ],
)
def test_half_of_a_surrogate_pair_is_read_as_the_grammar_reads_it(raw: str) -> None:
    assert field(raw, "a") == decode(raw.encode())["a"]


@pytest.mark.parametrize(
    "raw",
    [
        '{"a": 1, "a": {"x": 2}}',
        '{"a": 1, "b": 2, "b": 3}',
        r'{"a": 1, "\u0061": null, "b": {"a": 4}}',
        r'{"a": [1], "x\ud800": 1, "x\udc00": 2, "a": [2]}',
    ],
)
def test_of_a_key_that_is_given_twice_the_last_value_counts(raw: str) -> None:
    assert field(raw, "a") == decode(raw.encode())["a"]


def test_a_field_that_the_record_lacks_is_null() -> None:
    assert field('{"b": {"a": 1}}', "a") == "absent"
    assert field('{"b": 1, "b": 2}', "a") == "absent"


@pytest.mark.parametrize(
    "name",
    ["a.b", 'a"b', "a\\b", "a$b", "*", "a*", "it's", "a/b", "a~b", "~1", "[0]", "-", "ü", "0", "a b"],
)
def test_a_name_is_only_a_name_whatever_it_is_written_with(name: str) -> None:
    raw = json.dumps({"other": 0, name: {"v": 1}})
    assert field(raw, name) == {"v": 1}
    assert field('{"other": 0, "other": 1, ' + raw[1:], name) == {"v": 1}


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ('{"B": 1, "Resource": {"a": 1}}', {"a": 1}),
        ('{"RESOURCE": 1, "resource": 2}', 2),
        ('{"Resource": 1, "RESOURCE": 2}', 1),
        ('{"x": 1, "Resource": 1, "x": 2}', 1),
        ('{"b": 1}', "absent"),
        ("{}", "absent"),
    ],
)
def test_a_key_in_another_case_is_found_where_it_is_asked_for_so(raw: str, found: Any) -> None:
    assert field(raw, "resource", any_case=True) == found


@pytest.mark.parametrize("key", ["A~b", "A/b", "A'b", "~0", "/"])
def test_a_key_in_another_case_is_only_a_key_whatever_it_is_written_with(key: str) -> None:
    assert field(json.dumps({key: 1}), key.lower(), any_case=True) == 1


def test_a_number_keeps_all_of_its_digits() -> None:
    rows = with_fields("(SELECT ? AS raw)", ["a"])
    raw = '{"a": {"n": 123456789012345678901234567890123456789}}'
    found = duckdb.execute(f"SELECT a FROM {rows}", [raw]).fetchall()
    assert found == [('{"n":123456789012345678901234567890123456789}',)]


@pytest.mark.parametrize(
    "raw", ["", "{", "[1]", '"a"', '{"a": 1e999}', '{"a": ' + "[" * 255 + "]" * 255 + "}"]
)
def test_no_query_fails_on_what_a_record_holds(raw: str) -> None:
    field(raw.replace("1e999", "1"), "a")
    rows = with_fields("(SELECT ? AS raw)", ["a"])
    assert len(duckdb.execute(f"SELECT * FROM {rows}", [raw]).fetchall()) == 1


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    pairs=st.lists(st.tuples(st.sampled_from(["a", "b", "a.b", "\ud800"]), _values), min_size=1, max_size=5)
)
def test_every_field_of_every_record_is_what_the_grammar_reads(pairs: list[tuple[str, Any]]) -> None:
    raw = "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in pairs) + "}"
    read = decode(raw.encode())
    for name in ("a", "b", "a.b"):
        wanted = read.get(name, "absent")
        assert field(raw, name) == wanted
