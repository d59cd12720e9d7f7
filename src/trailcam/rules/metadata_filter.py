"""Which rules are meant by `KEY=value,value`: by what their metadata says, in Panther's words or in ours."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.model.rule import Kind, Rule

_ALIASES = {
    "analysistype": "kind",
    "ruleid": "id",
    "policyid": "id",
    "displayname": "title",
    "outputids": "destinations",
    "dedupperiodminutes": "periodminutes",
    "scheduledqueries": "queries",
    "filename": "path",
}
"""Panther's keys that have another name here; all others are the same without their capitals and bars."""

_OWN = (
    "id", "kind", "severity", "log_types", "resource_types", "queries", "suppressions", "enabled", "title",
    "description", "reference", "runbook", "destinations", "tags", "status", "reports", "summary_attributes",
    "period_minutes", "threshold", "create_alert", "format", "path",
)  # fmt: skip
_KEYS: Mapping[str, str] = {name.replace("_", ""): name for name in _OWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What rules say under one key: one of the words, or none of them."""

    key: str
    """A field of `Rule`."""
    words: frozenset[str]
    """In small letters."""
    inverted: bool = False

    def takes(self, rule: Rule) -> bool:
        """Whether a rule is meant."""
        return bool(self.words & said(rule, self.key)) is not self.inverted


def parse(text: str) -> Filter:
    """The filter that a text says: `Severity=High,Critical`, `Status!=Deprecated`.

    Raises:
        TrailcamError: TC0104 it has no `=`, no value, or a key that rules do not have.
    """
    key, separator, value = text.partition("=")
    inverted = key.endswith("!")
    name = key.removesuffix("!").strip().lower().replace("_", "")
    field = _KEYS.get(_ALIASES.get(name, name))
    words = frozenset(word.strip().lower() for word in value.split(",") if word.strip())
    if not separator or not words:
        raise _wrong(f'--filter takes KEY=value,value or KEY!=value; found "{text}"')
    if field is None:
        known = [*_OWN, "RuleID", "LogTypes", "Severity", "Tags", "Enabled", "Status", "AnalysisType"]
        hint = nearest(key.removesuffix("!"), known) or f"known keys: {', '.join(_OWN)}"
        raise _wrong(f'--filter: rules have no key "{key.removesuffix("!")}"', hint)
    return Filter(key=field, words=words, inverted=inverted)


def chosen(rules: Iterable[Rule], filters: Iterable[Filter]) -> tuple[Rule, ...]:
    """The rules that every filter takes, in their order."""
    every = tuple(filters)
    return tuple(rule for rule in rules if all(it.takes(rule) for it in every))


def said(rule: Rule, key: str) -> set[str]:
    """What a rule says under a key, in small letters; a truth value in every way people write it."""
    value = getattr(rule, key)
    if isinstance(value, bool):
        return {"true", "yes", "on", "1"} if value else {"false", "no", "off", "0"}
    write = _WRITTEN.get(key, _plainly)
    return {word.lower() for word in write(value)}


def _plainly(value: Any) -> Iterable[str]:
    return map(str, value) if isinstance(value, tuple) else [str(value)] if value != "" else []


def _kind(value: Kind) -> Iterable[str]:
    return [value.value, value.value.replace(" ", "_")]


_WRITTEN: Mapping[str, Callable[[Any], Iterable[str]]] = {
    "kind": _kind,
    "severity": lambda value: [value.name],
    "path": lambda value: [value.name],
    "reports": lambda value: [word for name, sections in value for word in (name, *sections)],
}


def _wrong(message: str, hint: str = "") -> TrailcamError:
    return TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
