import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailcam.codecs import json_records
from trailcam.codecs.json_records import _Splitter, _Stream, split
from trailcam.contracts.codec import Envelope, Record, Undecodable
from trailcam.errors import code

ENVELOPES = (Envelope("Records"), Envelope("Events", "CloudTrailEvent"), Envelope("detail", single=True))
LIMIT = 10_000


def good(number: int) -> bytes:
    """A record that is recognised."""
    return json.dumps({"id": number, "list": [{"x": 1}, {"y": "},{"}], "text": 'a"]}'}).encode()


def pieces(data: bytes, *, size: int = 1 << 20, limit: int = LIMIT) -> list[Record | Undecodable]:
    chunks: Iterator[bytes] = (data[at : at + size] for at in range(0, len(data), size))
    return list(split(chunks, envelopes=ENVELOPES, recognise=lambda value: "id" in value, record_limit=limit))


def ids(data: bytes) -> list[Any]:
    """The ids of the records; an undecodable stretch gives its reason."""
    return [piece.value["id"] if isinstance(piece, Record) else piece.reason for piece in pieces(data)]


LAYOUTS = {
    "an envelope": b'{"Records":[%s,%s]}',
    "an envelope with blanks": b' { "Records" : [ %s , %s ] } \n',
    "an envelope behind scalars": b'{"a":1,"b":"x","Records":[%s,%s],"NextToken":"t"}',
    "an envelope behind nested values": b'{"meta":{"Records":[1],"n":[{}]},"Records":[%s,%s],"t":{}}',
    "two envelopes in one document": b'{"Records":[%s],"t":{"n":[1]},"Events":[%s]}',
    "envelopes around one": b'{"a":[1],"detail":%s,"z":{"detail":0}}\n{ "detail" : %s }',
    "a list of envelopes around one": b'[{"detail":%s},{"b":{},"detail":%s}]',
    "a list": b"[%s,\n%s]",
    "lines": b"%s\n%s\n",
    "lines without a last newline": b"%s\r\n%s",
    "lines of documents": b'{"Records":[%s]}\n{"Records":[%s]}\n',
    "objects one behind the other": b"%s%s",
    "lines that end in commas": b"%s,\n%s,\n",
    "a list with a comma too many": b"[%s,%s,]",
    "behind a byte order mark": b"\xef\xbb\xbf%s\n%s",
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_records_are_found_in_every_layout(layout: bytes) -> None:
    data = layout % (good(1), good(2))
    found = pieces(data)
    assert ids(data) == [1, 2]
    for number, piece in enumerate(found, 1):
        assert piece.raw == good(number)
        assert data[piece.position : piece.position + len(piece.raw)] == piece.raw


def test_one_object_over_many_lines_is_one_record() -> None:
    assert ids(json.dumps({"id": 1, "a": [{"b": {}}]}, indent=4).encode()) == [1]


def test_events_of_the_lookup_api_hold_their_record_as_text() -> None:
    inner = '{"id": 7, "name": "\u00e9"}'
    data = json.dumps({"Events": [{"EventId": "e", "CloudTrailEvent": inner}], "NextToken": "x"}).encode()
    (piece,) = pieces(data)
    assert isinstance(piece, Record)
    assert piece.raw == inner.encode()
    assert piece.value == {"id": 7, "name": "\u00e9"}


def test_a_broken_text_in_the_lookup_api_is_one_stretch() -> None:
    data = json.dumps({"Events": [{"CloudTrailEvent": "{"}, {"CloudTrailEvent": '{"id":2}'}]}).encode()
    assert ids(data) == [code("json_broken"), 2]


@pytest.mark.parametrize("data", [b"", b"  \n ", b'{"Records":[]}', b"[]", b"[ ]\n"])
def test_nothing_in_a_file_gives_nothing(data: bytes) -> None:
    assert pieces(data) == []


BROKEN = {
    "an unquoted value": b'{"id":x}',
    "a comma too many": b'{"id":1,}',
    "a quote too few": b'{"id":1,"a:"b"}',
    "a bracket too few": b'{"id":1,"a":[1,2}',
    "a brace too few": b'{"id":1,"a":{"b":1}',
    "a brace too many": b'{"id":x}}',
    "a bracket of the wrong kind": b'{"id":1]',
    "text": b"hello world",
    "a control character": b'{"id":"\x00"}',
    "half a record": b'{"id":1,"a":"b',
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("layout", [b'{"Records":[%s,%s,%s]}', b"[%s,\n%s,\n%s]", b"%s\n%s\n%s\n"])
def test_one_broken_record_does_not_cost_its_file(layout: bytes, broken: bytes) -> None:
    found = ids(layout % (good(1), broken, good(3)))
    assert (found[0], found[-1]) == (1, 3)
    assert found[1:-1]
    assert all(str(reason).startswith("TC04") for reason in found[1:-1])


REFUSED = {
    "not_utf8": b'{"id":"\xff"}',
    "number_out_of_range": b'{"id":1e999}',
    "too_deep": b'{"id":' + b"[" * 3000 + b"]" * 3000 + b"}",
    "not_a_record": b"[1]",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_record_is_one_stretch_with_its_own_reason(name: str) -> None:
    found = pieces(b'{"Records":[%s,%s,%s]}' % (good(1), REFUSED[name], good(3)))
    assert [piece.reason for piece in found if isinstance(piece, Undecodable)] == [code(name)]
    assert found[1].raw == REFUSED[name]
    assert len(found) == 3


def test_a_file_cut_off_inside_a_record_gives_the_records_before_it() -> None:
    data = b'{"Records":[%s,%s' % (good(1), good(2)[:-5])
    assert ids(data) == [1, code("json_truncated")]
    assert pieces(data)[1].raw == good(2)[:-5]


@pytest.mark.parametrize("end", [b"", b",", b"]", b"] "])
def test_a_file_cut_off_between_records_says_so(end: bytes) -> None:
    assert ids(b'{"Records":[%s,%s%s' % (good(1), good(2), end)) == [1, 2, code("json_truncated")]


def test_a_record_beyond_the_limit_is_refused_and_the_next_is_read() -> None:
    large = json.dumps({"id": 1, "a": "x" * LIMIT}).encode()
    found = ids(b'{"Records":[%s,%s,%s]}' % (good(1), large, good(3)))
    assert found[0] == 1
    assert found[1] == code("record_too_large")
    assert found[-1] == 3


def test_a_record_of_exactly_the_limit_is_read() -> None:
    large = json.dumps({"id": 1, "a": ""}).encode()
    large = large[:-2] + b"x" * (LIMIT - len(large)) + large[-2:]
    assert len(large) == LIMIT
    assert ids(b"[%s]" % large) == [1]
    assert ids(b"[%s]" % large.replace(b"xx", b"xxx", 1))[0] == code("record_too_large")


@pytest.mark.parametrize("document", [b'{"Records":[%s]x}', b'{"a":junk,"Records":[%s]}'])
def test_what_is_broken_around_the_records_is_told_and_the_records_are_read(document: bytes) -> None:
    assert set(ids(document % good(1))) == {1, code("json_broken")}


def test_lines_that_are_not_json_are_one_stretch_between_records() -> None:
    assert ids(b"%s\nhello\nworld\n%s\n" % (good(1), good(2))) == [1, code("json_broken"), 2]


def test_a_line_that_no_log_type_knows_still_ends_a_broken_stretch() -> None:
    found = pieces(b'{"id":x\n{"other":1}\n%s' % good(3))
    assert [piece.raw for piece in found] == [b'{"id":x', b'{"other":1}', good(3)]


def test_a_document_around_something_unknown_stays_whole() -> None:
    data = b'{"kind":"other","detail":{"x":1}}'
    assert [piece.raw for piece in pieces(data)] == [data]


def test_a_record_that_holds_another_under_the_key_of_an_envelope_stays_whole() -> None:
    data = b'{"id":1,"detail":{"id":2}}'
    assert [piece.raw for piece in pieces(data)] == [data]


def test_of_two_records_under_one_key_the_last_is_the_documents() -> None:
    assert ids(b'{"detail":{"id":1},"x":"}","detail":{"id":2}}') == [2]
    data = b'{"detail":{"id":1},"detail":"2"}'
    assert [piece.raw for piece in pieces(data)] == [data]


def test_many_half_open_lists_are_given_up_in_linear_time() -> None:
    data = b'[{"a":[' * 20_000
    found = pieces(data, limit=1 << 20)
    assert b"".join(piece.raw for piece in found) == data[1:]


@pytest.mark.parametrize(
    "before",
    [b'{"id":1,"Records":[', b'{"Records":[{"id":5}],"t":{},"id":1,"x":[', b'{"t":{},"id":1,"Records":['],
)
def test_a_record_that_holds_a_list_of_records_is_not_dropped_in_silence(before: bytes) -> None:
    found = pieces(before + b"]}")
    assert any(b'"id":1' in piece.raw for piece in found)


def test_a_document_may_hold_thousands_of_lists() -> None:
    data = b"{" + b",".join(b'"Records":[%s]' % good(n) for n in range(3000)) + b"}"
    found = pieces(data, limit=1 << 20)
    assert [piece.raw for piece in found] == [good(n) for n in range(3000)]


HOSTILE = {
    "lines without an end before good ones": b'{"a":{\n{"id":1}\n',
    "strings without an end before good ones": b'{"a":"\n{"id":1}\n',
    "lists that open and open": b'[{"a":[',
    "braces that open and open": b"{",
    "garbage before good ones": b'x {"a":[\n{"id":1}\n',
}


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_values_without_an_end_cost_no_more_than_their_file_is_long(unit: bytes) -> None:
    limit = 1 << 16
    for times in (4_000, 8_000):
        data = unit * times
        chunks = (data[at : at + limit] for at in range(0, len(data), limit))
        splitter = _Splitter(_Stream(chunks), ENVELOPES, lambda value: "id" in value, limit)
        good_ones = sum(isinstance(piece, Record) for piece in splitter.documents())
        assert splitter.wasted <= 12 * limit + 65 * len(data) + times * (1 << 12)
        assert good_ones == (times if b"id" in unit else 0)


def test_a_long_string_in_small_chunks_is_looked_at_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0
    until_bracket = json_records._UNTIL_BRACKET

    class Counting:
        def match(self, data: bytearray, at: int) -> re.Match[bytes] | None:
            nonlocal looked_at
            looked_at += len(data) - at
            return until_bracket.match(data, at)

    monkeypatch.setattr(json_records, "_UNTIL_BRACKET", Counting())
    data = b'{"id":1,"text":"%s"}' % (b"x" * 500_000)
    assert [piece.raw for piece in pieces(data, size=100, limit=1 << 20)] == [data]
    assert looked_at < 4 * len(data)


def test_a_few_values_without_an_end_do_not_shrink_the_largest_record() -> None:
    limit = 1 << 16
    large = json.dumps({"id": 7, "a": "x" * (limit - 100)}).encode()
    data = (b'{"id":1,"a":{\n' + good(2) + b"\n" + large + b"\n") * 40
    found = [piece for piece in pieces(data, limit=limit) if isinstance(piece, Record)]
    assert [piece.value["id"] for piece in found] == [2, 7] * 40


tokens = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b" ", b":", b"x", b"1", b"\xff", b"\x00"),
        *(b'{"id":1}', b'{"id":2,"a":[{"id":3}]}', b'{"id":1e999}', b'{"CloudTrailEvent":"{}"}'),
        *(b'{"Records":[', b'"Events":[', b'{"detail":'),
    ]
)
junk = st.lists(tokens, max_size=14).map(b"".join)


