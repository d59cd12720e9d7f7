"""Simple detections: rules without Python, of which Python is made."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key
from trailcam.model.rule import Rule
from trailcam.rules.conditions.form import DETECTION_KEYS
from trailcam.rules.conditions.source import detection_source
from trailcam.rules.formats.panther.account_ids import is_aws, unquoted
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA

FORM = Form(
    "a simple detection",
    {
        "AnalysisType": Key(NAME, required=True, doc="`rule`."),
        "RuleID": METADATA["id"],
        "LogTypes": METADATA["log_types"],
        **DETECTION_KEYS,
        **COMMON,
        "InlineFilters": FILTERS,
        "Tests": TESTS,
    },
)


def read(written: Written) -> Reading:
    """The rule."""
    problems = written.check(FORM) + misspelt(written.document, ("LogTypes",), known=written.known)
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    return written.reading(made(written), "RuleID")


def made(written: Written, **own: Any) -> Rule:
    """The rule of a checked document, whose Python is made; `own` is what only its kind has."""
    value = written.value
    return Rule(
        **fields(value, RuleID="id", LogTypes="log_types"),
        **own,
        filters=filtered(value),
        format="panther",
        path=written.path,
        metadata_path=written.path,
        body=detection_source(value),
        conditions=json.dumps(given(value)),
        tests=tests(written),
        remarks=unquoted(written, of_aws=is_aws(value.get("LogTypes", ()))),
    )


def given(value: Mapping[str, Any]) -> dict[str, Any]:
    """What of a checked document its Python is made of."""
    return {key: value[key] for key in DETECTION_KEYS if key in value}


def changed(rule: Rule, changes: Mapping[str, Any]) -> Rule:
    """A simple detection with other conditions, or another title or context; any other rule as it is."""
    if not rule.conditions or not changes:
        return rule
    value = {**json.loads(rule.conditions), **changes}
    return replace(rule, body=detection_source(value), conditions=json.dumps(value))
