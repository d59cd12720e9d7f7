"""Rules: in Python, as a simple detection, or derived from another rule."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import ANYTHING, NAME, Form, Key
from trailcam.model.rule import Rule
from trailcam.rules.formats.panther import derived, simple
from trailcam.rules.formats.panther.account_ids import is_aws, unquoted
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA

RULE_FORM = Form(
    "a rule",
    {
        "AnalysisType": Key(NAME, required=True, doc="`rule`."),
        "RuleID": METADATA["id"],
        "Filename": Key(NAME, required=True, doc="The Python file beside this one."),
        "LogTypes": METADATA["log_types"],
        **COMMON,
        "InlineFilters": FILTERS,
        "Tests": TESTS,
        "DynamicSeverities": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertTitle": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertContext": Key(ANYTHING, doc="Of simple detections; without effect."),
        "GroupBy": Key(ANYTHING, doc="Of simple detections; without effect."),
    },
)

FORMS = (RULE_FORM, simple.FORM, derived.FORM)


def read(written: Written) -> Reading:
    """The rule, whichever of the three it is."""
    if "BaseDetection" in written.value:
        return derived.read(written)
    if "Detection" in written.value and "Filename" not in written.value:
        return simple.read(written)
    problems = written.check(RULE_FORM) + misspelt(written.document, ("LogTypes",), known=written.known)
    body, found = written.python("rule")
    problems += found
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    rule = Rule(
        **fields(written.value, RuleID="id", LogTypes="log_types"),
        filters=filtered(written.value),
        format="panther",
        path=written.companions[0],
        metadata_path=written.path,
        body=body,
        tests=tests(written),
        remarks=unquoted(written, of_aws=is_aws(written.value["LogTypes"])),
    )
    return written.reading(rule, "RuleID")
