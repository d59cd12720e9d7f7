"""Scheduled queries: SQL that runs by itself, for scheduled rules or for a mail."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, TEXTS, TRUTH, Form, Key
from trailcam.rules.formats.panther.queries import COMMON, QueryForm, query
from trailcam.rules.formats.panther.schedule import SCHEDULE_FORM, schedule
from trailcam.rules.formats.panther.written import Written

EMAIL_FORM = Form(
    "where results are mailed",
    {
        "Recipients": Key(TEXTS, required=True, doc="Mail addresses."),
        "SendEmpty": Key(TRUTH, doc="Also without a row."),
        "PreferAttachment": Key(TRUTH, doc="As a file."),
    },
)

FORM = QueryForm(
    "a scheduled query",
    {
        "AnalysisType": Key(NAME, required=True, doc="`scheduled_query`."),
        **COMMON,
        "Enabled": Key(TRUTH, required=True, doc="Whether it runs."),
        "Schedule": Key(SCHEDULE_FORM, required=True, doc="When it runs."),
        "EmailConfig": Key(EMAIL_FORM, doc="Read, and of no effect."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The query with its schedule."""
    problems = written.check(FORM)
    item = None if problems else query(written, schedule=schedule(written.value["Schedule"]))
    return written.reading(item, "QueryName", problems=problems)