@given(junk, st.integers(1, 12))
@example(b'{"id":1}{\n{"id":1}', 3)
def test_how_a_stream_is_cut_into_chunks_does_not_matter(data: bytes, size: int) -> None:
    assert pieces(data, size=size, limit=64) == pieces(data, limit=64)


@given(junk.filter(lambda data: b"CloudTrailEvent" not in data))
def test_every_byte_lies_in_a_piece_or_is_a_separator(data: bytes) -> None:
    found = pieces(data, limit=64)
    at = 0
    for piece in found:
        assert piece.position >= at
        rest = data[at : piece.position]
        at = piece.position + len(piece.raw)
        assert data[piece.position : at] == piece.raw
        assert _is_frame(rest), rest
    assert _is_frame(data[at:]), data[at:]


def _is_frame(rest: bytes) -> bool:
    """White space, commas, brackets and envelope keys, and nothing else."""
    for key in (b'"Records"', b'"Events"', b'"detail"'):
        rest = rest.replace(key, b"")
    return not rest.strip(b" \n,[]{}:")


@given(st.lists(junk, min_size=1, max_size=3))
def test_a_good_line_is_found_behind_whatever_came_before(parts: list[bytes]) -> None:
    data = b"\n".join(parts) + b"\n" + good(99) + b"\n"
    found = pieces(data)
    assert any(isinstance(piece, Record) and piece.raw == good(99) for piece in found)
