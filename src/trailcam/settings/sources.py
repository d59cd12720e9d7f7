"""The settings of sources that are followed: keys that all have, and those of their types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trailcam import registry
from trailcam.forms import COUNT, PATH, SECONDS, Form, Key, OneOf, Report
from trailcam.yaml12 import Steps

KIND = "source"

TRIES = 5

CANARY_WITHIN_SECONDS = 600.0

_COMMON = {
    "tries": Key(
        COUNT,
        doc=f"How often what cannot be fetched is tried before it is a dead letter; {TRIES} if absent.",
    ),
    "canary_seconds": Key(
        SECONDS,
        doc="How often an event is planted that must come out as an alert; never if absent.",
    ),
    "canary_within_seconds": Key(
        SECONDS, doc=f"In which time it must have come out; {CANARY_WITHIN_SECONDS:g} if absent."
    ),
}


def common_keys() -> dict[str, Key]:
    """The keys that every source has."""
    types = OneOf(registry.names(KIND))
    return {"type": Key(types, required=True, doc="Of what kind the source is."), **_COMMON}


def source_form(type_: str) -> Form:
    """All keys of a source of this type."""
    own: Form = registry.load(KIND, type_).FORM
    keys = {**common_keys(), **own.keys}
    return Form(f"[sources.NAME], type = {type_}", keys, own.exactly_one, called=_called)


class AnySource:
    """A source of any type: its `type` says which keys it takes."""

    expected = "a table of settings"

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports a type that there is not, else all that the form of its type finds."""
        type_ = value.get("type") if isinstance(value, dict) else None
        known = registry.names(KIND)
        if isinstance(type_, str) and type_ in known:
            source_form(type_).check(value, steps, report)
        else:
            own = {"type": Key(OneOf(known), required=True)}
            kept = {"type": type_} if isinstance(value, dict) and "type" in value else {}
            Form("a source", own, called=_called).check(
                kept if isinstance(value, dict) else value, steps, report
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """A source as it is declared; `options` are the keys of its type."""

    name: str
    type: str
    tries: int = TRIES
    canary_seconds: float = 0
    """0 is never."""
    canary_within_seconds: float = CANARY_WITHIN_SECONDS
    options: Mapping[str, Any] = field(default_factory=dict)


def paths_of(type_: str) -> set[str]:
    """The keys of a type that hold paths, which are seen from the folder of the settings file."""
    return {name for name, key in source_form(type_).keys.items() if key.kind is PATH}


def own_keys(written: Mapping[str, Any]) -> dict[str, Any]:
    """What is written for the type alone."""
    return {key: value for key, value in written.items() if key != "type" and key not in _COMMON}


def _called(steps: Steps) -> str:
    return f"[{'.'.join(map(str, steps))}]"
