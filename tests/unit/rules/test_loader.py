"""Folders and files become packs, or every problem of every file is told at once."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from trailcam.errors import Problem, TrailcamError
from trailcam.model.rule import HelperModule, Pack
from trailcam.rules.loader import load_packs

PYTHON = "def rule(event): return True\n"


def sample(log_type: str, name: str) -> dict[str, Any]:
    raise KeyError(name)


def load(*paths: Path) -> tuple[Pack, ...]:
    return load_packs(paths, log_types=["AWS.CloudTrail"], sample=sample)


def load_one(path: Path) -> Pack:
    (pack,) = load(path)
    return pack


def problems(*paths: Path) -> Sequence[Problem]:
    with pytest.raises(TrailcamError) as caught:
        load(*paths)
    return caught.value.problems


def only_problem(*paths: Path) -> Problem:
    (problem,) = problems(*paths)
    return problem


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def native(file: Path, rule_id: str) -> Path:
    metadata = {"id": rule_id, "log_types": ["AWS.CloudTrail"], "severity": "low"}
    return write(file, f"METADATA = {metadata}\n{PYTHON}")


def panther(file: Path, rule_id: str, *, filename: str = "", clauses: str = "") -> Path:
    name = filename or f"{file.stem}.py"
    if not filename:
        write(file.with_suffix(".py"), PYTHON)
    return write(
        file,
        f"AnalysisType: rule\nRuleID: {rule_id}\nFilename: {name}\nEnabled: true\n"
        f"LogTypes: [AWS.CloudTrail]\nSeverity: Low\n{clauses}",
    )


def global_helper(file: Path, name: str, text: str = "X = 1\n") -> Path:
    write(file.with_suffix(".py"), text)
    return write(file, f"AnalysisType: global\nGlobalID: {name}\nFilename: {file.stem}.py\n")


def ids(pack: Pack) -> list[str]:
    return [rule.id for rule in pack.rules]


# -- folders -------------------------------------------------------------------------------------------------


def test_a_folder_of_both_forms_is_one_pack_sorted_by_path(tmp_path: Path) -> None:
    native(tmp_path / "b" / "one.py", "B.One")
    panther(tmp_path / "b" / "Two.yml", "B.Two")
    panther(tmp_path / "a.yaml", "A")
    pack = load_one(tmp_path)
    assert ids(pack) == ["A", "B.Two", "B.One"]
    assert (pack.name, pack.root) == (tmp_path.name, tmp_path)
    assert [rule.format for rule in pack.rules] == ["panther", "panther", "native"]


def test_paths_stay_as_they_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native(tmp_path / "rules" / "one.py", "One")
    write(tmp_path / "rules" / "helpers" / "names.py", "X = 1\n")
    monkeypatch.chdir(tmp_path)
    pack = load_one(Path("rules"))
    assert pack.rules[0].path == Path("rules/one.py")
    assert pack.helper_paths == (Path("rules/helpers"),)
    monkeypatch.chdir(tmp_path / "rules")
    assert load_one(Path()).name == "rules"


def test_hidden_files_caches_and_environments_are_left_out(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    for place in (".hidden", "__pycache__", "a/.git", "venv/lib"):
        native(tmp_path / place / "two.py", "Two")
    native(tmp_path / ".three.py", "Three")
    write(tmp_path / "venv" / "pyvenv.cfg", "home = /usr\n")
    assert ids(load_one(tmp_path)) == ["One"]


def test_links_that_lead_in_circles_are_entered_once(tmp_path: Path) -> None:
    native(tmp_path / "rules" / "one.py", "One")
    (tmp_path / "rules" / "again").symlink_to(tmp_path / "rules")
    (tmp_path / "a_link").symlink_to(tmp_path / "rules")
    (tmp_path / "rules" / "one_more.py").symlink_to(tmp_path / "rules" / "one.py")
    pack = load_one(tmp_path)
    assert [rule.path for rule in pack.rules] == [tmp_path / "rules" / "one.py"]


def test_a_link_out_of_the_folder_is_followed(tmp_path: Path) -> None:
    native(tmp_path / "elsewhere" / "one.py", "One")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "link").symlink_to(tmp_path / "elsewhere")
    assert load_one(tmp_path / "pack").rules[0].path == tmp_path / "pack" / "link" / "one.py"


@pytest.mark.parametrize("target", ["gone.yml", "two.yml"])
def test_a_link_to_nothing_is_told(tmp_path: Path, target: str) -> None:
    native(tmp_path / "one.py", "One")
    (tmp_path / "two.yml").symlink_to(tmp_path / target)
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path) == ("TC0214", tmp_path / "two.yml")


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native(tmp_path / "one.py", "One")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path) == ("TC0214", tmp_path / "closed")


def test_other_files_are_none_of_our_business(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / "values.yml", "{{ not: [yaml\n")
    write(tmp_path / "data.json", "{")
    write(tmp_path / "deep" / "script.py", "print 'of another age'\n")
    pack = load_one(tmp_path)
    assert (ids(pack), pack.helper_paths) == (["One"], ())


PROMPT = """\
AnalysisType: scheduled_prompt
PromptName: weekly
DisplayName: What was new this week
PromptText: Tell me.
RunAsUser: someone
Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
"""


def test_items_that_are_not_run_are_counted_by_kind(tmp_path: Path) -> None:
    panther(tmp_path / "rule.yml", "Rule")
    write(tmp_path / "p1.yml", PROMPT)
    write(tmp_path / "p2.yml", PROMPT)
    write(tmp_path / "templates" / "t.yml", "AnalysisType: rule\nFilename: t.py\n")
    pack = load_one(tmp_path)
    assert ids(pack) == ["Rule"]
    assert pack.not_loaded == (("scheduled prompt", 2), ("template", 1))


def test_a_python_file_named_by_yaml_is_not_looked_at_as_native(tmp_path: Path) -> None:
    panther(tmp_path / "one.yml", "One")
    native(tmp_path / "one.py", "Native.One")
    assert ids(load_one(tmp_path)) == ["One"]


def test_a_python_file_stays_claimed_when_its_yaml_is_wrong(tmp_path: Path) -> None:
    panther(tmp_path / "one.yml", "One", clauses="Sverity: Low\n")
    write(tmp_path / "one.py", "METADATA = {}\n" + PYTHON)
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path, problem.line) == ("TC0203", tmp_path / "one.yml", 7)


def test_two_rules_may_share_one_python_file(tmp_path: Path) -> None:
    panther(tmp_path / "one.yml", "One")
    panther(tmp_path / "two.yml", "Two", filename="one.py")
    assert ids(load_one(tmp_path)) == ["One", "Two"]


def test_a_folder_without_rules_is_told(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", "nothing")
    write(tmp_path / "deep" / "script.py", "X = 1\n")
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path) == ("TC0218", tmp_path)


def test_a_folder_of_helpers_alone_is_a_pack(tmp_path: Path) -> None:
    write(tmp_path / "names.py", "X = 1\n")
    pack = load_one(tmp_path)
    assert (pack.rules, pack.helper_paths) == ((), (tmp_path,))


def test_a_path_that_does_not_exist_is_told(tmp_path: Path) -> None:
    problem = only_problem(tmp_path / "nowhere")
    assert problem.code == "TC0101"
    assert str(tmp_path / "nowhere") in problem.message


def test_no_paths_give_no_packs() -> None:
    assert load() == ()


# -- single files --------------------------------------------------------------------------------------------


def test_one_native_file_is_a_pack(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    native(tmp_path / "two.py", "Two")
    pack = load_one(tmp_path / "two.py")
    assert (ids(pack), pack.root, pack.name) == (["Two"], tmp_path, tmp_path.name)


@pytest.mark.parametrize("named", ["one.yml", "code.py"])
def test_either_file_of_a_pair_names_the_rule(tmp_path: Path, named: str) -> None:
    panther(tmp_path / "zero.yml", "Zero")
    write(tmp_path / "code.py", PYTHON)
    panther(tmp_path / "one.yml", "One", filename="code.py")
    assert ids(load_one(tmp_path / named)) == ["One"]


def test_both_files_of_a_pair_name_the_rule_once(tmp_path: Path) -> None:
    panther(tmp_path / "one.yml", "One")
    assert ids(load_one(tmp_path / "one.yml")) == ["One"]
    (pack,) = load(tmp_path / "one.py", tmp_path / "one.yml", tmp_path / "one.py")
    assert ids(pack) == ["One"]


def test_files_of_one_folder_are_one_pack(tmp_path: Path) -> None:
    native(tmp_path / "a" / "one.py", "A.One")
    native(tmp_path / "a" / "two.py", "A.Two")
    native(tmp_path / "b" / "one.py", "B.One")
    packs = load(tmp_path / "a" / "two.py", tmp_path / "b" / "one.py", tmp_path / "a" / "one.py")
    assert [(pack.name, ids(pack)) for pack in packs] == [("a", ["A.One", "A.Two"]), ("b", ["B.One"])]


def test_mistakes_of_neighbours_are_not_told_for_one_file(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    panther(tmp_path / "two.yml", "Two", clauses="Sverity: Low\n")
    write(tmp_path / "three.py", "def broken(:\n")
    assert ids(load_one(tmp_path / "one.py")) == ["One"]


@pytest.mark.parametrize("name", ["helper.py", "values.yml", "notes.txt"])
def test_a_file_that_is_no_rule_is_told(tmp_path: Path, name: str) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / name, "x: 1\n" if name.endswith("yml") else "x = 1\n")
    for paths in ([tmp_path / name], [tmp_path / "one.py", tmp_path / name]):
        problem = only_problem(*paths)
        assert (problem.code, problem.path) == ("TC0217", tmp_path / name)


def test_a_python_file_whose_yaml_does_not_parse_is_told_by_what_is_wrong_there(tmp_path: Path) -> None:
    panther(tmp_path / "one.yml", "One", clauses="Tags: [\n")
    problem = only_problem(tmp_path / "one.py")
    assert (problem.code, problem.path, problem.line) == ("TC0202", tmp_path / "one.yml", 8)


def test_one_file_of_an_item_that_is_not_run_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "p.yml", f"{PROMPT}Filename: p.py\n")
    write(tmp_path / "p.py", "X = 1\n")
    assert only_problem(tmp_path / "p.py").code == "TC0203"
    write(tmp_path / "q.yml", PROMPT)
    assert load_one(tmp_path / "q.yml").not_loaded == (("scheduled prompt", 1),)


# -- several paths -------------------------------------------------------------------------------------------


def test_packs_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    native(tmp_path / "a" / "one.py", "A")
    native(tmp_path / "b" / "one.py", "B")
    assert [pack.name for pack in load(tmp_path / "b", tmp_path / "a")] == ["b", "a"]


def test_what_lies_under_several_paths_belongs_to_the_first(tmp_path: Path) -> None:
    native(tmp_path / "a" / "one.py", "A.One")
    native(tmp_path / "a" / "two.py", "A.Two")
    native(tmp_path / "b" / "one.py", "B.One")
    inner, outer = load(tmp_path / "a", tmp_path, tmp_path / "b", tmp_path / "a" / "two.py", tmp_path)
    assert (ids(inner), ids(outer)) == (["A.One", "A.Two"], ["B.One"])
    one, rest = load(tmp_path / "a" / "two.py", tmp_path)
    assert (ids(one), ids(rest)) == (["A.Two"], ["A.One", "B.One"])


def test_an_id_used_twice_is_told_with_both_places(tmp_path: Path) -> None:
    panther(tmp_path / "a" / "one.yml", "Same.Id")
    native(tmp_path / "b" / "two.py", "Same.Id")
    native(tmp_path / "b" / "three.py", "same.id")
    problem = only_problem(tmp_path / "a", tmp_path / "b")
    assert (problem.code, problem.path, problem.line) == ("TC0206", tmp_path / "b" / "two.py", 1)
    assert f"{tmp_path / 'a' / 'one.yml'}:2" in problem.message


def test_all_problems_of_all_paths_come_at_once_in_the_order_of_their_places(tmp_path: Path) -> None:
    panther(tmp_path / "a" / "one.yml", "a<b", clauses="Sverity: Low\n")
    write(tmp_path / "a" / "one.py", "def rule(:\n")
    write(tmp_path / "a" / "two.py", "METADATA = {}\n")
    native(tmp_path / "b" / "fine.py", "Fine")
    write(tmp_path / "b" / "helpers" / "json.py", "def broken(:\n")
    found = problems(tmp_path / "b", tmp_path / "nowhere", tmp_path / "a")
    places = [(problem.code, problem.path and Path(problem.path).name, problem.line) for problem in found]
    assert places == [
        ("TC0101", None, None),
        ("TC0201", "one.py", 1),
        ("TC0205", "one.yml", 2),
        ("TC0203", "one.yml", 7),
        ("TC0208", "two.py", 1),
        ("TC0204", "two.py", 1),
        ("TC0204", "two.py", 1),
        ("TC0204", "two.py", 1),
        ("TC0216", "json.py", None),
        ("TC0201", "json.py", 1),
    ]


# -- helpers -------------------------------------------------------------------------------------------------


def test_helpers_lie_in_the_root_and_in_the_helper_folders(tmp_path: Path) -> None:
    native(tmp_path / "rules" / "one.py", "One")
    write(tmp_path / "top.py", "X = 1\n")
    write(tmp_path / "helpers" / "names.py", "X = 1\n")
    write(tmp_path / "global_helpers" / "package" / "__init__.py", "")
    write(tmp_path / "rules" / "not_importable.py", "X = 1\n")
    pack = load_one(tmp_path)
    assert pack.helper_paths == (tmp_path, tmp_path / "helpers", tmp_path / "global_helpers")


def test_folders_with_rules_alone_are_no_helper_folders(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    (tmp_path / "helpers").mkdir()
    assert load_one(tmp_path).helper_paths == ()


def test_a_global_is_imported_by_its_id(tmp_path: Path) -> None:
    panther(tmp_path / "rules" / "one.yml", "One")
    global_helper(tmp_path / "global_helpers" / "file.yml", "example_names")
    pack = load_one(tmp_path)
    assert pack.helper_modules == (
        HelperModule(id="example_names", path=tmp_path / "global_helpers" / "file.py"),
    )
    assert pack.helper_paths == ()


@pytest.mark.parametrize("named", ["rules/aws", "rules/aws/one.py"])
def test_a_part_of_a_repository_finds_the_helpers_of_the_whole(tmp_path: Path, named: str) -> None:
    native(tmp_path / "rules" / "aws" / "one.py", "One")
    native(tmp_path / "rules" / "other.py", "Other")
    global_helper(tmp_path / "global_helpers" / "file.yml", "example_names")
    write(tmp_path / "helpers" / "more.py", "X = 1\n")
    pack = load_one(tmp_path / named)
    assert ids(pack) == ["One"]
    assert pack.helper_modules == (
        HelperModule(id="example_names", path=tmp_path / "global_helpers" / "file.py"),
    )
    assert pack.helper_paths == (tmp_path / "helpers",)


def test_the_helpers_nearest_to_a_pack_are_its_own(tmp_path: Path) -> None:
    native(tmp_path / "pack" / "one.py", "One")
    write(tmp_path / "pack" / "helpers" / "near.py", "X = 1\n")
    write(tmp_path / "helpers" / "far.py", "X = 1\n")
    assert load_one(tmp_path / "pack").helper_paths == (tmp_path / "pack" / "helpers",)


def test_helpers_beyond_the_repository_are_not_picked_up(tmp_path: Path) -> None:
    native(tmp_path / "repository" / "rules" / "one.py", "One")
    (tmp_path / "repository" / ".git").mkdir()
    write(tmp_path / "helpers" / "far.py", "X = 1\n")
    assert load_one(tmp_path / "repository" / "rules").helper_paths == ()


@pytest.mark.parametrize("foreign", ["", "helpers"])
def test_helpers_of_another_owner_are_not_picked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: str
) -> None:
    native(tmp_path / "rules" / "one.py", "One")
    write(tmp_path / "helpers" / "foreign.py", "X = 1\n")
    assert load_one(tmp_path / "rules").helper_paths == (tmp_path / "helpers",)
    stat = Path.stat

    def of_another_owner(path: Path, **options: Any) -> os.stat_result:
        found = stat(path, **options)
        other = found.st_uid + 1 if path == tmp_path / foreign else found.st_uid
        return os.stat_result((*found[:4], other, *found[5:10]))

    monkeypatch.setattr(Path, "stat", of_another_owner)
    assert load_one(tmp_path / "rules").helper_paths == ()


def test_mistakes_in_helpers_elsewhere_are_told(tmp_path: Path) -> None:
    native(tmp_path / "rules" / "one.py", "One")
    write(tmp_path / "helpers" / "broken.py", "x = (\n")
    problem = only_problem(tmp_path / "rules" / "one.py")
    assert (problem.code, problem.path) == ("TC0201", tmp_path / "helpers" / "broken.py")


def test_one_file_can_import_its_neighbours(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / "names.py", "X = 1\n")
    assert load_one(tmp_path / "one.py").helper_paths == (tmp_path,)


def test_one_file_can_import_the_globals_that_are_declared_beside_it(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / "g.yml", "AnalysisType: global\nGlobalID: our_names\nFilename: g.py\n")
    write(tmp_path / "g.py", "X = 1\n")
    for paths in ([tmp_path / "one.py"], [tmp_path / "one.py", tmp_path / "g.yml"]):
        (pack,) = load(*paths)
        assert [(module.id, module.path) for module in pack.helper_modules] == [
            ("our_names", tmp_path / "g.py")
        ]


def test_a_helper_that_does_not_parse_is_told(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / "helpers" / "package" / "__init__.py", "")
    write(tmp_path / "helpers" / "package" / "part.py", "x = 1\ny = (\n")
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path, problem.line) == (
        "TC0201",
        tmp_path / "helpers" / "package" / "part.py",
        2,
    )


@pytest.mark.parametrize("place", ["json.py", "helpers/json.py", "helpers/json/__init__.py"])
def test_a_helper_named_like_the_standard_library_is_told(tmp_path: Path, place: str) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / place, "X = 1\n")
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path) == ("TC0216", tmp_path / place)


def test_a_global_named_like_the_standard_library_is_told(tmp_path: Path) -> None:
    global_helper(tmp_path / "file.yml", "json")
    problem = only_problem(tmp_path)
    assert (problem.code, problem.path, problem.line) == ("TC0216", tmp_path / "file.yml", 2)


def test_a_rule_may_be_named_like_the_standard_library(tmp_path: Path) -> None:
    native(tmp_path / "json.py", "Json")
    assert ids(load_one(tmp_path)) == ["Json"]


def test_two_helpers_of_one_name_with_different_content_are_told(tmp_path: Path) -> None:
    for name, text in (("a", "X = 1\n"), ("b", "X = 2\n"), ("c", "X = 1\n")):
        native(tmp_path / name / "one.py", name)
        write(tmp_path / name / "helpers" / "names.py", text)
    problem = only_problem(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    assert (problem.code, problem.path) == ("TC0211", tmp_path / "b" / "helpers" / "names.py")
    assert str(tmp_path / "a" / "helpers" / "names.py") in problem.message
    assert len(load(tmp_path / "a", tmp_path / "c")) == 2


def test_a_global_and_a_module_of_one_name_are_told(tmp_path: Path) -> None:
    native(tmp_path / "a" / "one.py", "A")
    write(tmp_path / "a" / "helpers" / "names.py", "X = 1\n")
    global_helper(tmp_path / "b" / "file.yml", "names", "X = 2\n")
    problem = only_problem(tmp_path / "a", tmp_path / "b")
    assert (problem.code, problem.path, problem.line) == ("TC0211", tmp_path / "b" / "file.yml", 2)


def test_packages_of_one_name_are_compared_file_by_file(tmp_path: Path) -> None:
    for name, part in (("a", "part.py"), ("b", "piece.py")):
        native(tmp_path / name / "one.py", name)
        write(tmp_path / name / "helpers" / "package" / "__init__.py", "")
        write(tmp_path / name / "helpers" / "package" / part, "X = 1\n")
    assert only_problem(tmp_path / "a", tmp_path / "b").code == "TC0211"


def test_parts_of_one_repository_share_its_helpers(tmp_path: Path) -> None:
    native(tmp_path / "rules" / "a" / "one.py", "A")
    native(tmp_path / "rules" / "b" / "one.py", "B")
    global_helper(tmp_path / "global_helpers" / "file.yml", "example_names")
    packs = load(tmp_path / "rules" / "a", tmp_path / "rules" / "b", tmp_path)
    assert [pack.helper_modules for pack in packs] == [
        (HelperModule(id="example_names", path=tmp_path / "global_helpers" / "file.py"),)
    ] * 3


def test_files_that_no_import_can_name_are_no_helpers(tmp_path: Path) -> None:
    native(tmp_path / "one.py", "One")
    write(tmp_path / "some-script.py", "print 'of another age'\n")
    write(tmp_path / "__init__.py", "")
    assert load_one(tmp_path).helper_paths == ()
