"""One rule on one event, as in production: failures of auxiliary functions are answered with fallbacks."""

import json
from types import ModuleType
from typing import Any

from trailcam.contracts.runner import Subject, Verdict
from trailcam.errors import code
from trailcam.model.event import PantherEvent
from trailcam.model.match import Match, RuleError
from trailcam.model.rule import Kind, Rule
from trailcam.rules.functions import (
    FILTERS,
    Output,
    call_auxiliary,
    call_matcher,
    default_dedup,
    describe,
    passes,
)
from trailcam.rules.keyvalue import refusals
from trailcam.rules.resources import concerns, resource

_NO_MATCH = Verdict()
_KEEPS_STATE = Verdict(not_run=code("rule_keeps_state"))


class RuleRunner:
    """A rule with its executed module, or with the exception that executing it raised."""

    def __init__(
        self,
        rule: Rule,
        module: ModuleType | None,
        setup_error: BaseException | None = None,
        *,
        filters: ModuleType | None = None,
    ) -> None:
        self.rule = rule
        self.setup_error = setup_error
        self.module = module
        self.filters = filters

    def run(self, event: PantherEvent, subject: Subject) -> Verdict:
        """See `trailcam.contracts.runner.Runner`."""
        if self.module is None:
            error = self.setup_error or ImportError(f"{self.rule.id} was not loaded")
            return Verdict(errors=(rule_error(self.rule, subject, "setup", error),))
        kind = self.rule.kind
        asked: Any = event
        if kind is Kind.POLICY:
            asked = resource(event)
            if not concerns(self.rule, asked):
                return _NO_MATCH
        before = refusals()
        function = FILTERS
        failure: BaseException | None = None
        outputs: dict[str, Output] | None = None
        try:
            if passes(self.filters, event):
                function = kind.matcher
                if call_matcher(self.module, asked, kind) is kind.matches_on:
                    outputs = call_auxiliary(self.module, asked)
        except BaseException as error:  # the rule runner's broad catch: every failure is told
            failure = error
        if refusals() != before:  # even if an `except:` of the rule has eaten the refusal
            return _KEEPS_STATE
        if failure is not None:
            return Verdict(errors=(rule_error(self.rule, subject, function, failure),))
        if outputs is None:
            return _NO_MATCH
        errors: tuple[RuleError, ...] = ()
        unique = outputs.get("unique")
        if unique is not None and unique.error is not None:
            errors = (rule_error(self.rule, subject, "unique", unique.error),)
        return Verdict(match=_match(self.rule, subject, outputs), errors=errors)


def rule_error(rule: Rule, subject: Subject, function: str, error: BaseException) -> RuleError:
    """The record of a failure."""
    failure = describe(error)
    return RuleError(
        rule_id=rule.id,
        row_id=subject.row_id,
        log_type=subject.log_type,
        event_id=subject.event_id,
        event_time=subject.event_time,
        function=function,
        error_class=failure.class_name,
        error=failure.shown,
        message=failure.message,
        severity=rule.severity,
        origin_id=subject.origin_id,
    )


def _match(rule: Rule, subject: Subject, outputs: dict[str, Output]) -> Match:
    unique = outputs.get("unique")
    severity = _value(outputs, "severity", missing=None, failed=None)
    return Match(
        rule_id=rule.id,
        row_id=subject.row_id,
        log_type=subject.log_type,
        event_id=subject.event_id,
        event_time=subject.event_time,
        title=_value(outputs, "title", missing=rule.title or rule.id, failed=rule.id),
        dedup=_dedup(rule, outputs),
        severity=rule.severity if severity is None else severity,
        period_minutes=rule.period_minutes,
        threshold=rule.threshold,
        create_alert=rule.create_alert,
        counts_unique=unique is not None,
        unique=unique.value if unique is not None else None,
        description=_value(outputs, "description", missing=rule.description, failed=""),
        reference=_value(outputs, "reference", missing=rule.reference, failed=""),
        runbook=_value(outputs, "runbook", missing=rule.runbook, failed=""),
        destinations=_value(outputs, "destinations", missing=rule.destinations or None, failed=None),
        alert_context=_context(outputs.get("alert_context")),
        fallbacks=tuple(
            (name, describe(output.error).shown)
            for name, output in outputs.items()
            if output.error is not None and name != "unique"
        ),
    )


def _value(outputs: dict[str, Output], name: str, *, missing: Any, failed: Any) -> Any:
    output = outputs.get(name)
    if output is None:
        return missing
    return failed if output.error is not None else output.value


def _dedup(rule: Rule, outputs: dict[str, Output]) -> str:
    """The dedup string: that of `dedup`, never the title's where `dedup` is defined; else the title's."""
    if "dedup" in outputs:
        said = outputs["dedup"].value
    else:
        said = _value(outputs, "title", missing="", failed=rule.id)
    return str(said or default_dedup(rule.id))


def _context(output: Output | None) -> str | None:
    if output is None:
        return None
    if output.error is not None:
        return json.dumps({"_error": describe(output.error).shown})
    text: str = output.value
    return text
