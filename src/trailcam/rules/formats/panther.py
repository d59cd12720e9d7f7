"""Panther's form: metadata in YAML, beside it the Python file it names.

Rules and globals are loaded. Items of other kinds, and rules whose logic is not in Python, are named as
not run. Source: the keys that panther-analysis-tool 1.11.1 takes, observed 2026-11-24.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import (
    ANYTHING,
    MAPPING,
    NAME,
    TEXT,
    TRUTH,
    WHOLE,
    Form,
    Key,
    ListOf,
    Plain,
    check,
)
from trailcam.model.rule import Mock, Rule, RuleTest
from trailcam.rules import python_source
from trailcam.rules.formats import _panther_template
from trailcam.rules.formats._text import text_with
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA, rule_fields
from trailcam.yaml12 import Document, parse, read_text

template = _panther_template.template

SUFFIXES = (".yml", ".yaml")

NOT_RUN = {
    "correlation_rule": "correlation rule",
    "datamodel": "data model",
    "lookup_table": "lookup table",
    "pack": "pack",
    "policy": "policy",
    "saved_query": "saved query",
    "scheduled_prompt": "scheduled prompt",
    "scheduled_query": "scheduled query",
    "scheduled_rule": "scheduled rule",
}
"""Kinds of items that this version does not run, in words."""

KINDS = ("rule", "global", *NOT_RUN)

NAMES = {
    "RuleID": "id",
    "LogTypes": "log_types",
    "Severity": "severity",
    "DisplayName": "title",
    "Description": "description",
    "Reference": "reference",
    "Runbook": "runbook",
    "OutputIds": "destinations",
    "Tags": "tags",
    "Reports": "reports",
    "SummaryAttributes": "summary_attributes",
    "DedupPeriodMinutes": "dedup_period_minutes",
    "Threshold": "threshold",
    "Enabled": "enabled",
    "CreateAlert": "create_alert",
}
"""Panther's keys by the names that `trailcam.rules.values` declares them under."""

TEST_FORM = Form(
    "a test",
    {
        "Name": Key(NAME, required=True, doc="What it shows."),
        "ExpectedResult": Key(TRUTH, required=True, doc="What `rule(event)` gives."),
        "Log": Key(MAPPING, doc="The event, as the rule sees it."),
        "Resource": Key(MAPPING, doc="An older name of Log."),
        "Mocks": Key(
            ListOf(
                Form(
                    "a mock",
                    {
                        "objectName": Key(NAME, required=True, doc="A name of the rule's module."),
                        "returnValue": Key(ANYTHING, required=True, doc="What a call of it returns."),
                    },
                )
            ),
            doc="Names replaced during the test.",
        ),
        "ExpectedDestinations": Key(ANYTHING, doc="Read, not compared."),
        "LogType": Key(TEXT, doc="Older; without effect."),
        "ResourceType": Key(TEXT, doc="Older; without effect."),
    },
    exactly_one=(("Log", "Resource"),),
)

RULE_FORM = Form(
    "a rule",
    {
        "AnalysisType": Key(NAME, required=True, doc="`rule`."),
        "Filename": Key(NAME, required=True, doc="The Python file beside this one."),
        **{key: METADATA[name] for key, name in NAMES.items()},
        "Enabled": replace(METADATA["enabled"], required=True),
        "Tests": Key(ListOf(TEST_FORM), doc="Inline tests."),
        "Status": Key(TEXT, doc="Maturity, in a word."),
        "BaseVersion": Key(WHOLE, doc="Kept by Panther's tools."),
        "CreatedBy": Key(ANYTHING, doc="Kept by Panther's tools."),
        "OnlyUseBaseRiskScore": Key(TRUTH, doc="Kept by Panther's tools."),
        "InlineFilters": Key(ANYTHING, doc="Must be empty; a rule with filters is not run."),
        "DynamicSeverities": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertTitle": Key(ANYTHING, doc="Of simple detections; without effect."),
        "AlertContext": Key(ANYTHING, doc="Of simple detections; without effect."),
        "GroupBy": Key(ANYTHING, doc="Of simple detections; without effect."),
    },
)

