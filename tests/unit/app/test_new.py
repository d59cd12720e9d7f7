"""The scaffolder: what it writes loads, fails until it is filled in, and never overwrites."""

import json
from pathlib import Path

import pytest

from trailcam import registry
from trailcam.app.load import load
from trailcam.app.new import file_name, new_log_type, new_rule
from trailcam.cli.application import run_command_line
from trailcam.errors import Problem, TrailcamError, WorldError
from trailcam.logtypes import loader as logtypes
from trailcam.model.event import PantherEvent
from trailcam.model.rule import Rule, RuleTest

each_format = pytest.mark.parametrize("rule_format", registry.names("rule_format"))


def rules_in(folder: Path) -> tuple[Rule, ...]:
    return load(packs=[folder]).rules


def rule_in(folder: Path) -> Rule:
    (rule,) = rules_in(folder)
    return rule


def answer(rule: Rule, test: RuleTest) -> bool:
    names: dict[str, object] = {}
    exec(rule.body, names)
    function = names["rule"]
    assert callable(function)
    return bool(function(PantherEvent(test.event)))


def refused(error: pytest.ExceptionInfo[TrailcamError]) -> list[Problem]:
    return list(error.value.problems)


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- rules -------------------------------------------------------------------------------------------------


@each_format
def test_a_new_rule_loads_under_its_id_in_its_format(rule_format: str, tmp_path: Path) -> None:
    new_rule("My.Root.Login", rule_format=rule_format, folder=tmp_path)
    rule = rule_in(tmp_path)
    assert (rule.id, rule.format) == ("My.Root.Login", rule_format)


@each_format
def test_the_first_test_of_a_new_rule_fails_and_the_second_passes(rule_format: str, tmp_path: Path) -> None:
    new_rule("My.Rule", rule_format=rule_format, folder=tmp_path)
    rule = rule_in(tmp_path)
    assert [test.expected for test in rule.tests] == [True, False]
    assert [answer(rule, test) == test.expected for test in rule.tests] == [False, True]


@each_format
def test_the_condition_that_the_remark_suggests_makes_both_tests_pass(
    rule_format: str, tmp_path: Path
) -> None:
    new_rule("My.Rule", rule_format=rule_format, folder=tmp_path)
    python = next(tmp_path.glob("*.py"))
    text = python.read_text(encoding="utf-8")
    suggested = text.partition("such as: ")[2].partition("\n")[0]
    python.write_text(text.replace("return False", f"return {suggested}"), encoding="utf-8")
    rule = rule_in(tmp_path)
    assert [answer(rule, test) for test in rule.tests] == [True, False]


@each_format
def test_the_files_of_a_rule_are_named_after_its_id(rule_format: str, tmp_path: Path) -> None:
    written = new_rule("AWS.RootLogin.MFA", rule_format=rule_format, folder=tmp_path / "deep" / "down")
    assert {path.stem for path in written.files} == {"aws_root_login_mfa"}
    assert {path.parent for path in written.files} == {tmp_path / "deep" / "down"}
    assert all(path.is_file() for path in written.files)


@each_format
@pytest.mark.parametrize(
    "rule_id", ["true", "null", "12", "a: b # c", "It's", "- x", "\\n", "{a}", "Öl.Stand", "@x", "a\\"]
)
def test_an_id_that_looks_like_something_else_is_kept_as_it_is(
    rule_format: str, rule_id: str, tmp_path: Path
) -> None:
    new_rule(rule_id, rule_format=rule_format, folder=tmp_path)
    assert rule_in(tmp_path).id == rule_id


@each_format
@pytest.mark.parametrize("rule_id", ["", " ", "<x>", 'a"b', "a\nb", "50%", "...", "-"])
def test_an_id_that_no_rule_or_file_can_have_is_refused(
    rule_format: str, rule_id: str, tmp_path: Path
) -> None:
    with pytest.raises(TrailcamError) as error:
        new_rule(rule_id, rule_format=rule_format, folder=tmp_path)
    assert [problem.code for problem in refused(error)] == ["TC0104"]
    assert content(tmp_path) == {}


@each_format
def test_a_rule_is_never_overwritten(rule_format: str, tmp_path: Path) -> None:
    written = new_rule("My.Rule", rule_format=rule_format, folder=tmp_path)
    for path in written.files:
        path.write_text("mine", encoding="utf-8")
    with pytest.raises(TrailcamError) as error:
        new_rule("My.Rule", rule_format=rule_format, folder=tmp_path)
    assert [(problem.code, problem.path) for problem in refused(error)] == [
        ("TC0107", path) for path in written.files
    ]
    assert set(content(tmp_path).values()) == {"mine"}


def test_nothing_is_written_when_one_of_the_files_is_there(tmp_path: Path) -> None:
    (tmp_path / "my_rule.py").write_text("mine", encoding="utf-8")
    with pytest.raises(TrailcamError):
        new_rule("My.Rule", rule_format="panther", folder=tmp_path)
    assert content(tmp_path) == {"my_rule.py": "mine"}


