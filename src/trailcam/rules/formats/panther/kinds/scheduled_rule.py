"""Scheduled rules: Python over the rows of scheduled queries."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key, ListOf, same_text
from trailcam.model.rule import Kind, Rule
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

FORM = Form(
    "a scheduled rule",
    {
        "AnalysisType": Key(NAME, required=True, doc="`scheduled_rule`."),
        "RuleID": METADATA["id"],
        "Filename": Key(NAME, required=True, doc="The Python file beside this one."),
        "ScheduledQueries": Key(
            ListOf(NAME, 0, same_text), required=True, doc="The queries whose rows it sees, by name."
        ),
        **COMMON,
        "InlineFilters": FILTERS,
        "Tests": TESTS,
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The scheduled rule."""
    body, found = written.python("rule")
    problems = written.check(FORM) + found
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    queries = written.value["ScheduledQueries"]
    rule = Rule(
        **fields(written.value, RuleID="id"),
        kind=Kind.SCHEDULED_RULE,
        queries=tuple(queries),
        filters=filtered(written.value),
        format="panther",
        path=written.companions[0],
        metadata_path=written.path,
        body=body,
        tests=tests(written),
    )
    names = written.names((("ScheduledQueries",), queries))
    return written.reading(rule, "RuleID", names=names)
