"""Checks: whatever rules do, who asks gets an answer."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.deploying import settings_of, write_rule

from trailcam.app.deploy.checking import Bad, Checker, Good, Question
from trailcam.errors import code
from trailcam.settings.schema import LimitSettings, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "pack", home=tmp_path / "home")


def check(settings: Settings, *, tests: bool = True, seconds: float = 60) -> Good | Bad:
    return Checker(seconds=seconds).check(Question(settings=settings, tests=tests))


def codes(answer: Good | Bad) -> list[str]:
    assert isinstance(answer, Bad)
    return [problem.code for problem in answer.problems]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_good_packs_are_loaded_with_their_versions(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack")
    answer = check(settings)
    assert isinstance(answer, Good)
    assert [rule.id for rule in answer.loaded.rules] == list(answer.rules) == ["My.Rule"]
    assert (answer.tests, len(answer.pack)) == (1, 32)


def test_a_failing_test_is_told_with_its_place(settings: Settings, tmp_path: Path) -> None:
    path = write_rule(tmp_path / "pack", condition="False")
    answer = check(settings)
    assert codes(answer) == [code("inline_test_failed")]
    assert isinstance(answer, Bad)
    (problem,) = answer.problems
    assert 'My.Rule: the test "it fires" fails: expected a match, got none' in problem.message
    assert (problem.path, problem.line) == (path, 10)


def test_without_tests_only_the_top_level_of_rules_is_run(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack", condition="False")
    assert isinstance(check(settings, tests=False), Good)
    write_rule(tmp_path / "pack", "Raising.Rule", top="raise ValueError('no')")
    assert codes(check(settings, tests=False)) == [code("rule_import")]


def test_all_that_is_wrong_is_told_at_once(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack", "A.Rule", condition="False")
    write_rule(tmp_path / "pack", "B.Rule", top="raise ValueError('no')")
    assert codes(check(settings)) == [code("rule_import"), code("inline_test_failed")]
    (tmp_path / "pack" / "c_rule.py").write_text("def\n")
    assert codes(check(settings)) == [code("rule_syntax")]


def test_no_packs_are_no_mistake(tmp_path: Path) -> None:
    answer = check(settings_of(home=tmp_path))
    assert isinstance(answer, Good)
    assert answer.loaded.rules == ()


@pytest.mark.parametrize("where", ["top", "test"])
def test_a_rule_that_ends_its_process_is_told(settings: Settings, tmp_path: Path, where: str) -> None:
    ending = "__import__('os')._exit(7)"
    write_rule(tmp_path / "pack", "Good.Rule")
    write_rule(
        tmp_path / "pack",
        "Bad.Rule",
        condition="True" if where == "top" else ending,
        top=ending if where == "top" else "",
    )
    answer = check(settings)
    assert isinstance(answer, Bad)
    (problem,) = answer.problems
    assert "exit status 7" in problem.message
    assert "Bad.Rule" in problem.message


@pytest.mark.parametrize("where", ["top", "test"])
def test_a_rule_that_hangs_is_told(settings: Settings, tmp_path: Path, where: str) -> None:
    hanging = "exec('while True: pass')"
    write_rule(
        tmp_path / "pack",
        condition="True" if where == "top" else hanging,
        top=hanging if where == "top" else "",
    )
    answer = check(replace(settings, limits=LimitSettings(rule_seconds=0.3)))
    assert isinstance(answer, Bad)
    assert "longer than 0.3 s" in answer.problems[0].message


def test_a_rule_that_ends_the_process_above_it_is_told(settings: Settings, tmp_path: Path) -> None:
    above = "os.getpgid(os.getppid())"
    write_rule(tmp_path / "pack", top=f"import os, signal\nos.killpg({above}, signal.SIGKILL)")
    answer = check(settings)
    assert codes(answer) == [code("check_ended")]
    assert isinstance(answer, Bad)
    assert "SIGKILL" in answer.problems[0].message


def test_a_check_that_takes_too_long_is_ended_with_all_its_processes(
    settings: Settings, tmp_path: Path
) -> None:
    write_rule(
        tmp_path / "pack",
        top=f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)",
    )
    answer = check(replace(settings, limits=LimitSettings(rule_seconds=50)), seconds=8)
    assert codes(answer) == [code("check_ended")]
    deadline = time.monotonic() + 5
    while is_alive(int((tmp_path / "pid").read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_check_is_ended_from_another_thread(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack", top="import time\ntime.sleep(60)")
    checker = Checker(seconds=60)
    stopping = threading.Timer(1, checker.stop)
    stopping.start()
    begun = time.monotonic()
    answer = checker.check(Question(settings=replace(settings, limits=LimitSettings(rule_seconds=50))))
    stopping.join()
    assert codes(answer) == [code("check_ended")]
    assert time.monotonic() - begun < 20


def test_what_rules_print_does_not_mix_with_the_answer(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack", top="import os\nprint('hello')\nos.write(1, b'hello')")
    assert isinstance(check(settings), Good)


def test_a_module_in_the_folder_one_is_in_takes_no_place(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rule(tmp_path / "pack")
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
    (tmp_path / "trailcam.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    assert isinstance(check(settings), Good)


def test_a_check_ends_with_whoever_asked(tmp_path: Path) -> None:
    """A server that is killed leaves no check behind."""
    write_rule(
        tmp_path / "pack",
        top=f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)",
    )
    script = (
        "from pathlib import Path\n"
        "from trailcam.app.deploy.checking import Checker, Question\n"
        "from trailcam.settings.schema import LimitSettings, Settings\n"
        f"settings = Settings(packs=(Path({str(tmp_path / 'pack')!r}),), limits=LimitSettings(rule_seconds=50))\n"
        "Checker().check(Question(settings=settings))\n"
    )
    asking = subprocess.Popen([sys.executable, "-c", script], env=dict(os.environ))
    deadline = time.monotonic() + 30
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    asking.kill()
    asking.wait()
    while is_alive(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(int(pid.read_text()))
