"""Scheduled prompts, which are Panther's own: a question that it puts by itself, on a schedule."""

import re
from dataclasses import replace

from trailcam.contracts.rule_format import Reading
from trailcam.forms import ANYTHING, NAME, TRUTH, Form, Key, OneOf, Plain
from trailcam.rules.formats.panther.written import Written

FORM = Form(
    "a scheduled prompt",
    {
        "AnalysisType": Key(NAME, required=True, doc="`scheduled_prompt`."),
        "PromptName": Key(
            Plain(
                "small letters, digits and _",
                lambda value: isinstance(value, str) and bool(re.fullmatch("[a-z][a-z0-9_]*", value)),
            ),
            required=True,
            doc="Names it for ever.",
        ),
        "DisplayName": Key(NAME, required=True, doc="Its name for people."),
        "PromptText": Key(NAME, required=True, doc="What is asked."),
        "RunAsUser": Key(NAME, required=True, doc="In whose name."),
        "Schedule": Key(ANYTHING, required=True, doc="When."),
        "OutputLength": Key(OneOf(("small", "medium", "largest")), doc="How long the answer is."),
        "Enabled": Key(TRUTH, doc="Whether it runs."),
        "Private": Key(TRUTH, doc="Whether others see it."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """That there is one, which nothing here runs."""
    problems = written.check(FORM)
    if problems:
        return written.reading(None, "PromptName", problems=problems)
    return replace(written.reading(None, "PromptName"), not_run="scheduled prompt")
