"""Splits JSON of any common layout into records: an envelope, a list, lines, or objects one after another.

A raw split accepts what a full decode refuses, and one bad record must not cost its file. So each record is
cut out by its brackets first and decoded by the reference grammar then; where the brackets lead astray,
reading goes on at the next place where a whole, recognised record stands, and the stretch between is one
dead letter.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from trailcam.codecs.json_grammar import DEEPEST, Refused, decode
from trailcam.contracts.codec import Envelope, Record, Undecodable
from trailcam.errors import code

_BLANK = re.compile(rb"[ \t\r\n\x1e,]*+")  # separators too: a comma too many or too few loses nothing
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_UNTIL_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|' + _STRING + rb")*+", re.DOTALL)
_KEY = re.compile(rb"\s*+(" + _STRING + rb")\s*+:\s*+", re.DOTALL)
_SCALAR = re.compile(rb"(?:" + _STRING + rb"|[^\s,{}\[\]\"]++)\s*+", re.DOTALL)
_CANDIDATE = re.compile(rb"(?:\n[ \t\r]*+|[}\],\[]\s*+)(?=\{)")
_COMMA = re.compile(rb"\s*+,?")
_LINE_END = re.compile(rb"[ \t\r]*+(?:\n|\Z)")

_PROBE_BYTES = 1 << 16
"""How far an envelope's key may lie behind scalars at the start of a document that is still streaming."""

_FORGET_BYTES = 1 << 20
"""How many treated bytes may stay in memory before they are dropped."""

_RESCANS = 64
"""How often a byte may be looked at again for values without an end, on average over what was read."""

_FREE_RESCANS = 2
"""How many times the record limit that may cost in addition, from the start."""

_LEAST_REACH_BYTES = 1 << 12

_IN_WORD = re.compile(rb"[^\s\x1e,{}\[\]](?=[^\s\x1e,{}\[\]])")
_NEAR_BYTES = 256
"""How far before its bound a stretch may be cut."""

_REST_START = b'{"":0'
"""Put before the rest of a document, it makes an object of it."""

_SYNTAX = code("json_broken")


def split(
    chunks: Iterable[bytes],
    *,
    envelopes: Sequence[Envelope],
    recognise: Callable[[dict[str, Any]], bool],
    record_limit: int,
) -> Iterator[Record | Undecodable]:
    """Records and undecodable stretches in order of position; see `trailcam.contracts.codec.Codec`."""
    stream = _Stream(iter(chunks))
    return _Splitter(stream, envelopes, recognise, record_limit).documents()


