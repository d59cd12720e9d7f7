"""Saved queries: SQL by name."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Key
from trailcam.rules.formats.panther.queries import COMMON, QueryForm, query
from trailcam.rules.formats.panther.written import Written

FORM = QueryForm(
    "a saved query",
    {"AnalysisType": Key(NAME, required=True, doc="`saved_query`."), **COMMON},
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The query."""
    problems = written.check(FORM)
    item = None if problems else query(written)
    return written.reading(item, "QueryName", problems=problems)
