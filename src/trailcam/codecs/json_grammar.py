"""The reference grammar: what one record's bytes mean, exactly. Every faster reader is held against it.

A record is a JSON object as RFC 8259 has it, and in addition:

- what is not JSON at all is refused as that (TC0405), whatever else is wrong with it;
- bytes are UTF-8; anything else is refused (TC0407). Control characters in strings are refused (TC0405),
  their escapes are read;
- `NaN`, infinities, numbers beyond a double's range (`1e999`) and integers of more than 4,300 digits are
  refused (TC0408); other integers are exact whatever their size, other numbers are doubles;
- a lone surrogate escape (`\\ud800`) is read as U+FFFD, one for each: such text comes from attackers who hope
  that the record is dropped, so it is not;
- of a key given twice the last value stands, at the place of the first;
- nesting deeper than 256 levels is refused (TC0409);
- the object itself must not be another value (TC0411).

The raw bytes are never changed, whatever is read from them.
"""

import json
import math
import re
from typing import Any

from trailcam.errors import code

DEEPEST = 256
"""Levels of nesting a record may have, the record's own braces included."""

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Refused(ValueError):
    """The bytes are not a record; `reason` is a code of the error table."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = code(name)
        self.detail = detail


def decode(raw: bytes, *, depth: int | None = None) -> dict[str, Any]:
    """The mapping that a record's bytes mean. `depth` spares counting where it is known.

    Raises:
        Refused: the grammar does not accept the bytes.
    """
    if (nesting(raw) if depth is None else depth) > DEEPEST:
        raise Refused("too_deep", f"nested deeper than {DEEPEST} levels")
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        _check_structure(raw)
        raise Refused("not_utf8", f"byte {error.start} of the record is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _broken(error) from None
    except Refused:
        _check_structure(raw)
        raise
    except ValueError:  # the interpreter's limit on the digits of an integer
        _check_structure(raw)
        raise Refused("number_out_of_range", "an integer has more than 4,300 digits") from None
    if not isinstance(value, dict):
        raise Refused("not_a_record", "a JSON value, but not an object")
    if _SURROGATE_ESCAPE.search(raw):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def nesting(raw: bytes) -> int:
    """The deepest level of brackets outside strings; bytes that are not JSON give some number."""
    depth = deepest = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif first in _CLOSING:
            depth -= 1
    return deepest


def _check_structure(raw: bytes) -> None:
    """Refuses as broken what is no JSON even if every byte and number in it were allowed."""
    try:
        _STRUCTURE.decode(raw.decode("utf-8", "replace"))
    except json.JSONDecodeError as error:
        raise _broken(error) from None


def _broken(error: json.JSONDecodeError) -> Refused:
    return Refused("json_broken", f"{error.msg.removesuffix(' at')} at character {error.pos} of the record")


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Refused("number_out_of_range", f"the number {text[:40]} is beyond a double's range")
    return number


def _constant(text: str) -> float:
    raise Refused("number_out_of_range", f"{text} is not a JSON number")


def _mended(value: Any) -> Any:
    """The value with U+FFFD for each lone surrogate."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_OPENING = b"[{"
_CLOSING = b"]}"
_STRUCTURE = json.JSONDecoder(parse_float=len, parse_int=len, parse_constant=len, strict=True)
_DECODER = json.JSONDecoder(parse_float=_real, parse_constant=_constant, strict=True)
