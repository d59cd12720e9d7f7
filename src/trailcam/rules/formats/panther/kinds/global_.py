"""Globals: Python files that rules import under a name of their own."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, TEXT, WHOLE, Form, Key, Plain
from trailcam.model.rule import HelperModule
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

FORM = Form(
    "a global",
    {
        "AnalysisType": Key(NAME, required=True, doc="`global`."),
        "GlobalID": Key(
            Plain(
                "a name that Python can import", lambda value: isinstance(value, str) and value.isidentifier()
            ),
            required=True,
            doc="The name it is imported by.",
        ),
        "Filename": Key(NAME, required=True, doc="The Python file beside this one."),
        "Description": Key(TEXT, doc="What it is for."),
        "Tags": METADATA["tags"],
        "BaseVersion": Key(WHOLE, doc="Kept by Panther's tools."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The helper module."""
    problems = written.check(FORM) + written.python()[1]
    if problems:
        return written.reading(None, "GlobalID", problems=problems)
    helper = HelperModule(id=written.value["GlobalID"], path=written.companions[0])
    return written.reading(helper, "GlobalID")
