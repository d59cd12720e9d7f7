"""Scheduled rules: Python, or a simple detection, over the rows of scheduled queries."""

from collections.abc import Mapping

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key, ListOf, same_text
from trailcam.model.rule import Kind, Rule
from trailcam.rules.conditions.form import DETECTION_KEYS
from trailcam.rules.formats.panther import simple
from trailcam.rules.formats.panther.account_ids import unquoted
from trailcam.rules.formats.panther.detections import COMMON, TESTS, fields, tests
from trailcam.rules.formats.panther.filters import FILTERS, filtered
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

_FIRST: Mapping[str, Key] = {
    "AnalysisType": Key(NAME, required=True, doc="`scheduled_rule`."),
    "RuleID": METADATA["id"],
}
_QUERIES = Key(ListOf(NAME, 0, same_text), required=True, doc="The queries whose rows it sees, by name.")
_LAST: Mapping[str, Key] = {"ScheduledQueries": _QUERIES, **COMMON, "InlineFilters": FILTERS, "Tests": TESTS}

FORM = Form(
    "a scheduled rule",
    {**_FIRST, "Filename": Key(NAME, required=True, doc="The Python file beside this one."), **_LAST},
)

SIMPLE_FORM = Form("a simple scheduled detection", {**_FIRST, **DETECTION_KEYS, **_LAST})

FORMS = (FORM, SIMPLE_FORM)


def read(written: Written) -> Reading:
    """The scheduled rule, whichever of the two it is."""
    is_simple = "Detection" in written.value and "Filename" not in written.value
    return _simple(written) if is_simple else _python(written)


def _python(written: Written) -> Reading:
    body, found = written.python("rule")
    problems = written.check(FORM) + found
    if problems:
        return written.reading(None, "RuleID", problems=problems)
    rule = Rule(
        **fields(written.value, RuleID="id"),
        kind=Kind.SCHEDULED_RULE,
        queries=tuple(written.value["ScheduledQueries"]),
        filters=filtered(written.value),
        format="panther",
        path=written.companions[0],
        metadata_path=written.path,
        body=body,
        tests=tests(written),
        remarks=unquoted(written),
    )
    return written.reading(rule, "RuleID", names=_queries(written))


def _simple(written: Written) -> Reading:
    if problems := written.check(SIMPLE_FORM):
        return written.reading(None, "RuleID", problems=problems)
    queries = tuple(written.value["ScheduledQueries"])
    rule = simple.made(written, kind=Kind.SCHEDULED_RULE, queries=queries)
    return written.reading(rule, "RuleID", names=_queries(written))


def _queries(written: Written) -> tuple[tuple[str, int], ...]:
    return written.names((("ScheduledQueries",), written.value["ScheduledQueries"]))