class _Stream:
    """A window on the bytes: `data[at:]` is what is still to be treated; it grows on demand."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.data = bytearray()
        self.at = 0
        self._dropped = 0
        self.ended = False

    @property
    def position(self) -> int:
        return self._dropped + self.at

    def more(self, size: int = 1) -> bool:
        """Reads `size` bytes more, or all there are; False at the end."""
        before = len(self.data)
        while len(self.data) < before + size:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
                break
            self.data += chunk
        return len(self.data) > before

    def fill(self, size: int) -> None:
        """Has `size` bytes at hand from here on, or all there are."""
        while len(self.data) - self.at < size and self.more():
            pass

    def go_to(self, position: int) -> None:
        """Moves on to a position that has been read already."""
        self.advance(position - self._dropped)

    def advance(self, end: int) -> None:
        """Treated up to `end`; forgets treated bytes now and then."""
        self.at = end
        if end > _FORGET_BYTES:
            del self.data[:end]
            self._dropped += end
            self.at = 0


class _Splitter:
    def __init__(
        self,
        stream: _Stream,
        envelopes: Sequence[Envelope],
        recognise: Callable[[dict[str, Any]], bool],
        record_limit: int,
    ) -> None:
        self.stream = stream
        self.recognise = recognise
        self.limit = record_limit
        self.wasted = 0
        """Bytes that were followed from an opening bracket without finding its end."""
        self.cut = False
        """The stream ended inside something, and that has been told."""
        self.envelopes = {envelope.key: envelope for envelope in envelopes if not envelope.single}
        self.singles = {envelope.key for envelope in envelopes if envelope.single}
        keys = b"|".join(re.escape(f'"{key}"'.encode()) for key in self.envelopes) or rb"(?!)"
        self._envelope_start = re.compile(
            rb"\{\s*+(?:" + _STRING + rb"\s*+:\s*+(?:" + _STRING + rb"|[-+0-9.eEa-z]++)\s*+,\s*+)*?"
            rb"(" + keys + rb")\s*+:\s*+\[",
            re.DOTALL,
        )

    # -- documents, one after another --------------------------------------------------------------------

    def documents(self) -> Iterator[Record | Undecodable]:
        stream = self.stream
        stream.fill(3)
        if stream.data.startswith(b"\xef\xbb\xbf"):
            stream.advance(3)
        while self._skip_blank():
            first = stream.data[stream.at]
            if first == 0x5B:  # [
                stream.advance(stream.at + 1)
                yield from self._elements(Envelope(""))
            elif first != 0x7B:  # {
                yield self._lost(stream.at, _SYNTAX, "no JSON value starts here")
            else:
                yield from self._document()

    def _document(self) -> Iterator[Record | Undecodable]:
        """An envelope that can be read while it streams, or else one object."""
        stream = self.stream
        stream.fill(_PROBE_BYTES)
        start = self._envelope_start.match(stream.data, stream.at)
        if start is None or not self._is_envelope(start[0] + b"]}"):
            yield from self._value(Envelope(""))
        else:
            stream.advance(start.end())
            yield from self._elements(self.envelopes[start[1][1:-1].decode()])
            yield from self._rest_of_object()

    def _is_envelope(self, raw: bytes) -> bool:
        """Whether what stands before a list of records is JSON, and no record itself."""
        try:
            return not self.recognise(decode(raw))
        except Refused:
            return False

    def _rest_of_object(self) -> Iterator[Record | Undecodable]:
        """What stands behind a list of records: page tokens and the like, or further lists of records."""
        stream = self.stream
        start = stream.at
        end, _ = self._scan(start, depth=1)
        if end is None:
            if _BLANK.fullmatch(stream.data, start) is None:
                yield self._lost(start, code("json_truncated"), "the document is not closed")
            elif not self.cut:
                stream.advance(len(stream.data))
                yield self._not_closed("the document is not closed")
            return
        rest = _REST_START + bytes(stream.data[start:end])
        try:
            value = decode(rest)
        except Refused as refused:
            yield self._refused(start, end, refused)
            return
        if self.recognise(value):
            detail = "a record around a list of records: it cannot be both"
            yield self._refused(start, end, Refused("not_a_record", detail))
            return
        yield from self._lists(rest, value, before=len(_REST_START))

    def _lists(self, raw: bytes, value: dict[str, Any], *, before: int) -> Iterator[Record | Undecodable]:
        """The records of every list in a document; `raw` starts `before` bytes before the stream does.

        Leaves the stream behind the document.
        """
        stream = self.stream
        here = stream.position - before
        for offset, envelope in self._lists_in(raw, value):
            stream.go_to(here + offset)
            yield from self._elements(envelope)
        stream.go_to(here + len(raw))

    def _elements(self, envelope: Envelope) -> Iterator[Record | Undecodable]:
        """The records of a list whose bracket has been read, and the closing bracket."""
        stream = self.stream
        while self._skip_blank():
            first = stream.data[stream.at]
            if first == 0x5D:  # ]
                stream.advance(stream.at + 1)
                return
            if first == 0x7B:  # {
                yield from self._value(envelope)
            else:
                yield self._lost(stream.at, _SYNTAX, "a record or the end of the list was expected")
        if not self.cut:
            yield self._not_closed("the list of records is not closed")

    def _not_closed(self, detail: str) -> Undecodable:
        """The file ends between records: none is damaged, but some may be missing."""
        self.cut = True
        return Undecodable(self.stream.position, b"", code("json_truncated"), detail)

    def _value(self, envelope: Envelope) -> Iterator[Record | Undecodable]:
        """The object that starts here: a record, a document around records, or a stretch."""
        stream = self.stream
        start, reach = stream.at, self.reach
        end, deepest = self._scan(start)
        if end is None:
            too_large = len(stream.data) - start > reach
            reason = code("record_too_large") if too_large else code("json_truncated")
            detail = f"larger than {reach:,} bytes" if too_large else "the file ends inside a record"
            yield self._lost(start, reason, detail)
            return
        raw = bytes(stream.data[start:end])
        try:
            value = decode(raw, depth=deepest)
        except Refused as refused:
            yield self._refused(start, end, refused)
            return
        if not envelope.key and self._holds_lists(value) and not self.recognise(value):
            yield from self._lists(raw, value, before=0)
            return
        position = stream.position
        stream.advance(end)
        single = None if envelope.key else self._single(raw, value)
        if single is None:
            yield self._unwrapped(envelope, position, raw, value)
        else:
            start, end, inner = single
            yield Record(position + start, raw[start:end], inner)

    def _unwrapped(
        self, envelope: Envelope, position: int, raw: bytes, value: dict[str, Any]
    ) -> Record | Undecodable:
        text = value.get(envelope.text_key) if envelope.text_key else None
        if not isinstance(text, str):
            return Record(position, raw, value)
        inner = text.strip(" \t\r\n").encode("utf-8")
        try:
            return Record(position, inner, decode(inner))
        except Refused as refused:
            detail = f"in the text of {envelope.text_key}: {refused.detail}"
            return Undecodable(position, raw, refused.reason, detail)

    def _holds_lists(self, value: dict[str, Any]) -> bool:
        return any(isinstance(value.get(key), list) for key in self.envelopes)

    def _lists_in(self, raw: bytes, value: dict[str, Any]) -> Iterator[tuple[int, Envelope]]:
        """Where the lists of records in a document start, each behind its bracket, with its envelope."""
        if self._holds_lists(value):
            for key, start, _ in _members(raw):
                envelope = self.envelopes.get(key)
                if envelope is not None and raw[start] == 0x5B:
                    yield start + 1, envelope

    def _single(self, raw: bytes, value: dict[str, Any]) -> tuple[int, int, dict[str, Any]] | None:
        """Start, end and value of the one record that a document is around; None when it is around none.

        Nothing is taken out of a document of which nothing is known, nor out of a record.
        """
        for name in sorted(self.singles & value.keys()):
            inner = value[name]
            if isinstance(inner, dict) and self.recognise(inner) and not self.recognise(value):
                places = [(start, end) for key, start, end in _members(raw) if key == name]
                if places and raw[places[-1][0]] == 0x7B:  # of a key given twice, the last value stands
                    return *places[-1], inner
        return None

    # -- brackets ----------------------------------------------------------------------------------------

    @property
    def reach(self) -> int:
        """How far the end of a value is looked for: the record limit.

        Each value without an end costs that much, so a file full of them would cost its size squared. Where
        they have cost many times what was read, the reach shrinks, and with it the largest record that is
        read: hostile files are refused sooner, never dropped.
        """
        over = self.wasted - _RESCANS * self.stream.position - _FREE_RESCANS * self.limit
        if over <= 0:
            return self.limit
        steps = 1 + min(over // self.limit, 2)
        return max(self.limit >> 4 * steps, min(self.limit, _LEAST_REACH_BYTES))

    def _skip_blank(self) -> bool:
        """Moves to the next byte that is not white space; False at the end of the stream."""
        stream = self.stream
        while True:
            blank = _BLANK.match(stream.data, stream.at)
            stream.advance(blank.end() if blank else stream.at)
            if stream.at < len(stream.data):
                return True
            if not stream.more():
                return False

    def _scan(self, start: int, *, depth: int = 0) -> tuple[int | None, int]:
        """(end, deepest level) of the bracketed value at `start`; end None: not closed within reach."""
        stream = self.stream
        at, deepest, reach = start, depth, self.reach
        while True:
            data = stream.data
            size = len(data)
            while True:
                run = _UNTIL_BRACKET.match(data, at)
                at = run.end() if run else at
                if at == size or data[at] == 0x22:  # the end, or a string that is not closed yet
                    break
                if data[at] in b"{[":
                    depth += 1
                    deepest = max(deepest, depth)
                else:
                    depth -= 1
                at += 1
                if depth == 0 and at - start <= reach:
                    return at, deepest
                if depth == 0 or at - start > reach:
                    break
            # An open string is read from its start again: twice as much of it each time, not chunk by chunk.
            if depth == 0 or size - start > reach or not stream.more(max(size - at, 1)):
                self.wasted += min(size - start, reach)
                return None, deepest

    # -- broken stretches --------------------------------------------------------------------------------

    def _lost(self, start: int, reason: str, detail: str, *, upto: int | None = None) -> Undecodable:
        """The stretch from `start` to the next place where reading can go on; leaves the stream there.

        `upto` is where reading goes on at the latest: the end that the brackets gave.
        """
        stream = self.stream
        position = stream.position
        stream.fill(self.reach + 1)  # one more than is taken, to know whether this is the end
        bound = min(len(stream.data), start + self.reach)
        end = self._resume_at(start, before=bound if upto is None else upto, bound=bound)
        if upto is None and end == bound < len(stream.data):
            end = self._cut(start, bound)
        raw = bytes(stream.data[start:end])
        stripped = raw.rstrip(b" \t\r\n,")
        if upto is None and reason == _SYNTAX and _is_json(stripped):
            reason, detail = code("not_a_record"), "a JSON value, but not an object"
        self.cut = stream.ended and end >= len(stream.data)
        stream.advance(end)
        return Undecodable(position, stripped, reason, detail)

    def _cut(self, start: int, bound: int) -> int:
        """Where a stretch is cut that has no end within reach: inside of a word near it, so that neither what
        is before nor what is behind loses a blank, and the stretches put together are the bytes as they were.
        """
        near = max(start + 1, bound - _NEAR_BYTES)
        words = list(_IN_WORD.finditer(self.stream.data, near, bound))
        return words[-1].end() if words else bound

    def _refused(self, start: int, end: int, refused: Refused) -> Undecodable:
        """The stretch that the brackets cut out; where it is no JSON they may have led astray."""
        stream = self.stream
        if refused.reason == _SYNTAX:
            return self._lost(start, refused.reason, refused.detail, upto=end)
        raw, position = bytes(stream.data[start:end]), stream.position
        stream.advance(end)
        return Undecodable(position, raw, refused.reason, refused.detail)

    def _resume_at(self, start: int, *, before: int, bound: int) -> int:
        """Where the first whole record behind `start` starts, or else `before`; looks as far as `bound`."""
        data = self.stream.data
        budget = 4 * self.reach  # nested candidates must not make the search quadratic
        at = start
        while budget > 0 and (candidate := _CANDIDATE.search(data, at, before + 1)):
            at = candidate.end()
            if start < at < before:
                end, deepest = _scan_within(data, at, bound)
                budget -= (bound if end is None else end) - at
                if end is None:
                    self.wasted += bound - at
                if self._is_whole_record(at, end, deepest) or (
                    candidate[0].startswith(b"\n") and self._is_document(at, end, deepest, bound)
                ):
                    return at
            at = max(at, start + 1)
        return before

    def _is_whole_record(self, at: int, end: int | None, deepest: int) -> bool:
        if end is None:
            return False
        try:
            value = decode(bytes(self.stream.data[at:end]), depth=deepest)
        except Refused:
            return False
        return self.recognise(value)

    def _is_document(self, at: int, end: int | None, deepest: int, bound: int) -> bool:
        """Whether a new line starts here that is one whole object, or an envelope."""
        data = self.stream.data
        if self._envelope_start.match(data, at, bound):
            return True
        if end is None or not _LINE_END.match(data, end, bound) or b"\n" in data[at:end]:
            return False
        try:
            decode(bytes(data[at:end]), depth=deepest)
        except Refused:
            return False
        return True


def _scan_within(data: bytearray | bytes, start: int, bound: int) -> tuple[int | None, int]:
    """Like `_Splitter._scan` over bytes at hand; gives up at the deepest level a record may have."""
    at, depth, deepest = start, 0, 0
    while True:
        run = _UNTIL_BRACKET.match(data, at, bound)
        at = run.end() if run else at
        if at >= bound or data[at] == 0x22:
            return None, deepest
        depth += 1 if data[at] in b"{[" else -1
        deepest = max(deepest, depth)
        at += 1
        if depth <= 0:
            return at, deepest
        if depth > DEEPEST:
            return None, deepest


def _members(raw: bytes) -> Iterator[tuple[str, int, int]]:
    """(key as written, start, end) of each value in the text of an object."""
    at = 1
    while key := _KEY.match(raw, at):
        at = key.end()
        end = _scan_whole(raw, at) if raw[at] in b"{[" else None
        if end is None:
            scalar = _SCALAR.match(raw, at)
            end = scalar.end() if scalar else len(raw)
        yield key[1][1:-1].decode(), at, end
        comma = _COMMA.match(raw, end)
        at = comma.end() if comma else end


def _scan_whole(raw: bytes, start: int) -> int | None:
    return _scan_within(raw, start, len(raw))[0]


def _is_json(raw: bytes) -> bool:
    try:
        decode(raw)
    except Refused as refused:
        return refused.reason == code("not_a_record")
    return True
