"""What of a correlation rule stands in the state, and the matches it makes.

The definition lies there, so that whoever proves what is kept needs no rules for it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from trailcam.model.correlation import Correlation, Criterion, Step, Transition, shortened
from trailcam.model.derived import DerivedMatch, GroupValue, SourceMatch
from trailcam.model.match import Match
from trailcam.model.rule import Rule
from trailcam.model.text import storable
from trailcam.model.timestamps import to_rfc3339
from trailcam.pipeline.correlate_stretch import wait
from trailcam.rules.functions import default_dedup

DERIVED = "Trailcam.Correlation"
"""The log type of matches that correlation rules make."""

MEANING = 2
"""One more each time that the same definition comes to say something else of the same matches: what an
earlier version of Trailcam left behind is then gone through anew."""

_PASSED_OVER = ("schedule", "order")
"""What of a correlation changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationRule:
    """A correlation rule that is to run. `keeps`: fields of its matches that other such rules ask for."""

    rule: Rule
    correlation: Correlation
    keeps: tuple[str, ...]
    definition: str
    """JSON: all that decides what it says, and as what."""
    version: str
    """As `version_of` has it."""


def correlation_rules(
    rules: Sequence[Rule], *, keeps: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[CorrelationRule, ...]:
    """The correlation rules among these, in their order: each behind those whose matches it looks at. `keeps`
    are fields that are kept of matches, by the id of their rule."""
    made = []
    late: dict[str, int] = {}
    for rule in rules:
        if rule.correlation is not None:
            looked_at = {step.rule_id for step in rule.correlation.steps}
            behind = {rule_id: late[rule_id] for rule_id in looked_at if late.get(rule_id)}
            late[rule.id] = wait(rule.correlation) + max(behind.values(), default=0)
            made.append(_of(rule, rule.correlation, keeps.get(rule.id, ()), behind))
    return tuple(made)


def _of(
    rule: Rule, correlation: Correlation, keeps: tuple[str, ...], behind: Mapping[str, int]
) -> CorrelationRule:
    together = {key: value for key, value in asdict(correlation).items() if key not in _PASSED_OVER}
    definition = json.dumps(
        {
            "correlation": together,
            "keeps": keeps,
            "behind": behind if correlation.waits else {},
            "title": rule.title,
            "severity": rule.severity.name,
            "period_minutes": rule.period_minutes,
            "threshold": rule.threshold,
            "create_alert": rule.create_alert,
            "destinations": rule.destinations,
        },
        sort_keys=True,
    )
    return CorrelationRule(
        rule=rule,
        correlation=correlation,
        keeps=keeps,
        definition=definition,
        version=version_of(definition),
    )


def version_of(definition: str) -> str:
    """The digest of a definition and of what it means: who was gone through under it holds."""
    return hashlib.blake2b(f"{MEANING} {definition}".encode(), digest_size=16).hexdigest()


def defined(definition: str) -> Correlation:
    """The correlation of a definition."""
    told: dict[str, Any] = json.loads(definition)["correlation"]
    told["steps"] = tuple(Step(**step) for step in told["steps"])
    told["transitions"] = tuple(
        Transition(**each | {"match": tuple(map(tuple, each["match"]))}) for each in told["transitions"]
    )
    told["criteria"] = tuple(
        Criterion(name=each["name"], fields=tuple(map(tuple, each["fields"]))) for each in told["criteria"]
    )
    return Correlation(**told)


def behind(definition: str) -> dict[str, int]:
    """By rule that a rule of this definition looks at, and has to wait for since it waits itself or looks at
    others that do: how long, in microseconds."""
    found: dict[str, int] = json.loads(definition).get("behind", {})
    return found


def match_of(it: CorrelationRule, derived: DerivedMatch) -> Match:
    """What a rule says at an anchor, as a match of its own."""
    rule = it.rule
    held = _values(it.correlation, derived.group)
    return Match(
        rule_id=rule.id,
        row_id=derived.row_id,
        log_type=DERIVED,
        event_id=None,
        event_time=derived.event_time,
        title=rule.title or rule.id,
        dedup=_dedup(derived.group) or default_dedup(rule.id),
        severity=rule.severity,
        period_minutes=rule.period_minutes,
        threshold=rule.threshold,
        create_alert=rule.create_alert,
        description=rule.description,
        reference=rule.reference,
        runbook=rule.runbook,
        destinations=rule.destinations or None,
        alert_context=_context(it.correlation, derived),
        kept=tuple((field, held.get(field, ())) for field in it.keeps) if it.keeps else None,
        anchor=(derived.anchor.rule_id, derived.anchor.row_id),
    )


def _dedup(group: GroupValue) -> str:
    """The values of a group as one text, another for each group: with commas between, or where a value might
    be taken for several, as a JSON list."""
    is_plain = len(group) == 1 or not any("," in value or '"' in value for value in group)
    return shortened(storable(", ".join(group) if is_plain else json.dumps(group, ensure_ascii=False)))


def _values(correlation: Correlation, group: GroupValue) -> Mapping[str, tuple[str, ...]]:
    """The values that a derived match has: at each field by which its steps are tied, the one they share."""
    found: dict[str, set[str]] = {}
    for by_value in correlation.fields.values():
        for fields, value in zip(by_value, group, strict=True):
            for field in fields:
                found.setdefault(field, set()).add(value)
    return {field: tuple(sorted(values)) for field, values in found.items()}


def _context(correlation: Correlation, derived: DerivedMatch) -> str:
    """JSON: the values that are shared, by the name of the criterion or by the fields; and the evidence."""
    names = [each.name for each in correlation.criteria]
    if len(names) != len(derived.group):  # of a sequence, whose transitions name its one value
        fields = {field for each in correlation.transitions for pair in each.match for field in pair}
        names = [" = ".join(sorted(fields))]
    return json.dumps(
        {
            "values": dict(zip(names, derived.group, strict=False)),
            "steps": [
                {
                    "id": each.step_id,
                    "rule": each.last.rule_id,
                    "matches": each.matches,
                    "first": _told(each.first),
                    "last": _told(each.last),
                }
                for each in derived.evidence
            ],
        }
    )


def _told(match: SourceMatch) -> dict[str, str]:
    return {"row_id": match.row_id, "event_time": to_rfc3339(match.event_time)}
