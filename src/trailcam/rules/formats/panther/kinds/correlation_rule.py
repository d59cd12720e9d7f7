"""Correlation rules: what the matches of several rules say together."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key, ListOf
from trailcam.model.rule import Kind, Rule
from trailcam.rules.correlation_tests import TEST_FORM, correlation_test
from trailcam.rules.formats.panther.correlation_form import DETECTION, GROUP, SEQUENCE, correlation
from trailcam.rules.formats.panther.detections import COMMON, fields
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

FORM = Form(
    "a correlation rule",
    {
        "AnalysisType": Key(NAME, required=True, doc="`correlation_rule`."),
        "RuleID": METADATA["id"],
        "Detection": Key(DETECTION, required=True, doc="One sequence, or one group."),
        **COMMON,
        "Tests": Key(ListOf(TEST_FORM), doc="Inline tests."),
    },
)

FORMS = (FORM, SEQUENCE, GROUP)


def read(written: Written) -> Reading:
    """The correlation rule."""
    problems = written.check(FORM)
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    value = written.value
    together = correlation(value["Detection"], rule_id=value["RuleID"])
    own = fields(value, RuleID="id")
    own.setdefault("period_minutes", together.look_back_minutes)
    rule = Rule(
        **own,
        kind=Kind.CORRELATION_RULE,
        correlation=together,
        format="panther",
        path=written.path,
        metadata_path=written.path,
        body="",
        tests=tuple(
            correlation_test(test, line=written.line("Tests", index))
            for index, test in enumerate(value.get("Tests", ()))
        ),
    )
    kind = next(iter(value["Detection"][0].keys() & {"Sequence", "Group"}))
    steps = value["Detection"][0][kind]
    places = ((("Detection", 0, kind, at, "RuleID"), step["RuleID"]) for at, step in enumerate(steps))
    return written.reading(rule, "RuleID", names=written.names(*places))
