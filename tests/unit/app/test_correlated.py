"""Which correlation rules come with the rules of the line, and what of these is kept for them."""

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from trailcam.app.load import Loaded, load
from trailcam.app.versions import versions_of
from trailcam.errors import TrailcamError
from trailcam.model.rule import IN_THE_LINE, Kind

TOGETHER = """
    AnalysisType: correlation_rule
    RuleID: {id}
    Enabled: true
    Severity: High
    Detection:
      - Group:
          - {{ID: one, RuleID: {one}}}
          - {{ID: two, RuleID: {two}}}
        MatchCriteria:
          who:
            - {{GroupID: one, Match: {field}}}
            - {{GroupID: two, Match: {field}}}
        LookbackWindowMinutes: 60
        Schedule: {{RateMinutes: 60, TimeoutMinutes: 5}}
"""


def together(folder: Path, rule_id: str, one: str, two: str, field: str = "user") -> None:
    text = TOGETHER.format(id=rule_id, one=one, two=two, field=field)
    (folder / f"{rule_id}.yml").write_text(dedent(text))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    for rule_id in ("A", "B", "C"):
        (tmp_path / f"{rule_id}.py").write_text("def rule(event):\n    return True\n")
        (tmp_path / f"{rule_id}.yml").write_text(
            f"AnalysisType: rule\nRuleID: {rule_id}\nFilename: {rule_id}.py\nEnabled: true\n"
            "LogTypes: [AWS.CloudTrail]\nSeverity: Info\n"
        )
    return tmp_path


def ids(loaded: Loaded) -> list[str]:
    return [rule.id for rule in loaded.correlations]


def switch_off(pack: Path, rule_id: str) -> None:
    path = pack / f"{rule_id}.yml"
    path.write_text(path.read_text().replace("Enabled: true", "Enabled: false"))


def test_each_stands_behind_those_it_looks_at(pack: Path) -> None:
    together(pack, "Above", "Under", "C")
    together(pack, "Under", "A", "B")
    loaded = load(packs=[pack])
    assert ids(loaded) == ["Under", "Above"]
    assert {rule.id for rule in loaded.rules} == {"A", "B", "C"}
    assert loaded.not_loaded == {}


def test_one_whose_sources_do_not_run_does_not_either(pack: Path) -> None:
    together(pack, "Above", "Under", "C")
    together(pack, "Under", "A", "B")
    switch_off(pack, "B")
    loaded = load(packs=[pack])
    assert ids(loaded) == []
    assert loaded.not_correlated == {"Under": ("B",), "Above": ("Under",)}


def test_one_that_is_switched_off_is_counted_with_the_others(pack: Path) -> None:
    together(pack, "Under", "A", "B")
    switch_off(pack, "Under")
    loaded = load(packs=[pack])
    assert ids(loaded) == []
    assert [rule.id for rule in loaded.disabled] == ["Under"]
    assert loaded.not_correlated == {}


def test_one_that_is_asked_for_brings_the_rules_it_looks_at(pack: Path) -> None:
    together(pack, "Above", "Under", "C")
    together(pack, "Under", "A", "B")
    loaded = load(packs=[pack], rules=["Under"])
    assert (ids(loaded), [rule.id for rule in loaded.rules]) == (["Under"], ["A", "B"])
    assert load(packs=[pack], rules=["Und*", "B"]).rules == loaded.rules
    above = load(packs=[pack], rules=["Above"])
    assert (ids(above), [rule.id for rule in above.rules]) == (["Under", "Above"], ["A", "B", "C"])
    assert ids(load(packs=[pack], rules=["A"])) == []


def test_what_it_brings_does_not_run_where_it_is_switched_off_unless_that_is_asked_for_too(
    pack: Path,
) -> None:
    together(pack, "Under", "A", "B")
    switch_off(pack, "B")
    switch_off(pack, "Under")
    loaded = load(packs=[pack], rules=["Under"])
    assert (ids(loaded), loaded.not_correlated) == ([], {"Under": ("B",)})
    assert ids(load(packs=[pack], rules=["Under", "B"])) == ["Under"]
    assert ids(load(packs=[pack], rules=["Under"], disabled=True)) == ["Under"]


def test_who_asks_for_other_kinds_has_none(pack: Path) -> None:
    together(pack, "Under", "A", "B")
    kinds = [*IN_THE_LINE, Kind.CORRELATION_RULE]
    assert ids(load(packs=[pack], kinds=kinds)) == []
    assert [rule.id for rule in load(packs=[pack], rules=["Under"], kinds=kinds).rules] == ["Under"]


def test_what_is_kept_does_not_hang_on_which_rules_are_asked_for(pack: Path) -> None:
    together(pack, "Under", "A", "B", field="p_any_usernames")
    every, one = load(packs=[pack]), load(packs=[pack], rules=["A"])
    assert versions_of(one).keeps == {"A": ("p_any_usernames",), "B": ("p_any_usernames",)}
    assert versions_of(one).rules["A"] == versions_of(every).rules["A"]
    assert versions_of(one).pack != versions_of(every).pack


def test_a_field_more_is_another_version_of_the_rules_that_keep_it(pack: Path) -> None:
    before = versions_of(load(packs=[pack]))
    together(pack, "Under", "A", "B")
    after = versions_of(load(packs=[pack]))
    changed = {rule_id for rule_id in before.rules if before.rules[rule_id] != after.rules[rule_id]}
    assert changed == {"A", "B"}
    assert after.every.keys() == {"A", "B", "C", "Under"}


def test_another_correlation_rule_is_another_pack(pack: Path) -> None:
    together(pack, "Under", "A", "B")
    loaded = load(packs=[pack])
    (rule,) = loaded.correlations
    other = replace(loaded, correlations=(replace(rule, title="Another"),))
    assert versions_of(loaded).pack != versions_of(other).pack


def test_rules_that_look_at_their_own_matches_are_refused(pack: Path) -> None:
    together(pack, "Above", "Under", "C")
    together(pack, "Under", "Above", "B")
    together(pack, "Itself", "Itself", "B")
    with pytest.raises(TrailcamError) as error:
        load(packs=[pack])
    told = {problem.message for problem in error.value.problems}
    assert {problem.code for problem in error.value.problems} == {"TC0222"}
    assert told == {
        "Above looks at its own matches, by way of Under",
        "Under looks at its own matches, by way of Above",
        "Itself looks at its own matches",
    }
