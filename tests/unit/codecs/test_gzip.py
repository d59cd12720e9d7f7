import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam.codecs.gzip import unpack
from trailcam.contracts.codec import Unpackable
from trailcam.errors import code

LIMIT = 1 << 20


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, *, size: int = 7, limit: int = LIMIT) -> tuple[bytes, str | None]:
    """All good bytes and the code of the damage, if any."""
    out = b""
    try:
        for piece in unpack(cut(data, size), limit=limit):
            out += piece
    except Unpackable as damage:
        return out, damage.reason
    return out, None


@given(st.binary(max_size=3000), st.integers(1, 50))
def test_packed_bytes_come_out_as_they_went_in(data: bytes, size: int) -> None:
    assert read(gzip.compress(data), size=size) == (data, None)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 50))
def test_members_follow_one_another(parts: list[bytes], size: int) -> None:
    assert read(b"".join(map(gzip.compress, parts)), size=size) == (b"".join(parts), None)


@given(st.binary(max_size=100).filter(lambda data: not data.startswith(b"\x1f\x8b")), st.integers(1, 9))
def test_plain_bytes_pass_through(data: bytes, size: int) -> None:
    assert read(data, size=size) == (data, None)


def test_zero_bytes_after_the_last_member_are_padding() -> None:
    assert read(gzip.compress(b"abc") + bytes(100)) == (b"abc", None)


def test_a_cut_off_stream_gives_its_beginning_and_says_so() -> None:
    data = bytes(range(256)) * 40
    out, damage = read(gzip.compress(data)[:-20])
    assert damage == code("gzip_truncated")
    assert data.startswith(out)


def test_a_wrong_checksum_is_told_after_the_bytes_were_read() -> None:
    packed = bytearray(gzip.compress(b"hello"))
    packed[-6] ^= 1
    assert read(bytes(packed)) == (b"hello", code("gzip_damaged"))


def test_foreign_bytes_behind_the_stream_are_told() -> None:
    assert read(gzip.compress(b"hello") + b"junk") == (b"hello", code("gzip_damaged"))


@pytest.mark.parametrize("limit", [1, 999, 1000])
def test_a_bomb_stops_at_the_limit_exactly(limit: int) -> None:
    out, damage = read(gzip.compress(bytes(1001)), limit=limit, size=4096)
    assert (len(out), damage) == (limit, code("too_large_unpacked"))


def test_a_stream_of_exactly_the_limit_is_no_bomb() -> None:
    assert read(gzip.compress(bytes(1000)), limit=1000) == (bytes(1000), None)


def test_tiny_members_cost_no_more_than_the_stream_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    handed = 0
    decompressobj = zlib.decompressobj

    class Counting:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def copy(self) -> Any:
            return Counting(self.inner.copy())

        def decompress(self, data: bytes, limit: int) -> Any:
            nonlocal handed
            handed += len(data)
            return self.inner.decompress(data, limit)

    monkeypatch.setattr(zlib, "decompressobj", lambda wbits: Counting(decompressobj(wbits)))
    member = gzip.compress(b"x")
    for count in (4_000, 16_000):
        handed = 0
        assert read(member * count, size=1 << 20) == (b"x" * count, None)
        assert handed < count * (1 << 14)
