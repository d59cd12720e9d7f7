"""What rules, scheduled rules, policies and correlation rules have in common: their keys and their tests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trailcam.forms import ANYTHING, MAPPING, NAME, TEXT, TRUTH, WHOLE, Form, Key, ListOf, same_text
from trailcam.model.rule import Mock, RuleTest
from trailcam.model.severity import Severity
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA, SEVERITY, rule_fields

NAMES: Mapping[str, str] = {
    "Severity": "severity",
    "DisplayName": "title",
    "Description": "description",
    "Reference": "reference",
    "Runbook": "runbook",
    "OutputIds": "destinations",
    "Tags": "tags",
    "Status": "status",
    "Reports": "reports",
    "SummaryAttributes": "summary_attributes",
    "DedupPeriodMinutes": "dedup_period_minutes",
    "Threshold": "threshold",
    "Enabled": "enabled",
    "CreateAlert": "create_alert",
}
"""Panther's keys by the names that `trailcam.rules.values` declares them under."""

KEPT = Key(ANYTHING, doc="Kept by Panther's tools.")

COMMON: Mapping[str, Key] = {
    **{key: METADATA[name] for key, name in NAMES.items()},
    "Enabled": replace(METADATA["enabled"], required=True),
    "BaseVersion": Key(WHOLE, doc="Kept by Panther's tools."),
    "CreatedBy": KEPT,
    "OnlyUseBaseRiskScore": Key(TRUTH, doc="Kept by Panther's tools."),
}
"""Keys of every kind of detection."""

EXPECTED: Mapping[str, Key] = {
    "ExpectedTitle": Key(TEXT, doc="The title of the match."),
    "ExpectedDedup": Key(TEXT, doc="The dedup string of the match."),
    "ExpectedSeverity": Key(SEVERITY, doc="The severity of the match."),
    "ExpectedDestinations": Key(ListOf(NAME, 0, same_text), doc="Where it goes; an empty list is nowhere."),
    "ExpectedAlertContext": Key(MAPPING, doc="Keys of the alert context, with their values."),
}
"""What a test may say of the match beyond that there is one."""

MOCK_FORM = Form(
    "a mock",
    {
        "objectName": Key(NAME, required=True, doc="A name of the rule's module."),
        "returnValue": Key(ANYTHING, required=True, doc="What a call of it returns."),
    },
)

TEST_FORM = Form(
    "a test",
    {
        "Name": Key(NAME, required=True, doc="What it shows."),
        "ExpectedResult": Key(TRUTH, required=True, doc="What the deciding function gives."),
        "Log": Key(MAPPING, doc="The event, as the rule sees it."),
        "Resource": Key(MAPPING, doc="The resource, as the policy sees it; for a rule an older name of Log."),
        "Mocks": Key(ListOf(MOCK_FORM), doc="Names replaced during the test."),
        **EXPECTED,
        "LogType": Key(TEXT, doc="Older; without effect."),
        "ResourceType": Key(TEXT, doc="Older; without effect."),
    },
    exactly_one=(("Log", "Resource"),),
)

TESTS = Key(ListOf(TEST_FORM), doc="Inline tests.")

FILTERED_OUT = Key(ListOf(TEXT, 0, same_text), doc="Ids of resources it does not see; * is any text.")


def fields(value: Mapping[str, Any], **names: str) -> dict[str, Any]:
    """Arguments for `Rule` from the checked keys of a detection; `names` are those of its own kind."""
    given = {**NAMES, **names}
    return rule_fields({name: value[key] for key, name in given.items() if key in value})


def tests(written: Written) -> tuple[RuleTest, ...]:
    """The tests of a checked detection, in their order."""
    return tuple(
        RuleTest(
            name=test["Name"],
            expected=test["ExpectedResult"],
            event=test["Log"] if "Log" in test else test["Resource"],
            mocks=tuple(
                Mock(name=mock["objectName"], return_value=mock["returnValue"])
                for mock in test.get("Mocks", ())
            ),
            wanted=wanted(test),
            line=written.line("Tests", index),
        )
        for index, test in enumerate(written.value.get("Tests", ()))
    )


def wanted(test: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """What a checked test says of the match; see `RuleTest.wanted`."""
    found: list[tuple[str, Any]] = []
    if "ExpectedSeverity" in test:
        found.append(("severity", Severity.parse(test["ExpectedSeverity"]).name))
    if "ExpectedTitle" in test:
        found.append(("title", test["ExpectedTitle"]))
    if "ExpectedDedup" in test:
        found.append(("dedup", test["ExpectedDedup"]))
    if "ExpectedDestinations" in test:
        found.append(("destinations", tuple(sorted(test["ExpectedDestinations"]))))
    if "ExpectedAlertContext" in test:
        found.append(("alert_context", json.loads(json.dumps(test["ExpectedAlertContext"]))))
    return tuple(found)
