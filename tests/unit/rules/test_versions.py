"""What decides the version of a rule, by which known files are gone over again."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.logtypes.loader import builtin
from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.rule import Pack
from trailcam.model.timestamps import Micros
from trailcam.rules.versions import rule_versions

RULE = make_rule("The.Rule", "def rule(event):\n    return True\n")
TABLE = LookupTable(
    name="t", format="jsonl", key="ip", selectors=(("AWS.CloudTrail", ("sourceIPAddress", "vpcEndpointId")),)
)


def version(*lookups: LookupTable) -> str:
    return rule_versions((), (RULE,), builtin(), lookups)["The.Rule"]


def test_while_a_log_type_is_not_known_a_rule_for_it_is_another_one() -> None:
    rule = replace(RULE, log_types=("AWS.CloudTrail", "AWS.GuardDuty"))
    some = [log_type for log_type in builtin() if log_type.name == "AWS.CloudTrail"]
    of = [rule_versions((), (it,), known)["The.Rule"] for it in (rule, RULE) for known in (some, builtin())]
    assert of[0] != of[1]
    assert of[2] == of[3]


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


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_beside_the_helpers_is_never_opened(tmp_path: Path, *, linked: bool) -> None:
    (tmp_path / "pack").mkdir()
    pipe = tmp_path / "pipe" if linked else tmp_path / "pack/helper.py"
    os.mkfifo(pipe)
    if linked:
        (tmp_path / "pack/helper.py").symlink_to(pipe)
    pack = Pack(name="pack", root=tmp_path / "pack", rules=(RULE,), helper_paths=(tmp_path / "pack",))
    looking = Thread(target=rule_versions, args=((pack,), (RULE,), ()), daemon=True)
    looking.start()
    looking.join(10)
    assert not looking.is_alive()