GLOBAL_FORM = Form(
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

EXAMPLE: Mapping[str, str] = {
    "root_console_login.yml": """\
AnalysisType: rule
RuleID: Example.RootConsoleLogin
DisplayName: Root user signed in to the console
Filename: root_console_login.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: High
Tests:
  - Name: The root user signs in
    ExpectedResult: true
    Log: {eventName: ConsoleLogin, userIdentity: {type: Root}}
  - Name: A person signs in
    ExpectedResult: false
    Log: {eventName: ConsoleLogin, userIdentity: {type: IAMUser}}
""",
    "root_console_login.py": """\
def rule(event):
    return event.get("eventName") == "ConsoleLogin" and event.deep_get("userIdentity", "type") == "Root"
""",
}


def read(path: Path, *, known: Known) -> Reading | None:
    """See `trailcam.contracts.rule_format.RuleFormat`."""
    try:
        text = text_with("AnalysisType", path)
        if text is None:
            return None
        document = parse(text, path=path)
    except TrailcamError as error:
        return Reading(problems=tuple(error.problems))
    value = document.value
    if not isinstance(value, dict) or "AnalysisType" not in value:
        return None
    companions = (_companion(document),) if _inside(value.get("Filename")) else ()
    kind = value["AnalysisType"]
    if kind not in KINDS:
        return Reading(companions=companions, problems=(_unknown_kind(document),))
    if not_run := _not_run(value):
        return Reading(companions=companions, not_run=not_run)
    if kind == "global":
        return _global(document, companions)
    return _rule(document, companions, known)


def _not_run(value: dict[str, Any]) -> str:
    """The kind of an item that this version does not run; empty for one that it does."""
    kind: str = value["AnalysisType"]
    if kind != "rule":
        return NOT_RUN.get(kind, "")
    if "BaseDetection" in value:
        return "derived detection"
    if "Detection" in value and "Filename" not in value:
        return "simple detection"
    filters = value.get("InlineFilters")
    if isinstance(filters, list) and any(item != {"All": []} for item in filters):
        return "rule with inline filters"
    return ""


def _rule(document: Document, companions: tuple[Path, ...], known: Known) -> Reading:
    value = document.value
    problems = check(document, RULE_FORM) + misspelt(document, ("LogTypes",), known=known)
    body, found = _python(document, companions, function="rule")
    problems += found
    if problems:
        return Reading(companions=companions, problems=tuple(problems))
    rule = Rule(
        **rule_fields({name: value[key] for key, name in NAMES.items() if key in value}),
        format="panther",
        path=companions[0],
        metadata_path=document.path,
        body=body,
        tests=tuple(
            _test(test, line=document.line(("Tests", index)))
            for index, test in enumerate(value.get("Tests", ()))
        ),
    )
    return Reading(rule=rule, line=document.line(("RuleID",)), companions=companions)


def _test(test: dict[str, Any], *, line: int) -> RuleTest:
    return RuleTest(
        name=test["Name"],
        expected=test["ExpectedResult"],
        event=test["Log"] if "Log" in test else test["Resource"],
        mocks=tuple(
            Mock(name=mock["objectName"], return_value=mock["returnValue"]) for mock in test.get("Mocks", ())
        ),
        line=line,
    )


def _global(document: Document, companions: tuple[Path, ...]) -> Reading:
    problems = check(document, GLOBAL_FORM)
    problems += _python(document, companions, function=None)[1]
    if problems:
        return Reading(companions=companions, problems=tuple(problems))
    return Reading(
        helper=(document.value["GlobalID"], companions[0]),
        line=document.line(("GlobalID",)),
        companions=companions,
    )


def _python(
    document: Document, companions: tuple[Path, ...], *, function: str | None
) -> tuple[str, list[Problem]]:
    """The text of the Python file an item names, and all that is wrong with it."""
    filename = document.value.get("Filename")
    if not companions:
        if not isinstance(filename, str) or not filename:
            return "", []  # the form has said so
        message = f'Filename must name a .py file in the folder of this one; found "{filename}"'
        return "", [_problem("bad_value", document, ("Filename",), message)]
    path = companions[0]
    if not path.is_file():
        near = nearest(path.name, (other.name for other in path.parent.glob("*.py")))
        message = f"there is no file {filename} beside this one"
        return "", [_problem("missing_file", document, ("Filename",), message, near)]
    try:
        body = read_text(path)
    except TrailcamError as error:
        return "", list(error.problems)
    tree = python_source.parse(body, path=path)
    if isinstance(tree, Problem):
        return "", [tree]
    return body, python_source.missing_function(tree, function, path=path) if function else []


def _inside(filename: Any) -> bool:
    """Whether a file name is one of Python in the folder of the file that holds it, or below."""
    if not isinstance(filename, str) or not filename or "\0" in filename or Path(filename).is_absolute():
        return False
    return filename.endswith(".py") and Path(os.path.normpath(filename)).parts[0] != ".."


def _companion(document: Document) -> Path:
    filename: str = document.value["Filename"]
    return document.path.parent / os.path.normpath(filename)


def _unknown_kind(document: Document) -> Problem:
    kind = document.value["AnalysisType"]
    return _problem(
        "bad_value",
        document,
        ("AnalysisType",),
        f"AnalysisType must be one of {', '.join(KINDS)}; found {kind!r}",
        nearest(kind, KINDS) if isinstance(kind, str) else "",
    )


def _problem(name: str, document: Document, steps: tuple[str, ...], message: str, hint: str = "") -> Problem:
    return Problem(code=code(name), message=message, path=document.path, line=document.line(steps), hint=hint)
