"""What decides the version of a rule, by which known files are gone over again."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.timestamps import Micros
from trailcam.rules.versions import rule_versions

RULE = make_rule("The.Rule", "def rule(event):\n    return True\n")
TABLE = LookupTable(
    name="t", format="jsonl", key="ip", selectors=(("AWS.CloudTrail", ("sourceIPAddress", "vpcEndpointId")),)
)


def version(*lookups: LookupTable) -> str:
    return rule_versions((), (RULE,), lookups)["The.Rule"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "u"},
        {"format": "csv"},
        {"key": "address"},
        {"selectors": (("AWS.CloudTrail", ("sourceIPAddress",)),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_declaration_of_a_lookup_table_is_another_version(change: dict[str, Any]) -> None:
    assert version(TABLE) != version(replace(TABLE, **change)) != version() != version(TABLE)


def test_order_content_and_what_is_declared_for_other_log_types_are_no_other_version() -> None:
    other = replace(TABLE, name="u")
    assert version(TABLE, other) == version(other, TABLE)
    (log_type, selectors) = TABLE.selectors[0]
    assert version(TABLE) == version(replace(TABLE, selectors=((log_type, selectors[::-1]),)))
    assert version(TABLE) == version(replace(TABLE, selectors=(*TABLE.selectors, ("Custom.Other", ("x",)))))
    held = LookupVersion(since=Micros(0), path=RULE.path, index=RULE.path, digest="")
    assert version(TABLE) == version(replace(TABLE, versions=(held,)))
    assert version(replace(TABLE, selectors=(("Custom.Other", ("x",)),))) == version()
