"""What shows only between items: ids used twice, names of what there is not, rules derived from others."""

from pathlib import Path
from textwrap import dedent

import pytest
from tests.panther_items import EXAMPLES, KNOWN, no_samples, told, write
from tests.support import make_rule

from trailcam.contracts.rule_format import Reading
from trailcam.errors import Problem, TrailcamError
from trailcam.model.rule import DerivedRule, Kind, Mock, Pack, Rule
from trailcam.model.severity import Severity
from trailcam.rules import references
from trailcam.rules.loader import load_packs


def whole(folder: Path, *kinds: str) -> Path:
    """A repository with the examples of some kinds, each in a folder of its own."""
    (folder / "data_models").mkdir(parents=True, exist_ok=True)
    for kind in kinds:
        write(folder / kind, EXAMPLES[kind])
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def add(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(dedent(text), encoding="utf-8")


def load(*paths: Path) -> tuple[Pack, ...]:
    return load_packs(paths, log_types=KNOWN.log_types, sample=no_samples)


def problems(*paths: Path) -> list[Problem]:
    with pytest.raises(TrailcamError) as error:
        load(*paths)
    return list(error.value.problems)


def rules(*paths: Path) -> dict[str, Rule]:
    return {rule.id: rule for pack in load(*paths) for rule in pack.rules}


# -- a whole repository ------------------------------------------------------------------------------------


def test_a_repository_of_every_kind_is_one_pack(tmp_path: Path) -> None:
    kinds = [kind for kind in EXAMPLES if kind not in ("correlation_rule", "simple")]
    (pack,) = load(whole(tmp_path, *kinds))
    assert [rule.id for rule in pack.rules] == [
        "Example.Derived", "Example.Policy", "Example.Rule", "Example.Rows",
    ]  # fmt: skip
    assert [model.id for model in pack.data_models] == ["Example.Model"]
    assert [query.id for query in pack.queries] == ["Example Saved", "Example Query"]
    assert [table.id for table in pack.lookup_tables] == ["example_table"]
    assert [(named.id, named.members) for named in pack.collections] == [
        ("Example.Pack", ("Example.Rule", "Example.Policy", "example_names"))
    ]
    assert [helper.id for helper in pack.helper_modules] == ["example_names"]
    assert pack.not_loaded == (("scheduled prompt", 1),)


@pytest.mark.parametrize("mark", [".git", "data_models", "global_helpers", "helpers"])
def test_in_a_whole_repository_a_name_of_nothing_is_told(tmp_path: Path, mark: str) -> None:
    (tmp_path / mark).mkdir()
    write(tmp_path / "queries", EXAMPLES["scheduled_query"])
    write(tmp_path / "rules", EXAMPLES["scheduled_rule"])
    assert load(tmp_path)
    edit(tmp_path / "rules" / "rows.yml", "[Example Query]", "[Example Query, Exmple Query]")
    (problem,) = problems(tmp_path)
    assert told([problem]) == [("TC0220", "rows.yml", 5)]
    assert problem.message == 'Example.Rows names "Exmple Query", and nothing here has that id'
    assert problem.hint == 'did you mean "Example Query"?'


def test_every_member_of_a_pack_that_there_is_not_is_told_where_it_is_named(tmp_path: Path) -> None:
    whole(tmp_path, "pack")
    assert told(problems(tmp_path)) == [("TC0220", "pack.yml", 6)] * 3


@pytest.mark.parametrize("kind", ["pack", "scheduled_rule"])
def test_in_a_part_of_a_repository_the_others_may_lie_in_the_rest(tmp_path: Path, kind: str) -> None:
    write(tmp_path, EXAMPLES[kind])
    assert load(tmp_path)
    assert load(tmp_path / next(iter(EXAMPLES[kind])))


def test_a_name_may_be_that_of_an_item_in_another_pack(tmp_path: Path) -> None:
    whole(tmp_path / "a", "scheduled_rule")
    whole(tmp_path / "b", "scheduled_query")
    assert len(load(tmp_path / "a", tmp_path / "b")) == 2
    assert [problem.code for problem in problems(tmp_path / "a")] == ["TC0220"]


def test_an_item_with_mistakes_of_its_own_is_not_told_to_be_missing(tmp_path: Path) -> None:
    whole(tmp_path, "scheduled_rule", "scheduled_query", "rule", "derived")
    edit(tmp_path / "scheduled_query" / "query.yml", "RateMinutes: 60", "RateMinutes: 0")
    edit(tmp_path / "rule" / "rule.yml", "Severity: High", "Severity: Hihg")
    assert told(problems(tmp_path)) == [("TC0205", "rule.yml", 6), ("TC0205", "query.yml", 9)]


def test_an_item_that_is_not_run_is_not_told_to_be_missing(tmp_path: Path) -> None:
    whole(tmp_path, "pack", "scheduled_prompt")
    edit(tmp_path / "pack" / "pack.yml", "[Example.Rule, Example.Policy, example_names]", "[example_prompt]")
    assert load(tmp_path)


# -- ids ---------------------------------------------------------------------------------------------------

IDS = {
    "rule": "RuleID: Example.Rule", "scheduled_rule": "RuleID: Example.Rows", "policy": "PolicyID: Example.Policy",
    "datamodel": "DataModelID: Example.Model", "lookup_table": "LookupName: example_table",
    "saved_query": "QueryName: Example Saved", "scheduled_query": "QueryName: Example Query",
    "pack": "PackID: Example.Pack",
}  # fmt: skip


@pytest.mark.parametrize("kind", IDS)
def test_an_id_is_unique_over_all_kinds(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "a", EXAMPLES["global"])
    key = IDS[kind].partition(":")[0]
    write(tmp_path / "b", EXAMPLES[kind])
    edit(tmp_path / "b" / next(iter(EXAMPLES[kind])), IDS[kind], f"{key}: example_names")
    (problem,) = problems(tmp_path)
    assert told([problem]) == [("TC0206", next(iter(EXAMPLES[kind])), 2)]
    assert problem.message == f'the id "example_names" is also that of {tmp_path}/a/names.yml:2'


def test_an_id_is_unique_over_packs_and_told_once_for_each_further_one(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / name, EXAMPLES["saved_query"])
    found = problems(tmp_path / "b", tmp_path / "a", tmp_path / "c")
    assert [(problem.code, problem.path) for problem in found] == [
        ("TC0206", tmp_path / "b" / "saved.yml"),
        ("TC0206", tmp_path / "c" / "saved.yml"),
    ]


def test_ids_that_differ_in_case_are_two(tmp_path: Path) -> None:
    whole(tmp_path, "rule", "policy")
    edit(tmp_path / "policy" / "policy.yml", "Example.Policy", "example.rule")
    assert set(rules(tmp_path)) == {"Example.Rule", "example.rule"}


# -- data models -------------------------------------------------------------------------------------------


def test_two_data_models_for_one_log_type_are_told(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, EXAMPLES["datamodel"])
    edit(tmp_path / "b" / "model.yml", "Example.Model", "Other.Model")
    edit(tmp_path / "b" / "model.yml", "[AWS.CloudTrail]", "[Other.Log, AWS.CloudTrail]")
    (problem,) = problems(tmp_path)
    assert told([problem]) == [("TC0221", "model.yml", 2)]
    assert problem.path == tmp_path / "b" / "model.yml"
    assert problem.message == (
        f"Other.Model and Example.Model ({tmp_path}/a/model.yml) both speak for AWS.CloudTrail"
    )


@pytest.mark.parametrize("which", ["a", "b"])
def test_of_two_data_models_one_may_be_switched_off(tmp_path: Path, which: str) -> None:
    for name in "ab":
        write(tmp_path / name, EXAMPLES["datamodel"])
    edit(tmp_path / "b" / "model.yml", "Example.Model", "Other.Model")
    edit(tmp_path / which / "model.yml", "Enabled: true", "Enabled: false")
    (pack,) = load(tmp_path)
    assert [(model.id, model.enabled) for model in pack.data_models] == [
        ("Example.Model", which == "b"),
        ("Other.Model", which == "a"),
    ]


def test_a_part_of_a_repository_has_the_data_models_of_the_whole(tmp_path: Path) -> None:
    write(tmp_path / "data_models", EXAMPLES["datamodel"])
    write(tmp_path / "rules", EXAMPLES["rule"])
    for path in (tmp_path, tmp_path / "rules", tmp_path / "rules" / "rule.yml"):
        (pack,) = load(path)
        assert [model.id for model in pack.data_models] == ["Example.Model"]


def test_a_data_model_elsewhere_counts_among_those_of_one_log_type(tmp_path: Path) -> None:
    write(tmp_path / "data_models", EXAMPLES["datamodel"])
    write(tmp_path / "rules", EXAMPLES["datamodel"])
    edit(tmp_path / "rules" / "model.yml", "Example.Model", "Other.Model")
    assert [problem.code for problem in problems(tmp_path / "rules")] == ["TC0221"]


# -- derived rules -----------------------------------------------------------------------------------------

DERIVED = "AnalysisType: rule\nRuleID: {}\nBaseDetection: {}\n"


def derive(folder: Path, rule_id: str, base: str, more: str = "") -> None:
    add(folder, f"{rule_id}.yml", DERIVED.format(rule_id, base) + dedent(more))


def test_a_derived_rule_is_its_base_but_for_the_keys_that_are_given(tmp_path: Path) -> None:
    whole(tmp_path, "rule")
    derive(tmp_path, "Derived", "Example.Rule", "Severity: Low\nEnabled: false\nThreshold: 7\n")
    found = rules(tmp_path)
    base, derived = found["Example.Rule"], found["Derived"]
    assert (derived.severity, derived.enabled, derived.threshold) == (Severity.LOW, False, 7)
    assert (derived.path, derived.body, derived.kind, derived.log_types) == (
        base.path, base.body, base.kind, base.log_types,
    )  # fmt: skip
    assert derived.metadata_path == tmp_path / "Derived.yml"
    assert (base.severity, base.enabled, base.threshold) == (Severity.HIGH, True, 1)


def test_an_override_replaces_the_whole_value(tmp_path: Path) -> None:
    whole(tmp_path, "rule")
    edit(
        tmp_path / "rule" / "rule.yml",
        "Severity: High",
        "Severity: High\nTags: [a, b]\nReports: {x: [1], y: [2]}",
    )
    derive(tmp_path, "Derived", "Example.Rule", "Tags: [c]\nReports: {z: [3]}\nOutputIds: []\n")
    derived = rules(tmp_path)["Derived"]
    assert (derived.tags, derived.reports, derived.destinations) == (("c",), (("z", ("3",)),), ())


def test_a_derived_rule_has_the_tests_of_its_base_or_its_own(tmp_path: Path) -> None:
    whole(tmp_path, "rule", "derived")
    derive(tmp_path, "Quiet", "Example.Rule", "Tests: []\n")
    derive(tmp_path, "Same", "Example.Rule")
    found = rules(tmp_path)
    assert [test.name for test in found["Example.Derived"].tests] == ["another stop"]
    assert found["Quiet"].tests == ()
    (test,) = found["Same"].tests
    assert (test.name, test.mocks) == ("a stop", (Mock(name="known", return_value="[]"),))


def test_a_test_of_the_base_has_no_line_in_the_file_of_the_derived_rule(tmp_path: Path) -> None:
    whole(tmp_path, "rule", "derived")
    derive(tmp_path, "Same", "Example.Rule")
    derive(tmp_path, "Again", "Example.Derived")
    found = rules(tmp_path)
    lines = {rule_id: [test.line for test in rule.tests] for rule_id, rule in found.items()}
    assert lines == {"Example.Rule": [8], "Example.Derived": [6], "Same": [0], "Again": [0]}


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_rule_may_derive_from_a_derived_one(tmp_path: Path, name: str) -> None:
    whole(tmp_path, "rule", "derived")
    derive(tmp_path / name, "Twice", "Example.Derived", "DisplayName: Twice\n")
    twice = rules(tmp_path)["Twice"]
    assert (twice.title, twice.severity, twice.body) == ("Twice", Severity.INFO, EXAMPLES["rule"]["rule.py"])


def test_a_rule_that_derives_from_a_scheduled_one_is_a_scheduled_one(tmp_path: Path) -> None:
    whole(tmp_path, "scheduled_rule", "scheduled_query")
    derive(tmp_path, "Derived", "Example.Rows")
    derived = rules(tmp_path)["Derived"]
    assert (derived.kind, derived.queries) == (Kind.SCHEDULED_RULE, ("Example Query",))


@pytest.mark.parametrize(
    ("base", "message", "hint"),
    [
        ("Example.Rle", 'Derived derives from "Example.Rle", and no rule has that id', 'did you mean "Example.Rule"?'),
        ("Nothing", 'Derived derives from "Nothing", and no rule has that id', ""),
        ("Example.Policy", 'Derived derives from "Example.Policy", which leads to no rule of its own', ""),
        ("example_names", 'Derived derives from "example_names", which leads to no rule of its own', ""),
        ("Derived", 'Derived derives from "Derived", which leads to no rule of its own', ""),
    ],
)  # fmt: skip
def test_a_base_that_is_no_rule_is_told_also_in_a_part_of_a_repository(
    tmp_path: Path, base: str, message: str, hint: str
) -> None:
    for kind in ("rule", "policy", "global"):
        write(tmp_path / kind, EXAMPLES[kind])
    derive(tmp_path, "Derived", base)
    (problem,) = problems(tmp_path)
    assert told([problem]) == [("TC0220", "Derived.yml", 3)]
    assert (problem.message, problem.hint) == (message, hint)


def test_rules_that_derive_in_a_circle_are_told_each(tmp_path: Path) -> None:
    for rule_id, base in (("A", "B"), ("B", "C"), ("C", "A"), ("D", "A")):
        derive(tmp_path, rule_id, base)
    assert told(problems(tmp_path)) == [("TC0220", f"{rule_id}.yml", 3) for rule_id in "ABCD"]


def test_a_base_with_mistakes_is_told_and_what_derives_from_it_is_not(tmp_path: Path) -> None:
    whole(tmp_path, "rule", "derived")
    derive(tmp_path, "Twice", "Example.Derived")
    edit(tmp_path / "rule" / "rule.py", "def rule(", "def rules(")
    assert told(problems(tmp_path)) == [("TC0208", "rule.py", 1)]


def test_a_misspelt_name_of_an_item_with_mistakes_is_known_again(tmp_path: Path) -> None:
    root = whole(tmp_path, "rule", "derived")
    edit(root / "rule" / "rule.yml", "Severity: High", "Severity: Hgih")
    edit(root / "derived" / "derived.yml", "BaseDetection: Example.Rule", "BaseDetection: Example.Rle")
    hints = [problem.hint for problem in problems(root) if problem.code == "TC0220"]
    assert hints == ['did you mean "Example.Rule"?']


def test_an_item_is_no_guess_for_what_it_names_itself(tmp_path: Path) -> None:
    root = whole(tmp_path, "pack", "rule", "global")  # the policy that the pack names is not there
    edit(root / "pack" / "pack.yml", "Example.Policy", "Example.Pck")
    (problem,) = problems(root)
    assert problem.code == "TC0220"
    assert "Example.Pack" not in problem.hint


@pytest.mark.parametrize("kind", ["pack", "derived"])
def test_what_has_no_readable_id_may_be_what_is_named(tmp_path: Path, kind: str) -> None:
    root = whole(tmp_path, kind, "rule")
    edit(root / "rule" / "rule.yml", "RuleID: Example.Rule", "RuleID: [Example.Rule")
    found = [problem.hint for problem in problems(root) if problem.code == "TC0220"]
    place = root / "rule" / "rule.yml"
    assert f"it may be the id in {place}, which cannot be read" in found


def test_a_chain_of_derived_rules_may_be_longer_than_python_calls_functions() -> None:
    items: dict[Path, Reading] = {Path("0"): Reading(item=make_rule("0", "", title="base"))}
    for number in range(1, 1_100):
        rule = DerivedRule(id=str(number), base=str(number - 1), fields={"id": str(number)})
        items[Path(str(number))] = Reading(item=rule, names=((rule.base, 3),))
    made, problems = references.derived(items)
    last = made[Path("1099")].item
    assert isinstance(last, Rule)
    assert (last.id, last.title, problems) == ("1099", "base", [])


def test_a_base_may_lie_in_another_pack(tmp_path: Path) -> None:
    write(tmp_path / "a", EXAMPLES["derived"])
    write(tmp_path / "b", EXAMPLES["rule"])
    assert set(rules(tmp_path / "a", tmp_path / "b")) == {"Example.Derived", "Example.Rule"}


def test_two_derived_rules_of_one_id_are_told(tmp_path: Path) -> None:
    whole(tmp_path, "rule", "derived")
    write(tmp_path / "again", EXAMPLES["derived"])
    assert [problem.code for problem in problems(tmp_path)] == ["TC0206"]
