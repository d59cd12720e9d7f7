"""Policies: Python over resources; its no is the match."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import ANYTHING, NAME, TEXT, WHOLE, Form, Key, ListOf, same_text
from trailcam.model.rule import RESOURCE, Kind, Rule
from trailcam.rules.formats.panther.account_ids import is_aws, unquoted
from trailcam.rules.formats.panther.detections import COMMON, FILTERED_OUT, TESTS, fields, tests
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

FORM = Form(
    "a policy",
    {
        "AnalysisType": Key(NAME, required=True, doc="`policy`."),
        "PolicyID": METADATA["id"],
        "Filename": Key(NAME, required=True, doc="The Python file beside this one."),
        "ResourceTypes": Key(
            ListOf(NAME, 0, same_text), doc="What it is about, such as `AWS.S3.Bucket`; without, all."
        ),
        **COMMON,
        "Suppressions": FILTERED_OUT,
        "ActionDelaySeconds": Key(WHOLE, doc="Of Panther's remediation; without effect."),
        "AutoRemediationID": Key(TEXT, doc="Of Panther's remediation; without effect."),
        "AutoRemediationParameters": Key(ANYTHING, doc="Of Panther's remediation; without effect."),
        "Tests": TESTS,
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The policy."""
    body, found = written.python("policy")
    problems = written.check(FORM) + found
    if problems:
        return written.reading(None, "PolicyID", problems=problems)
    value = written.value
    rule = Rule(
        **fields(value, PolicyID="id"),
        kind=Kind.POLICY,
        log_types=(RESOURCE,),
        resource_types=tuple(value.get("ResourceTypes", ())),
        suppressions=tuple(value.get("Suppressions", ())),
        format="panther",
        path=written.companions[0],
        metadata_path=written.path,
        body=body,
        tests=tests(written),
        remarks=unquoted(written, of_aws=is_aws(value.get("ResourceTypes", ()))),
    )
    return written.reading(rule, "PolicyID")
