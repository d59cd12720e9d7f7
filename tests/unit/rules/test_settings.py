"""Settings that a rule's file declares, and the values that users and tests give to them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from trailcam.app.load import load
from trailcam.errors import TrailcamError, code
from trailcam.rules.modules import execute
from trailcam.rules.versions import rule_versions
from trailcam.settings.read import read_settings
from trailcam.settings.schema import Settings

PAGE = "the page of the pack tells which rules and settings there are"

RULE = """
METADATA = {"id": "Test.Named", "log_types": ["AWS.CloudTrail"], "severity": "Low"}

SETTINGS = {
    "calls": ["StopLogging"],
    "most": 3,
    "loud": True,
    "name": "x",
}

CALLS = set(SETTINGS["calls"])


def rule(event):
    return event.get("eventName") in CALLS


TESTS = %s
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write(tmp_path)


def write(folder: Path, tests: object = ()) -> Path:
    (folder / "named.py").write_text(RULE % (list(tests),))  # type: ignore[call-overload]  # a list of tests
    return folder


def problems(pack: Path, **values: object) -> list[str]:
    with pytest.raises(TrailcamError) as caught:
        load(packs=[pack], settings=Settings(rules={"Test.Named": values}))
    assert {problem.code for problem in caught.value.problems} == {code("bad_setting")}
    return [f"{problem.message} | {problem.hint}" for problem in caught.value.problems]


def test_a_value_stands_in_the_place_of_the_one_in_the_file_before_anything_is_executed(pack: Path) -> None:
    (rule,) = load(
        packs=[pack], settings=Settings(rules={"Test.Named": {"calls": ["a", 'b"\n'], "most": -1}})
    ).rules
    module = execute(rule)
    assert module.SETTINGS == {"calls": ["a", 'b"\n'], "most": -1, "loud": True, "name": "x"}
    assert sorted(module.CALLS) == ["a", 'b"\n']
    assert module.rule.__code__.co_firstlineno == rule.body.splitlines().index("def rule(event):") + 1
    assert execute(replace(rule, configured="{}")).SETTINGS["calls"] == ["StopLogging"]


def test_what_is_given_decides_the_version_of_the_rule_and_its_order_does_not(pack: Path) -> None:
    def version(**values: object) -> str:
        loaded = load(packs=[pack], settings=Settings(rules={"Test.Named": values}))
        return rule_versions(loaded.packs, loaded.rules, loaded.log_types)["Test.Named"]

    assert version() != version(most=4) != version(most=5)
    assert version(most=4, name="y") == version(name="y", most=4)


def test_unknown_settings_and_values_of_another_kind_are_all_told(pack: Path) -> None:
    told = problems(pack, cals=["a"], most="3", loud=1, name=["x"], calls=[1])
    assert told == [
        '[rules."Test.Named"]: the rule has no setting "cals" | did you mean "calls"?',
        '[rules."Test.Named"]: most must be a number; found the text "3" | ' + PAGE,
        '[rules."Test.Named"]: loud must be true or false; found the number 1 | ' + PAGE,
        '[rules."Test.Named"]: name must be a text; found a list of 1 | ' + PAGE,
        '[rules."Test.Named"]: calls must be a list of texts; found a list of 1 | ' + PAGE,
    ]


def test_a_rule_without_settings_takes_none(tmp_path: Path) -> None:
    plain = RULE % []
    start, end = plain.index("SETTINGS"), plain.index("def rule")
    (tmp_path / "named.py").write_text(plain[:start] + "CALLS = ()\n\n\n" + plain[end:])
    (told,) = problems(tmp_path, calls=["a"])
    assert told.endswith("its file declares no SETTINGS")


@pytest.mark.parametrize("written", ["Test.Name", "test.named"])
def test_an_id_that_no_rule_has_is_refused_where_the_settings_say_which_packs_run(
    pack: Path, written: str
) -> None:
    settings = Settings(rules={written: {"most": 1}}, packs=(pack,), file=pack / "trailcam.toml")
    with pytest.raises(TrailcamError) as caught:
        load(settings=settings)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == (code("bad_setting"), settings.file)
    assert problem.message == f'[rules."{written}"]: no rule of the packs has this id'
    assert problem.hint == 'did you mean "Test.Named"?'


def test_an_id_with_dots_that_stands_in_no_quotes_is_told(tmp_path: Path) -> None:
    (tmp_path / "trailcam.toml").write_text("[rules.Test.Named]\nmost = 1\n")
    with pytest.raises(TrailcamError) as caught:
        read_settings(folder=tmp_path, environment={})
    (problem,) = caught.value.problems
    assert "an id with dots stands in quotes" in problem.message


def test_packs_of_the_settings_run_where_nothing_else_is_named(pack: Path) -> None:
    settings = Settings(rules={"Test.Named": {"most": 1}}, packs=(pack,))
    assert [rule.configured for rule in load(settings=settings).rules] == ['{"most": 1}']
    assert load(packs=[pack / "named.py"], settings=settings).not_configured == ()


def test_ids_that_no_loaded_rule_has_are_remembered(pack: Path) -> None:
    assert load(packs=[pack], settings=Settings(rules={"Other.Rule": {"a": 1}})).not_configured == (
        "Other.Rule",
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"calls": ("a",)}', "SETTINGS.calls must be a text, a number, true, false or a list of texts"),
        ('{"calls": {"a": 1}}', "SETTINGS.calls must be a text, a number, true, false or a list of texts"),
        ('{"Calls": []}', "must be a name in small letters"),
        ('{"calls": CALLS}', "not a literal value: CALLS"),
        ("[]", "SETTINGS must be a mapping"),
    ],
)
def test_what_can_be_no_setting_is_told_with_its_line(tmp_path: Path, written: str, said: str) -> None:
    body = RULE % []
    start, end = body.index("SETTINGS"), body.index("CALLS = ")
    (tmp_path / "named.py").write_text(f"{body[:start]}SETTINGS = {written}\n\n{body[end:]}")
    with pytest.raises(TrailcamError) as caught:
        load(packs=[tmp_path])
    assert [problem.line for problem in caught.value.problems] == [4]
    assert said in caught.value.problems[0].message


def test_tests_name_settings_that_there_are(tmp_path: Path) -> None:
    test = {"name": "n", "expect": True, "event": {}, "settings": {"cals": ["a"], "most": "x"}}
    with pytest.raises(TrailcamError) as caught:
        load(packs=[write(tmp_path, [test])])
    assert [problem.message for problem in caught.value.problems] == [
        'the rule has no setting "cals"',
        'most must be a number; found the text "x"',
    ]


def test_the_settings_of_a_test_are_kept_with_it(tmp_path: Path) -> None:
    test = {"name": "n", "expect": True, "event": {"eventName": "a"}, "settings": {"calls": ["a"]}}
    (rule,) = load(packs=[write(tmp_path, [test])]).rules
    assert json.loads(rule.tests[0].settings) == {"calls": ["a"]}
