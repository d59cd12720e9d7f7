import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.codecs.json_grammar import DEEPEST, Refused, decode, nesting
from trailcam.errors import code

texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20)
records = st.dictionaries(texts, values, max_size=6)


def refused(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        decode(raw)
    return caught.value.reason


@given(records, st.booleans())
def test_a_written_record_is_read_back_exactly(record: dict[str, Any], ascii_only: bool) -> None:
    assert decode(json.dumps(record, ensure_ascii=ascii_only).encode()) == record


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_record_or_refused_with_a_known_code(raw: bytes) -> None:
    try:
        assert isinstance(decode(raw), dict)
    except Refused as error:
        assert error.reason.startswith("TC04")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":.5}',
        b'{"a":tru}',
        b'{"a":1} x',
        b"{a:1}",
    ],
)
def test_what_rfc_8259_does_not_allow_is_broken(raw: bytes) -> None:
    assert refused(raw) == code("json_broken")


def test_a_control_character_in_a_string_is_broken_and_its_escape_is_not() -> None:
    assert refused(b'{"a":"\x00"}') == code("json_broken")
    assert decode(rb'{"a":"\u0000\u001f"}') == {"a": "\x00\x1f"}


def test_bytes_that_are_not_utf8_are_refused() -> None:
    assert refused(b'{"a":"\xff"}') == code("not_utf8")
    assert refused(b'{"a":"\xed\xa0\x80"}') == code("not_utf8")  # a surrogate written as UTF-8


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
def test_a_number_without_an_exact_value_is_refused(number: str) -> None:
    assert refused(f'{{"a":{number}}}'.encode()) == code("number_out_of_range")


def test_integers_beyond_64_bits_are_exact() -> None:
    assert decode(b'{"a":123456789012345678901234567890}') == {"a": 123456789012345678901234567890}
    assert decode(f'{{"a":{"9" * 4300}}}'.encode()) == {"a": int("9" * 4300)}


def test_a_number_too_small_for_a_double_is_zero() -> None:
    assert decode(b'{"a":1e-999,"b":-0.0}') == {"a": 0.0, "b": 0.0}
    assert math.copysign(1, decode(b'{"b":-0.0}')["b"]) == -1


def test_each_lone_surrogate_is_read_as_one_replacement_character() -> None:
    assert decode(rb'{"a":"x\ud800y\udc00\ud83d\ude00"}') == {"a": "x\ufffdy\ufffd\U0001f600"}
    assert decode(rb'{"\ud800":["\udfff",{"b":"\uD8ff"}]}') == {"\ufffd": ["\ufffd", {"b": "\ufffd"}]}


def test_every_text_that_is_read_can_be_written_as_utf8() -> None:
    for escape in range(0xD700, 0xE100, 7):
        for text in decode(rf'{{"\u{escape:04x}a":"\u{escape:04X}"}}'.encode()).items():
            "".join(text).encode("utf-8")


def test_of_a_key_given_twice_the_last_value_stands_at_the_first_place() -> None:
    assert list(decode(b'{"a":1,"b":2,"a":3}').items()) == [("a", 3), ("b", 2)]


def test_nesting_is_refused_beyond_the_deepest_level_and_not_before() -> None:
    lists = DEEPEST - 1
    assert decode(b'{"a":' + b"[" * lists + b"]" * lists + b"}")
    assert refused(b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}") == code("too_deep")
    assert refused(b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}") == code("too_deep")


def test_brackets_in_strings_are_not_nesting() -> None:
    assert nesting(rb'{"a\"[[[":"{{{\\"}') == 1
    assert decode(b'{"a":"' + b"[" * 5000 + b'"}')


@pytest.mark.parametrize("raw", [b"1", b'"text"', b"[]", b"null", b"true"])
def test_another_json_value_is_not_a_record(raw: bytes) -> None:
    assert refused(raw) == code("not_a_record")
