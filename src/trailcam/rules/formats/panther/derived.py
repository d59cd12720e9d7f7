"""Derived detections: another rule, but for the keys that are given."""

from dataclasses import replace

from trailcam.contracts.rule_format import Reading
from trailcam.forms import ANYTHING, NAME, Form, Key
from trailcam.model.rule import DerivedRule
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA

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
        "DynamicSeverities": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertTitle": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertContext": Key(ANYTHING, doc="Of simple detections; without effect."),
        "GroupBy": Key(ANYTHING, doc="Of simple detections; without effect."),
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
    item = DerivedRule(id=value["RuleID"], base=value["BaseDetection"], fields=own)
    names = written.names((("BaseDetection",), value["BaseDetection"]))
    return written.reading(item, "RuleID", names=names)
