"""Derived detections: another rule, but for the keys that are given."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key
from trailcam.model.rule import DerivedRule, Remark, Rule
from trailcam.rules.conditions.form import DETECTION_KEYS
from trailcam.rules.formats.panther.account_ids import is_aws, unquoted
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.simple import changed
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA

_OF_SIMPLE_ONES = tuple(key for key, declared in DETECTION_KEYS.items() if not declared.required)
"""Keys that change something where the other rule is a simple detection."""

FORM = Form(
    "a derived rule",
    {
        "AnalysisType": Key(NAME, required=True, doc="`rule`."),
        "RuleID": METADATA["id"],
        "BaseDetection": Key(NAME, required=True, doc="The id of the other rule, whose logic it has."),
        "LogTypes": replace(METADATA["log_types"], required=False),
        **{key: replace(declared, required=False) for key, declared in COMMON.items()},
        "InlineFilters": FILTERS,
        "Tests": TESTS,
        **{key: DETECTION_KEYS[key] for key in _OF_SIMPLE_ONES},
    },
)


def read(written: Written) -> Reading:
    """The rule, without what it takes from the other one."""
    problems = written.check(FORM) + misspelt(written.document, ("LogTypes",), known=written.known)
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    value = written.value
    own = fields(value, RuleID="id", LogTypes="log_types")
    own |= {"metadata_path": written.path}
    if "InlineFilters" in value:
        own["filters"] = filtered(value)
    if "Tests" in value:
        own["tests"] = tests(written)
    changes = {key: value[key] for key in _OF_SIMPLE_ONES if key in value}
    remarks = unquoted(written, of_aws=True)
    sure = unquoted(written)
    made = partial(_made, changes=changes, remarks=remarks, sure=sure) if changes or remarks else None
    item = DerivedRule(id=value["RuleID"], base=value["BaseDetection"], fields=own, made=made)
    names = written.names((("BaseDetection",), value["BaseDetection"]))
    return written.reading(item, "RuleID", names=names)


def _made(
    rule: Rule, *, changes: Mapping[str, Any], remarks: tuple[Remark, ...], sure: tuple[Remark, ...]
) -> Rule:
    """The rule with the changes, and with the remarks that hold for events of its log types."""
    return replace(changed(rule, changes), remarks=remarks if is_aws(rule.log_types) else sure)
