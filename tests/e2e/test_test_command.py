"""`trailcam test` as a user meets it."""

import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.support import record, trailcam

ROW_KEYS = ["rule_id", "test", "passed", "expected", "reason", "path", "line", "functions"]

NATIVE = '''"""A name is root."""

METADATA = {{"id": "{id}", "log_types": ["AWS.CloudTrail"], "severity": "High"}}

{body}

TESTS = {tests}
'''

ROOT = "def rule(event):\n    return event.get('name') == 'root'\n"
MEETS = {"name": "it meets root", "expect": True, "event": {"name": "root"}}
PASSES = {"name": "it passes others", "expect": False, "event": {"name": "alice"}}


def write(folder: Path, rule_id: str, body: str = ROOT, tests: Any = (MEETS, PASSES)) -> Path:
    """A native rule in a file of its id."""
    path = folder / f"{rule_id}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(NATIVE.format(id=rule_id, body=body, tests=json_like(tests)))
    return path


def json_like(tests: Any) -> str:
    return repr(list(tests)).replace("}, {", "},\n    {")


def test(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return trailcam("test", *arguments, cwd=cwd, env=os.environ | {"COLUMNS": "80"} | variables)


test.__test__ = False  # type: ignore[attr-defined]  # it is the command


def rows(*arguments: str | Path, cwd: Path) -> list[dict[str, Any]]:
    done = test(*arguments, "--format", "jsonl", cwd=cwd)
    return [json.loads(line) for line in done.stdout.splitlines()]


def results(*arguments: str | Path, cwd: Path) -> dict[str, bool]:
    return {row["test"]: row["passed"] for row in rows(*arguments, cwd=cwd)}


# -- what is printed ---------------------------------------------------------------------------------------


def test_rules_whose_tests_pass_are_listed_and_the_exit_code_is_0(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    write(tmp_path, "A.Two")
    done = test(cwd=tmp_path)
    assert done.stdout == (
        "A.One\n  PASS  it meets root\n  PASS  it passes others\n"
        "A.Two\n  PASS  it meets root\n  PASS  it passes others\n"
    )
    assert (done.stderr, done.returncode) == (
        "4 tests of 2 rules: 4 passed, 0 failed; 2 rules passed, 0 failed\n",
        0,
    )


def test_a_test_that_fails_shows_why_where_and_what_every_function_gave(tmp_path: Path) -> None:
    body = ROOT + "def title(event):\n    return event['nothing']\ndef severity(event):\n    return 5\n"
    write(tmp_path / "rules", "A.One", body, (MEETS, MEETS | {"name": "none is expected", "expect": False}))
    done = test("rules", cwd=tmp_path)
    assert done.stdout == (
        "A.One\n"
        "  FAIL  it meets root\n"
        "        title() and severity() failed\n"
        "        --> rules/A.One.py:13\n"
        "        rule: True\n"
        "        title: failed: KeyError: 'nothing'\n"
        "          --> rules/A.One.py:8 in title\n"
        "          |   return event['nothing']\n"
        "        severity: failed: must return a str; it returned int\n"
        "        dedup: defaultDedupString:A.One\n"
        '        event: {"name": "root"}\n'
        "        again: trailcam test rules --rules A.One --test-names 'it meets root' -v\n"
        "  FAIL  none is expected\n"
        "        expected no match, got one\n"
        "        --> rules/A.One.py:14\n"
        "        rule: True\n"
        '        event: {"name": "root"}\n'
        "        again: trailcam test rules --rules A.One --test-names 'none is expected' -v\n"
    )
    assert (done.stderr, done.returncode) == ("2 tests of 1 rule: 0 passed, 2 failed\n", 1)


def test_long_values_fit_80_columns_and_are_whole_with_v(tmp_path: Path) -> None:
    body = (
        ROOT + "def alert_context(event):\n    return {'long': 'x' * 3000}\ndef title(event):\n    return 1\n"
    )
    write(tmp_path, "A.One", body)
    short, whole = test(cwd=tmp_path), test("-v", cwd=tmp_path)
    for done in (short, whole):
        assert max(map(len, done.stdout.splitlines())) <= 80
    assert "more characters; -v shows them" in short.stdout
    assert whole.stdout.count("x") - short.stdout.count("x") > 2000
    assert "more characters" not in whole.stdout


def test_failed_tests_of_several_rules_are_named_again_at_the_end(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=[MEETS | {"name": f"test {n:02}", "expect": False} for n in range(25)])
    write(tmp_path, "A.Two")
    told = test(cwd=tmp_path).stderr.splitlines()
    assert told[:2] == ["failed: A.One: test 00", "failed: A.One: test 01"]
    assert told[20:] == [
        "failed: 5 more",
        "27 tests of 2 rules: 2 passed, 25 failed; 1 rule passed, 1 failed",
    ]


def test_what_a_rule_prints_goes_to_stderr(tmp_path: Path) -> None:
    write(
        tmp_path,
        "A.One",
        "print('at the top')\ndef rule(event):\n    print('in rule')\n    return True\n",
        [MEETS],
    )
    done = test(cwd=tmp_path)
    assert done.stdout == "A.One\n  PASS  it meets root\n"
    assert "at the top\nin rule\n" in done.stderr


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_rows_have_fixed_keys_in_both_json_formats(tmp_path: Path, form: str) -> None:
    write(tmp_path, "A.One", tests=(MEETS, MEETS | {"name": "wrong", "expect": False}))
    write(tmp_path, "A.Two", "import no_such_module\n" + ROOT)
    done = test("--format", form, cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout) if form == "json" else [json.loads(x) for x in done.stdout.splitlines()]
    assert [list(row) for row in found] == [ROW_KEYS] * 3
    assert [(row["rule_id"], row["test"], row["passed"]) for row in found] == [
        ("A.One", "it meets root", True), ("A.One", "wrong", False), ("A.Two", None, False),
    ]  # fmt: skip
    assert found[0]["functions"]["rule"] == {"output": "True", "error": None, "raised_at": None}
    assert (found[1]["reason"], found[1]["path"]) == ("expected no match, got one", "A.One.py")


def test_json_of_nothing_is_an_empty_list(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=())
    assert json.loads(test("--format", "json", cwd=tmp_path).stdout) == []


# -- which rules and tests are run -------------------------------------------------------------------------


def test_filters_choose_rules_by_what_their_metadata_says(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    write(tmp_path, "A.Two")
    (tmp_path / "A.Two.py").write_text((tmp_path / "A.Two.py").read_text().replace("High", "Low"))
    found = rows("--filter", "Severity=Low,Info", "--filter", "Enabled=true", cwd=tmp_path)
    assert {row["rule_id"] for row in found} == {"A.Two"}
    assert test("--filter", "Severity=Critical", cwd=tmp_path).returncode == 1
    refused = test("--filter", "Severty=Low", cwd=tmp_path)
    assert (refused.returncode, "error[TC0104]" in refused.stderr) == (2, True)


def test_tests_are_chosen_by_name_and_rules_without_them_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    write(tmp_path, "A.Two", tests=[MEETS])
    found = rows("--test-names", "it passes others", cwd=tmp_path)
    assert [(row["rule_id"], row["test"]) for row in found] == [("A.One", "it passes others")]
    done = test("--test-names", "it passes", "--test-names", "it's", cwd=tmp_path)
    assert done.returncode == 1
    assert """no test has the name 'it passes' or "it's\"""" in done.stderr


def test_rules_that_are_switched_off_are_tested_unless_it_is_said(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    off = write(tmp_path, "A.Two")
    off.write_text(off.read_text().replace('"High"', '"High", "enabled": False'))
    assert {row["rule_id"] for row in rows(cwd=tmp_path)} == {"A.One", "A.Two"}
    assert {row["rule_id"] for row in rows("--skip-disabled-tests", cwd=tmp_path)} == {"A.One"}
    done = test("--skip-disabled-tests", "--filter", "id=A.Two", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 rule passed over: switched off in their metadata" in done.stderr


def test_options_about_names_of_tables_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    tables = ["--valid-table-names", "a.b", "--valid-table-names", "c"]
    assert test("--ignore-table-names", *tables, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("least", "tests", "reason"),
    [
        ("1", (), "it has 0 of the 1 tests that are asked for"),
        ("3", (MEETS, PASSES), "it has 2 of the 3 tests that are asked for"),
        (
            "2",
            (MEETS, MEETS | {"name": "again"}),
            "a test that expects a match and one that expects none are asked for",
        ),
    ],
)
def test_a_rule_with_too_few_tests_fails(tmp_path: Path, least: str, tests: Any, reason: str) -> None:
    write(tmp_path, "A.One", tests=tests)
    report = tmp_path / "report.xml"
    done = test("--minimum-tests", least, "--junit", report, cwd=tmp_path)
    assert f"A.One: {reason}" in done.stdout.replace("\n          ", "")
    assert (done.returncode, "1 rule with too few tests" in done.stderr) == (1, True)
    assert [it.get("message") for it in ElementTree.parse(report).iter("failure")] == [reason]
    assert rows("--minimum-tests", least, cwd=tmp_path)[0]["reason"] == reason


def test_enough_tests_are_enough(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    assert test("--minimum-tests", "2", cwd=tmp_path).returncode == 0


def test_files_are_passed_over_by_path(tmp_path: Path) -> None:
    write(tmp_path / "rules", "A.One")
    write(tmp_path / "rules", "A.Two", "def rule(\n")
    assert test("rules", cwd=tmp_path).returncode == 1
    for pattern in (
        "rules/A.Two.py",
        "./rules/../rules/A.Two.py",
        "rules/*.Two.py",
        tmp_path / "rules/A.Two.py",
    ):
        assert test("rules", "--ignore-files", pattern, cwd=tmp_path).returncode == 0
    assert test("rules", "--ignore-files", "A.Two.py", cwd=tmp_path).returncode == 1


PANTHER = """\
AnalysisType: rule
RuleID: A.One
Filename: one.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: Low
Tests:
  - {Name: yes, ExpectedResult: true, Log: {name: root}}
"""


def test_keys_that_no_form_knows_are_passed_over_when_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(ROOT)
    (tmp_path / "one.yml").write_text(f"{PANTHER}Owner: somebody\n")
    assert "error[TC0203]" in test(cwd=tmp_path).stderr
    assert test("--path", ".", "--ignore-extra-keys", cwd=tmp_path).returncode == 0


def test_destinations_must_be_among_the_available_ones_when_these_are_said(tmp_path: Path) -> None:
    body = ROOT + "def destinations(event):\n    return ['pager', 'mail']\n"
    write(tmp_path, "A.One", body, [MEETS])
    assert test(cwd=tmp_path).returncode == 0
    both = ("--available-destination", "pager", "--available-destination", "mail")
    assert test(*both, cwd=tmp_path).returncode == 0
    (row,) = rows(*both[:2], cwd=tmp_path)
    assert (row["passed"], row["reason"]) == (False, "destinations() failed")
    assert "mail: not among the available destinations" in row["functions"]["destinations"]["error"]


def test_only_what_failed_is_printed_when_it_is_said_and_counted_all_the_same(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=[MEETS, MEETS | {"name": "wrong", "expect": False}])
    write(tmp_path, "A.Two")
    done = test("--show-failures-only", cwd=tmp_path)
    assert [line for line in done.stdout.splitlines() if "PASS" in line or "A.Two" in line] == []
    assert "  FAIL  wrong\n" in done.stdout
    assert "4 tests of 2 rules: 3 passed, 1 failed; 1 rule passed, 1 failed\n" in done.stderr


def test_what_failed_comes_last_when_it_is_said(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=[MEETS | {"expect": False}])
    write(tmp_path, "A.Two")
    assert [row["rule_id"] for row in rows(cwd=tmp_path)] == ["A.One", "A.Two", "A.Two"]
    found = rows("--sort-test-results", cwd=tmp_path)
    assert [row["rule_id"] for row in found] == ["A.Two", "A.Two", "A.One"]


def test_the_command_that_a_failed_test_shows_runs_it_again(tmp_path: Path) -> None:
    name = "it's 5\to'clock"
    write(tmp_path / "my rules", "A.One", tests=[MEETS | {"name": name, "expect": False}, PASSES])
    done = test("my rules", cwd=tmp_path)
    (again,) = (line.split("again: ")[1] for line in done.stdout.splitlines() if "again: " in line)
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {again}"], check=True, capture_output=True).stdout
    program, *arguments = words.decode().split("\0")[:-1]
    assert program == "trailcam"
    repeated = trailcam(*arguments, cwd=tmp_path)
    assert (repeated.returncode, "1 test of 1 rule: 0 passed, 1 failed" in repeated.stderr) == (1, True)


def test_the_command_that_runs_a_test_again_says_what_decides_whether_it_fails(tmp_path: Path) -> None:
    body = ROOT + "def destinations(event):\n    return ['mail']\n"
    (tmp_path / "one.py").write_text(body)
    (tmp_path / "one.yml").write_text(f"{PANTHER}Owner: somebody\n")
    (tmp_path / "broken.yml").write_text("AnalysisType: rule\n")
    said = ["--ignore-extra-keys", "--ignore-files", "broken.*", "--available-destination", "pager"]
    done = test(*said, cwd=tmp_path)
    (again,) = (line.split("again: ")[1] for line in done.stdout.splitlines() if "again: " in line)
    repeated = trailcam(*shlex.split(again)[1:], cwd=tmp_path)
    assert "1 test of 1 rule: 0 passed, 1 failed" in repeated.stderr
    assert "destinations() failed" in repeated.stdout


# -- which tests are run -----------------------------------------------------------------------------------


def test_a_path_may_be_one_file(tmp_path: Path) -> None:
    write(tmp_path, "A.Other")
    done = test(write(tmp_path, "A.One"), cwd=tmp_path)
    assert done.stderr == "2 tests of 1 rule: 2 passed, 0 failed\n"


def test_rules_can_be_chosen_by_id(tmp_path: Path) -> None:
    for rule_id in ("A.One", "A.Two", "B.One"):
        write(tmp_path, rule_id)
    assert "of 2 rules" in test(".", "--rules", "A.*", cwd=tmp_path).stderr


def test_the_tests_of_a_rule_that_is_switched_off_are_run_too(tmp_path: Path) -> None:
    path = write(tmp_path, "A.One")
    path.write_text(path.read_text().replace('"High"', '"High", "enabled": False'))
    assert test(cwd=tmp_path).stderr == "2 tests of 1 rule: 2 passed, 0 failed\n"


def test_a_sample_is_decoded_and_normalised_on_its_way_to_the_rule(tmp_path: Path) -> None:
    body = (
        "def rule(event):\n    return event.get('p_log_type') == 'AWS.CloudTrail'\n"
        "def title(event):\n    return f\"{event['p_event_time']} {event['p_any_ip_addresses'][0]}\"\n"
    )
    whole = {"log_type": "AWS.CloudTrail", "event": record(1)}
    write(tmp_path, "A.One", body, [whole | {"name": "whole", "expect": True}, MEETS | {"expect": False}])
    first, second = rows(".", cwd=tmp_path)
    assert first["passed"], first
    assert first["functions"]["title"]["output"] == "2026-03-01 10:00:01.000000000 192.0.2.7"
    assert second["passed"], "an event of its own is what the rule sees, as it stands"


def test_a_record_that_is_no_event_fails_its_test_with_the_reason(tmp_path: Path) -> None:
    tests = [{"name": "broken", "expect": True, "log_type": "AWS.CloudTrail", "event": {"eventName": "x"}}]
    write(tmp_path, "A.One", tests=tests)
    (row,) = rows(".", cwd=tmp_path)
    assert row["reason"].startswith("its event is not one: ")


def test_panther_rules_and_native_ones_are_tested_alike_with_the_line_of_each_test(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(
        "from our_helper import NAME\ndef rule(event):\n    return event['name'] == NAME\n"
    )
    (tmp_path / "p.yml").write_text(
        "AnalysisType: rule\nRuleID: P.One\nFilename: p.py\nEnabled: false\nLogTypes: [AWS.CloudTrail]\n"
        "Severity: Low\nTests:\n  - Name: first\n    ExpectedResult: true\n    Log: {name: root}\n"
        "  - Name: mocked\n    ExpectedResult: true\n    Log: {name: other}\n"
        "    Mocks: [{objectName: rule, returnValue: true}]\n"
    )
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/our_helper.py").write_text("NAME = 'root'\n")
    write(tmp_path, "N.One")
    found = rows(".", cwd=tmp_path)
    assert [(row["path"], row["line"], row["passed"]) for row in found] == [
        ("N.One.py", 9, True), ("N.One.py", 10, True), ("p.yml", 8, True), ("p.yml", 11, True),
    ]  # fmt: skip


# -- rules that misbehave ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("os._exit(7)", "TC0502: it ended its process with exit status 7"),
        ("os.kill(os.getpid(), 11)", "TC0502: it ended its process with signal SIGSEGV"),
        ("exec('while True: pass')", "TC0501: it took longer than 1 s"),
        ("[0] * 10**12", "rule() failed: MemoryError"),
        ("sys.exit(3)", "rule() failed: SystemExit: 3"),
        ("raise KeyboardInterrupt", "rule() failed: KeyboardInterrupt"),
    ],
)
def test_a_test_that_ends_its_process_fails_and_all_others_are_run(
    tmp_path: Path, action: str, reason: str
) -> None:
    body = f"import os, sys\n{ROOT}\ndef die(event):\n    {action}\n"
    body += "def rule(event):\n    return die(event) if event['name'] == 'die' else event['name'] == 'root'\n"
    write(
        tmp_path,
        "A.Bad",
        body,
        [MEETS, {"name": "it dies", "expect": True, "event": {"name": "die"}}, PASSES],
    )
    write(tmp_path, "B.Good")
    (tmp_path / "trailcam.toml").write_text("[limits]\nrule_seconds = 1\n")
    done = test("--format", "jsonl", "--workers", "1", cwd=tmp_path)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["test"], row["passed"]) for row in found] == [
        ("it meets root", True), ("it dies", False), ("it passes others", True),
        ("it meets root", True), ("it passes others", True),
    ]  # fmt: skip
    assert found[1]["reason"].startswith(reason)
    assert done.returncode == 1


def test_a_missing_module_is_told_once_and_the_other_rules_are_tested(tmp_path: Path) -> None:
    for rule_id in ("A.One", "A.Two", "A.Three"):
        write(tmp_path, rule_id, f"import no_such_module\n{ROOT}")
    write(tmp_path, "B.Good")
    write(tmp_path, "B.Raises", f"1 / 0\n{ROOT}")
    done = test(cwd=tmp_path)
    assert done.stdout == (
        "A.One: not loaded\nA.Three: not loaded\nA.Two: not loaded\n"
        "B.Good\n  PASS  it meets root\n  PASS  it passes others\nB.Raises: not loaded\n"
    )
    assert done.stderr.count("error[TC0210]") == 2
    assert 'the module "no_such_module" is missing: A.One, A.Three, A.Two need it' in done.stderr
    assert "hint: pip install no_such_module" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.endswith(
        "2 tests of 5 rules: 2 passed, 0 failed; 1 rule passed, 4 failed; 4 rules not loaded\n"
    )
    assert done.returncode == 1


def test_a_rule_that_ends_its_process_on_import_keeps_no_other_from_being_tested(tmp_path: Path) -> None:
    write(tmp_path, "A.Exits", f"import os\nos._exit(4)\n{ROOT}")
    write(tmp_path, "B.Good")
    done = test(cwd=tmp_path)
    assert "A.Exits: TC0502: it ended its process with exit status 4" in done.stderr
    assert (
        done.returncode,
        "2 passed, 0 failed; 1 rule passed, 1 failed; 1 rule not loaded" in done.stderr,
    ) == (1, True)


def test_all_mistakes_of_all_files_are_told_before_any_rule_runs(tmp_path: Path) -> None:
    write(tmp_path, "A.Good", f"open('ran', 'w')\n{ROOT}")
    write(tmp_path, "A.Syntax", "def rule(event:\n")
    write(tmp_path, "B.NoRule", "def title(event): ...\n")
    path = write(tmp_path, "C.Key")
    path.write_text(path.read_text().replace('"severity"', '"severty"'))
    done = test("--junit", "report.xml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    for told in ("TC0201", "TC0208", 'did you mean "severity"?', "A.Syntax.py:", "C.Key.py:"):
        assert told in done.stderr
    assert not (tmp_path / "ran").exists()
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert root.get("errors") == root.get("tests") == str(done.stderr.count("error[TC"))


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_mistakes_in_files_are_rows_for_a_program(tmp_path: Path, form: str) -> None:
    path = write(tmp_path, "A.Syntax", "def rule(event):\n    return (\n")
    write(tmp_path, "B.NoRule", "def title(event): ...\n")
    done = test("--format", form, cwd=tmp_path)
    assert done.returncode == 1
    found = json.loads(done.stdout) if form == "json" else list(map(json.loads, done.stdout.splitlines()))
    assert len(found) == done.stderr.count("error[TC") == 2
    assert all(row["passed"] is False and row["rule_id"] is row["test"] is None for row in found)
    syntax = next(row for row in found if row["path"].endswith(path.name))
    assert syntax["line"] and "never closed" in syntax["reason"]


def test_a_remark_comes_before_the_summary_and_changes_no_exit_code(tmp_path: Path) -> None:
    (tmp_path / "accounts.yml").write_text(
        "AnalysisType: rule\nRuleID: A.Accounts\nEnabled: true\nLogTypes: [AWS.CloudTrail]\nSeverity: Low\n"
        "Detection: [{Key: recipientAccountId, Condition: Equals, Value: 123456789012}]\n"
    )
    for _ in range(2):  # the second time, what was read is not read again
        done = test(cwd=tmp_path)
        assert done.returncode == 0
        remark, summary = done.stderr.splitlines()
        assert remark.startswith("remark[TC0223]: accounts.yml:6: 123456789012 ")
        assert summary.startswith("0 tests of 1 rule")


def test_three_good_tests_after_a_module_state_of_the_first_see_it(tmp_path: Path) -> None:
    body = "N = 0\ndef rule(event):\n    global N\n    N += 1\n    return True\ndef title(event):\n    return f'{N}'\n"
    write(tmp_path, "A.One", body, [MEETS | {"name": f"test {n}"} for n in range(3)])
    assert [row["functions"]["title"]["output"] for row in rows(".", cwd=tmp_path)] == ["1", "2", "3"]


# -- use ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "TC0101"),
        ([".", "--rules", "No.Such"], "TC0212"),
        (["notes.txt"], "TC0217"),
        (["empty"], "TC0218"),
        ([".", "--junit", "no/such/folder/report.xml"], "TC0106"),
        ([".", "--config", "nowhere.toml"], "TC0101"),
        ([".", "--nonsense"], "TC0104"),
        ([".", "--format", "xml"], "TC0104"),
        ([".", "--log-types", "empty"], "TC0303"),
    ],
)
def test_wrong_use_is_exit_code_2_and_runs_nothing(tmp_path: Path, arguments: list[str], told: str) -> None:
    write(tmp_path, "A.One")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty").mkdir()
    done = test(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error[{told}]" in done.stderr


def test_a_report_into_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, "A.One")
    done = test(".", "--junit", "no such/report.xml", cwd=tmp_path)
    assert done.stderr == (
        "error[TC0106]: cannot write the report: there is no folder no such\n"
        "  --> no such/report.xml\n  hint: mkdir -p 'no such'\n"
    )


def test_a_rule_without_tests_is_told_and_fails_nothing(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=())
    done = test(cwd=tmp_path)
    assert done.stdout == "A.One: no tests\n"
    assert done.stderr == "0 tests of 1 rule: 0 passed, 0 failed; 1 rule without tests\n"
    assert done.returncode == 0


def test_a_folder_of_helpers_alone_has_no_rules(tmp_path: Path) -> None:
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers/our_helper.py").write_text("")
    done = test(cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "no rules found"
    assert done.returncode == 1


def test_a_junit_report_is_written_beside_what_is_printed(tmp_path: Path) -> None:
    write(tmp_path, "A.One", tests=(MEETS, MEETS | {"name": "wrong \x1b[0m", "expect": False}))
    write(tmp_path, "A.Two", f"import no_such_module\n{ROOT}")
    done = test("--junit", "report.xml", cwd=tmp_path)
    assert done.returncode == 1
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("A.One", "2"), ("A.Two", "1")]
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["3", "1", "1"]
    assert "1 passed, 1 failed" in done.stderr


# -- watching ----------------------------------------------------------------------------------------------


def until(lines: queue.Queue[str], words: str) -> list[str]:
    """What is told until a line holds these words."""
    told = []
    while True:
        told.append(lines.get(timeout=60))
        if words in told[-1]:
            return told


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    """`trailcam test --watch` over two rules, and what it tells."""
    write(tmp_path, "A.One")
    write(tmp_path, "A.Two")
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "names.py").write_text("ROOT = 'root'\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "trailcam", "test", "--watch"],
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()


def test_what_is_changed_is_run_each_time_it_is_saved(
    tmp_path: Path, watching: tuple[subprocess.Popen[str], queue.Queue[str]]
) -> None:
    process, lines = watching
    told = until(lines, "watching; Ctrl-C ends it")
    assert any("4 tests of 2 rules: 4 passed" in line for line in told)
    write(tmp_path, "A.One", ROOT.replace("root", "toor"))
    told = until(lines, "2 tests of 1 rule: 1 passed, 1 failed")
    assert not any("A.Two" in line for line in told)
    write(tmp_path, "A.One", "def rule(\n")
    until(lines, "error[TC0201]")
    write(tmp_path, "A.One")
    until(lines, "2 tests of 1 rule: 2 passed")
    (tmp_path / "helpers" / "names.py").write_text("ROOT = 'toor'\n")
    until(lines, "4 tests of 2 rules: 4 passed")
    write(tmp_path, "A.Three")
    until(lines, "6 tests of 3 rules: 6 passed")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
