"""What holds for every pack that Trailcam brings, whichever there are."""

import json
from pathlib import Path

import pytest
from tests.support import trailcam

from trailcam.app.load import builtin_packs, load
from trailcam.model.rule import Rule

FOLDERS = builtin_packs()
RULES = [rule for folder in FOLDERS for rule in load(packs=[folder], disabled=True).rules]


def test_there_are_packs() -> None:
    assert FOLDERS


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_inline_tests_pass(folder: Path) -> None:
    done = trailcam("test", folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_pack_runs_by_its_name_and_its_page_names_every_rule_and_setting(folder: Path) -> None:
    (pack,) = load(packs=[Path(folder.name)]).packs
    assert pack.root == folder
    page = (folder / "README.md").read_text()
    for rule in pack.rules:
        assert f"`{rule.id}`" in page
        for setting in json.loads(rule.settings):
            assert f"`{setting}`" in page


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_to_do_and_why_and_is_shown_to_fire_and_to_be_quiet(rule: Rule) -> None:
    assert rule.title
    assert len(rule.runbook.splitlines()) in range(2, 5)
    assert rule.reference.startswith("https://")
    assert any(name == "MITRE ATT&CK" and sections for name, sections in rule.reports)
    assert sum(test.expected for test in rule.tests) >= 1
    assert sum(not test.expected for test in rule.tests) >= 2