def test_a_link_to_nothing_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "my_rule.py").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TrailcamError) as error:
        new_rule("My.Rule", rule_format="native", folder=tmp_path)
    assert [problem.code for problem in refused(error)] == ["TC0107"]
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_told_as_the_worlds_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorldError) as error:
        new_rule("My.Rule", rule_format="native", folder=tmp_path / "file")
    assert [problem.code for problem in error.value.problems] == ["TC0106"]


def test_the_next_step_can_be_pasted_into_a_shell_whatever_the_id(tmp_path: Path) -> None:
    written = new_rule("it's; rm", rule_format="native", folder=tmp_path / "my rules")
    command = written.next_steps[-1].partition(": ")[2]
    assert command == f"""trailcam test '{tmp_path}/my rules' --rules 'it'"'"'s; rm'"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Custom.Billing", "custom_billing"),
        ("Custom.BillingEvent", "custom_billing_event"),
        ("AWS.S3ServerAccess", "aws_s3_server_access"),
        ("AWSConsole", "aws_console"),
        ("my-rule 2", "my_rule_2"),
    ],
)
def test_a_name_with_dots_and_humps_becomes_words_with_underscores(name: str, expected: str) -> None:
    assert file_name(name) == expected


# -- log types ---------------------------------------------------------------------------------------------


def test_a_new_log_type_loads_under_its_name(tmp_path: Path) -> None:
    new_log_type("Custom.Door.Access", folder=tmp_path)
    (log_type,) = logtypes.load(logtypes.find(tmp_path))
    assert log_type.name == "Custom.Door.Access"
    assert log_type.folder == tmp_path / "custom_door_access"


def test_a_new_log_type_has_samples_and_no_expected_events_yet(tmp_path: Path) -> None:
    new_log_type("Custom.Door", folder=tmp_path)
    assert sorted(content(tmp_path)) == [
        "custom_door/samples/first.json",
        "custom_door/samples/second.json",
        "custom_door/schema.yml",
    ]


def test_the_samples_of_two_new_log_types_are_told_apart(tmp_path: Path) -> None:
    for name in ("Custom.Door", "Custom.Payroll"):
        new_log_type(name, folder=tmp_path)
    known = logtypes.load(logtypes.find(tmp_path))
    for log_type in known:
        for record in logtypes.samples(log_type).values():
            assert json.dumps(record).count(log_type.name) == 1
            assert dict(log_type.signature.values) == {"product": (log_type.name,)}


@pytest.mark.parametrize("name", ["true", "Null", "Yes", "off"])
def test_a_log_type_whose_name_means_something_in_yaml_keeps_it(name: str, tmp_path: Path) -> None:
    new_log_type(name, folder=tmp_path)
    (log_type,) = logtypes.load(logtypes.find(tmp_path))
    assert log_type.name == name


@pytest.mark.parametrize("name", ["", "a b", ".x", "x.", "../x", "1.x", "a..b", "é", "x\n"])
def test_a_name_that_no_log_type_has_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as error:
        new_log_type(name, folder=tmp_path)
    assert [problem.code for problem in refused(error)] == ["TC0104"]
    assert content(tmp_path) == {}


def test_a_log_type_that_comes_with_trailcam_is_not_written_again(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as error:
        new_log_type("AWS.CloudTrail", folder=tmp_path)
    assert [problem.code for problem in refused(error)] == ["TC0302"]
    assert content(tmp_path) == {}


def test_a_log_type_is_never_overwritten(tmp_path: Path) -> None:
    written = new_log_type("Custom.Door", folder=tmp_path)
    before = content(tmp_path)
    with pytest.raises(TrailcamError) as error:
        new_log_type("Custom.Door", folder=tmp_path)
    assert [problem.path for problem in refused(error)] == list(written.files)
    assert content(tmp_path) == before


# -- the command -------------------------------------------------------------------------------------------


def test_the_command_prints_the_files_and_says_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["new", "rule", "My.Rule", "--format", "panther"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "my_rule.yml\nmy_rule.py\n"
    assert printed.err == (
        "next: write the condition in my_rule.py\n"
        "next: see its first test pass: trailcam test . --rules My.Rule\n"
    )


def test_the_command_writes_a_log_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(["new", "log-type", "Custom.Door", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{tmp_path}/custom_door/schema.yml"


def test_a_log_type_takes_no_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["new", "log-type", "Custom.Door", "--format", "native", "--folder", str(tmp_path)]
    assert run_command_line(words) == 2
    assert "TC0104" in capsys.readouterr().err
    assert content(tmp_path) == {}


def test_writing_what_is_there_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["new", "rule", "My.Rule", "--folder", str(tmp_path)]
    assert run_command_line(words) == 0
    assert run_command_line(words) == 2
    assert "TC0107" in capsys.readouterr().err
