"""The function contract: what each function of a rule must return, and what stands in when it does not.

Only `rule` decides. The others describe a match; each is called on its own, and a failure in one never stops
the rest.
"""

import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from trailcam.model.event import PantherEvent
from trailcam.model.severity import Severity
from trailcam.rules.keyvalue import StateUnavailable

LONGEST_TEXT = 1_000
LONGEST_CONTEXT = 204_800
MOST_DESTINATIONS = 10
_CUT = "... (truncated)"
_OURS = str(Path(__file__).parents[1])

MATCHER = "rule"
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


class FunctionReturnTypeError(TypeError):
    """A function of a rule returned something it may not."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one function gave: a value of the right type, or the exception in its place."""

    value: Any = None
    error: BaseException | None = None


def call_matcher(module: ModuleType, event: PantherEvent) -> bool:
    """What `rule(event)` says; falling through to None is no.

    Raises:
        FunctionReturnTypeError: neither a bool nor None.
        BaseException: whatever the rule raises.
    """
    said = getattr(module, MATCHER)(event)
    if said is None:
        return False
    if not isinstance(said, bool):
        raise _wrong_type(MATCHER, "a bool", said)
    return said


def call_auxiliary(module: ModuleType, event: PantherEvent) -> dict[str, Output]:
    """The outputs of all auxiliary functions the module defines, in their order.

    Raises:
        StateUnavailable: one of them asked for state that is not there.
    """
    return {name: _output(module, name, event) for name in AUXILIARY if hasattr(module, name)}


def _output(module: ModuleType, name: str, event: PantherEvent) -> Output:
    try:
        return Output(_CHECKS[name](name, getattr(module, name)(event)))
    except StateUnavailable:
        raise
    except BaseException as error:  # the rule runner's broad catch: sys.exit() is an error too
        return Output(error=error)


def shorten(text: str) -> str:
    """At most 1,000 characters, the last 15 of which say when something was cut off."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - len(_CUT)] + _CUT


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, "a str", value)
    return shorten(value)


def _severity(name: str, value: Any) -> Severity | None:
    """A severity, or None for DEFAULT."""
    if not isinstance(value, str):
        raise _wrong_type(name, "a str", value)
    return None if value.upper() == DEFAULT else Severity.parse(value)


def _destinations(name: str, value: Any) -> tuple[str, ...] | None:
    """Names in order; empty is nowhere; None, and a name given twice, is the default routing."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong_type(name, "a list of str or None", value)
    kept = tuple(value[:MOST_DESTINATIONS])
    return kept if len(set(kept)) == len(kept) else None


def _context(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        raise _wrong_type(name, "a Mapping", value)
    text = json.dumps(dict(value), default=PantherEvent.json_encoder, allow_nan=False)
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
    return FunctionReturnTypeError(f"{name}() must return {expected}; it returned {type(value).__name__}")


def describe(error: BaseException) -> tuple[str, str, str]:
    """(class name, repr, text with the place that raised it) of an exception, whatever its own methods do."""
    name = type(error).__name__
    try:
        shown = repr(error)
        text = str(error)
    except BaseException as second:  # an exception whose __repr__ raises is still an error
        shown, text = f"{name}(...)", f"its text raised {type(second).__name__}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OURS)
    ]
    if frames:
        last = frames[-1]
        text = f'{text}: {Path(last.filename).name}", line {last.lineno}, in {last.name}'
    return name, shorten(shown), shorten(text)
