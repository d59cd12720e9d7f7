"""Fields that only the raw record holds, as SQL takes them out of it: the same values that rules see."""

from collections.abc import Iterable

from trailcam.query.lake import quoted, text

_RECORD = quoted("the record mended")
_KEYS = quoted("the keys of the record")

_HALF = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_OTHER = r"\\[^u]"
_BEGIN, _END = "chr(1)", "chr(2)"  # no record holds these: its control characters are escapes

_MARKED = (
    f"regexp_replace(raw, {text(f'({_PAIR}|{_OTHER})|({_HALF})')}, "
    rf"'\1' || {_BEGIN} || '\2' || {_END}, 'g')"
)
"""The record with a mark behind each escape, which holds the half of a pair that stands alone, or nothing."""

_MENDED = (
    f"CASE WHEN regexp_matches(raw, {text(_HALF)}) THEN "
    f"regexp_replace(replace({_MARKED}, {_BEGIN} || {_END}, ''), "
    rf"{_BEGIN} || '[^' || {_END} || ']*' || {_END}, '\\ufffd', 'g') ELSE raw END"
)


def with_fields(rows: str, names: Iterable[str], *, any_case: bool = False) -> str:
    """Rows that have a column `raw`, with a JSON column for each field that the record may hold at its top.

    The record is read as Trailcam's grammar has it: of a key given twice the last value counts, and half of
    a surrogate pair is U+FFFD. Inside of a field, keys that are given twice stay as they were written.
    Absent is null. Whatever a record holds, no query fails on it. With `any_case`, a key that is not there as
    it is named is looked for in other cases.
    """
    fields = ", ".join(f"{_field(name, any_case=any_case)} AS {quoted(name)}" for name in names)
    if not fields:
        return rows
    mended = f"(SELECT *, {_MENDED} AS {_RECORD} FROM {rows})"
    keyed = f"(SELECT *, TRY(json_keys({_RECORD})) AS {_KEYS} FROM {mended})"
    return f"(SELECT * EXCLUDE ({_RECORD}, {_KEYS}), {fields} FROM {keyed})"


def _field(name: str, *, any_case: bool) -> str:
    written, pointer = text(name), text("/" + name.replace("~", "~0").replace("/", "~1"))
    if any_case:
        at = f"list_position(list_transform({_KEYS}, lambda key: lower(key)), {text(name.lower())})"
        written = f"CASE WHEN list_contains({_KEYS}, {written}) THEN {written} ELSE {_KEYS}[{at}] END"
        pointer = f"'/' || replace(replace({written}, '~', '~0'), '/', '~1')"
    last = f"len({_KEYS}) - list_position(list_reverse({_KEYS}), {written}) + 1"
    return (
        f"CASE WHEN len({_KEYS}) <> len(list_distinct({_KEYS})) "
        f"THEN TRY(list_extract(json_extract({_RECORD}, '$.*'), {last})) "
        f"ELSE TRY(json_extract({_RECORD}, {pointer})) END"
    )
