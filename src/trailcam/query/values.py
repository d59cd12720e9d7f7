"""Values of an answer as text, JSON and tables can hold them."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trailcam.model.timestamps import LAST, Micros, from_datetime, to_rfc3339

_AS_TEXT = re.compile(
    r"\b(VARIANT|BIGNUM|BIT|UNION|U?HUGEINT|TIME WITH TIME ZONE|INTERVAL|TIME(STAMP)?_NS|GEOMETRY)\b"
)
"""Types that Arrow does not hold, or not all values of: DuckDB writes them."""

_AS_THEY_ARE = frozenset({pa.string(), pa.int64(), pa.int32(), pa.bool_(), pa.float64()})
_PER_UNIT = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
_ENDLESS = (1 << 63) - 1
_FIRST = from_datetime(datetime.min.replace(tzinfo=UTC))


def readable(column: str, kind: str) -> str:
    """A column of an answer as SQL that gives what `plain` takes."""
    return f"CAST({column} AS VARCHAR)" if _AS_TEXT.search(kind) else column


def plain(column: pa.Array, kind: str) -> list[Any]:
    """A column's values: None, bool, int, float, str, and lists and dicts of them.

    `kind` is its type as DuckDB names it. Times are RFC 3339, those without a zone without one; bytes are
    base64; a decimal is a number when a double has its very value, else text. Floats may be NaN or endless.
    """
    values = _values(column)
    if kind in ("HUGEINT", "UHUGEINT"):
        return [None if value is None else int(value) for value in values]
    return values


def _values(array: pa.Array) -> list[Any]:
    kind = array.type
    if kind in _AS_THEY_ARE:
        return list(array.to_pylist())
    if pa.types.is_map(kind):
        pairs = pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))
        return _lists(array.cast(pairs), lambda found: {_key(pair["key"]): pair["value"] for pair in found})
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _lists(array, list)
    if pa.types.is_fixed_size_list(kind):
        return _values(array.cast(pa.list_(kind.value_type)))
    if pa.types.is_struct(kind):
        names = [field.name for field in kind]
        rows = zip(*map(_values, array.flatten()), strict=True) if names else ((),) * len(array)
        return [
            dict(zip(names, row, strict=True)) if valid else None
            for row, valid in zip(rows, array.is_valid().to_pylist(), strict=True)
        ]
    if pa.types.is_dictionary(kind):
        return _values(array.dictionary_decode())
    if isinstance(array, pa.ExtensionArray):
        return _values(array.storage)
    if pa.types.is_timestamp(kind):
        return _each(array.cast(pa.int64()), lambda value: _moment(value, kind))
    if pa.types.is_date(kind):
        return _each(array.cast(pa.date32()).cast(pa.int32()), _day)
    return _each(array, _scalar)


def _each(array: pa.Array, make: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else make(value) for value in array.to_pylist()]


def _lists(array: pa.Array, make: Callable[[Sequence[Any]], Any]) -> list[Any]:
    items = iter(_values(array.flatten()))
    lengths = pc.list_value_length(array).to_pylist()
    return [None if length is None else make([next(items) for _ in range(length)]) for length in lengths]


def _key(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _moment(value: int, kind: pa.TimestampType) -> str:
    if abs(value) == _ENDLESS:
        return "infinity" if value > 0 else "-infinity"
    times, parts = _PER_UNIT[kind.unit]
    micros = value * times // parts
    if not _FIRST <= micros <= LAST:
        return f"{micros / 1_000_000:.6f} s since 1970"
    written = to_rfc3339(Micros(micros))
    return written if kind.tz else written.removesuffix("Z")


def _day(value: int) -> str:
    try:
        return date.fromordinal(value + date(1970, 1, 1).toordinal()).isoformat()
    except (ValueError, OverflowError):
        return "infinity" if value == (1 << 31) - 1 else f"{value} days since 1970"


def _scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else str(value)
