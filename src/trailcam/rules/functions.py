"""The function contract: what each function of a rule must return, and how its failure is put into words.

Only `rule` decides, or `policy`. The others describe a match; each is called on its own, and a failure in
one never stops the rest.
"""

import inspect
import json
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from trailcam.model.event import PantherEvent
from trailcam.model.rule import Kind
from trailcam.model.severity import Severity
from trailcam.model.text import storable
from trailcam.rules.keyvalue import StateUnavailable

LONGEST_TEXT = 1_000
LONGEST_CONTEXT = 204_800
MOST_DESTINATIONS = 10
_CUT = "... (truncated)"

AUXILIARY = (
    "title",
    "description",
    "reference",
    "severity",
    "runbook",
    "destinations",
    "dedup",
    "alert_context",
    "unique",
)
"""In the order in which they are called."""

DEFAULT = "DEFAULT"
"""A severity function's word for "as configured"."""

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_SHIPPED_RULES = _PACKAGE + "packs" + os.sep


class FunctionReturnTypeError(TypeError):
    """A function of a rule returned something it may not."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one function gave: a value of the right type, or the exception in its place."""

    value: Any = None
    error: BaseException | None = None


FILTERS = "filters"
"""The function of a rule's filters."""


def call_matcher(module: ModuleType, subject: Any, kind: Kind = Kind.RULE) -> bool:
    """What the deciding function says of an event or a resource; a rule that falls through to None says no.

    Raises:
        FunctionReturnTypeError: neither a bool nor, of a rule, None.
        BaseException: whatever it raises.
    """
    said = getattr(module, kind.matcher)(subject)
    if said is None and kind is not Kind.POLICY:
        return False
    if not isinstance(said, bool):
        raise _wrong_type(kind.matcher, "a bool", said)
    return said


def passes(filters: ModuleType | None, event: PantherEvent) -> bool:
    """Whether an event reaches a rule with these filters.

    Raises:
        BaseException: whatever they raise.
    """
    return filters is None or bool(getattr(filters, FILTERS)(event))


def call_auxiliary(module: ModuleType, event: Any) -> dict[str, Output]:
    """The outputs of all auxiliary functions the module defines, in their order.

    Raises:
        StateUnavailable: one of them asked for state that is not there.
    """
    return {name: _output(module, name, event) for name in AUXILIARY if _defines(module, name)}


def _defines(module: ModuleType, name: str) -> bool:
    """Whether a name is there, whatever it is: calling what is no function fails like any other call."""
    try:
        return hasattr(module, name)
    except BaseException:  # the module's own `__getattr__` failed, and will again when the function is called
        return True


def _output(module: ModuleType, name: str, event: Any) -> Output:
    try:
        return Output(_CHECKS[name](name, getattr(module, name)(event)))
    except StateUnavailable:
        raise
    except BaseException as error:  # the rule runner's broad catch: sys.exit() is an error too
        release(error)
        return Output(error=error)


def default_dedup(rule_id: str) -> str:
    """The dedup string of matches for which the rule gives none."""
    return f"defaultDedupString:{rule_id}"


def shorten(text: str) -> str:
    """At most 1,000 characters, the last 15 of which say when something was cut off."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(_CUT)] + _CUT


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, "a str", value)
    return shorten(_plain(value))


def _plain(text: str) -> str:
    """The text itself of an instance of a rule's own subclass of str, which no other process could read,
    without halves of surrogate pairs, which no file could hold."""
    return storable(str.__str__(text))


def _severity(name: str, value: Any) -> Severity | None:
    """A severity, or None for DEFAULT."""
    if not isinstance(value, str):
        raise _wrong_type(name, "a str", value)
    return None if value.upper() == DEFAULT else Severity.parse(value)


def _destinations(name: str, value: Any) -> tuple[str, ...] | None:
    """Names in order; empty is nowhere. None is the default routing, and so is a list in which a name comes
    twice or a bool stands for one."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str | bool) for item in value):
        raise _wrong_type(name, "a list of str or None", value)
    kept = tuple(_plain(item) for item in value[:MOST_DESTINATIONS] if not isinstance(item, bool))
    return kept if len(set(kept)) == min(len(value), MOST_DESTINATIONS) else None


def _context(name: str, value: Any) -> str:
    """JSON text. Of mappings, only dicts and parts of events can be written as JSON."""
    if not isinstance(value, Mapping):
        raise _wrong_type(name, "a Mapping", value)
    text = json.dumps(value, default=PantherEvent.json_encoder, allow_nan=False)
    if len(text) > LONGEST_CONTEXT:
        return json.dumps(
            {
                "_error": f"alert_context size is [{len(text)}] characters, "
                f"bigger than maximum of [{LONGEST_CONTEXT}] characters"
            }
        )
    return text


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "title": _text,
    "description": _text,
    "reference": _text,
    "severity": _severity,
    "runbook": _text,
    "destinations": _destinations,
    "dedup": _text,
    "alert_context": _context,
    "unique": _text,
}


def _wrong_type(name: str, expected: str, value: Any) -> FunctionReturnTypeError:
    if inspect.iscoroutine(value):
        value.close()  # Python would warn that nobody awaited it
    return FunctionReturnTypeError(f"{name}() must return {expected}; it returned {type(value).__name__}")


class Place(NamedTuple):
    """Where an exception was raised, in the rule or in what it calls."""

    path: str
    line: int
    function: str


class Failure(NamedTuple):
    """An exception in words; texts are shortened as those of rules are."""

    class_name: str
    shown: str
    """Its repr."""
    message: str
    """Its text, and where it was raised: `file.py", line N, in f`."""
    text: str
    """Its text alone."""
    place: Place | None
    """None for what Trailcam itself raised about a function."""


def describe(error: BaseException) -> Failure:
    """What there is to say of an exception, whatever its own methods do."""
    place = _place(error)
    release(error)
    name = type(error).__name__
    try:
        shown, text = shorten(_plain(repr(error))), shorten(_plain(str(error)))
    except BaseException as second:  # an exception whose __repr__ raises is still an error
        shown, text = f"{name}(...)", f"its text raised {type(second).__name__}"
    message = text
    if place is not None:
        message = f'{text}: {Path(place.path).name}", line {place.line}, in {place.function}'
    return Failure(name, shown, shorten(message), text, place)


def release(error: BaseException) -> None:
    """Gives back the memory that the functions held which an exhausted one ended; its traceback stays."""
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)


def _place(error: BaseException) -> Place | None:
    """The innermost frame that is neither Trailcam's own nor the import system's."""
    found = None
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        path = code.co_filename
        own = path.startswith(_PACKAGE) and not path.startswith(_SHIPPED_RULES)
        if not own and not path.startswith("<frozen importlib"):
            found = Place(path, step.tb_lineno, code.co_name)
        step = step.tb_next
    return found
