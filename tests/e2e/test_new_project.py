"""Whoever follows the page of a new project, and nothing else, has rules that are tested and find something."""

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.docs.checkout import Ran, run, steps_of, with_environment
from tests.docs.markdown import text_of
from tests.support import trailcam

from trailcam import yaml12
from trailcam.errors import code

SMALL = " --events 300 --stories privilege_escalation,account_setup"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder with a blank in its name, beside an environment that has `trailcam`."""
    folder = tmp_path_factory.mktemp("a user")
    done = trailcam("new", "project", "our-rules", "--folder", folder)
    assert done.returncode == 0, done.stderr
    return with_environment(folder / "our-rules")


@pytest.fixture(scope="module")
def followed(project: Path) -> list[Ran]:
    """What the commands of its page print, in order; the simulated day is a short one."""
    lines = [step.line for step in steps_of(text_of(project / "README.md"), folder=project)]
    assert [line.split()[1] for line in lines] == ["test", "simulate", "run", "new"]
    lines[1] += SMALL
    ran = run(project, lines)
    (project / "detections" / "team_name_of_the_rule.py").unlink()
    return ran


def test_every_command_of_its_page_works(followed: list[Ran]) -> None:
    assert [one.status for one in followed] == [0] * 4, [one.output for one in followed]
    assert "6 tests of 1 rule: 6 passed, 0 failed" in followed[0].output


def test_the_rule_finds_the_key_that_the_intruder_makes_and_nothing_else_of_the_day(
    project: Path, followed: list[Ran]
) -> None:
    truth = json.loads((project / "simulated" / "stories.json").read_text(encoding="utf-8"))
    (story,) = (story for story in truth["stories"] if story["id"] == "privilege_escalation")
    (ran,) = run(project, ["trailcam run simulated/AWSLogs --format jsonl 2> /dev/null"])
    (row,) = (json.loads(line) for line in ran.output.splitlines())
    assert (row["rule_id"], row["title"]) == (
        "OurRules.AccessKeyMade",
        "ci-deploy made an access key for ci-deploy",
    )
    assert row["event_id"] in json.dumps(story)


def test_the_commands_of_hook_and_pipelines_work_and_leave_a_report(project: Path) -> None:
    (hook,) = yaml12.read(project / ".pre-commit-config.yaml").value["repos"][0]["hooks"]
    (job,) = yaml12.read(project / ".github/workflows/detections.yml").value["jobs"].values()
    script = yaml12.read(project / ".gitlab-ci.yml").value["detections"]["script"]
    commands = [hook["entry"], *(step["run"] for step in job["steps"] if "run" in step), *script]
    commands = [command for command in commands if not command.startswith("pip ")]
    assert commands[1:] == [f"{commands[0]} --junit report.xml"] * 2
    for ran in run(project, commands[:2]):
        assert ran.status == 0, ran.output
    report = ElementTree.parse(project / "report.xml").getroot()
    assert len(list(report.iter("testcase"))) == 6


def test_a_rule_that_is_broken_stops_the_hook_and_the_pipelines(project: Path) -> None:
    rule = project / "detections" / "access_key_made.py"
    whole = rule.read_text(encoding="utf-8")
    rule.write_text(whole.replace('"CreateAccessKey"\n', '"CreateKey"\n'), encoding="utf-8")
    try:
        (ran,) = run(project, ["trailcam test detections"])
    finally:
        rule.write_text(whole, encoding="utf-8")
    assert ran.status == 1
    assert "3 passed, 3 failed" in ran.output


def test_a_server_would_take_its_packs_into_force(project: Path) -> None:
    (ran,) = run(project, ["trailcam packs check"])
    assert ran.status == 0, ran.output


def test_what_runs_leave_in_the_folder_is_not_committed(project: Path) -> None:
    commands = ["git init --quiet", "mkdir -p .trailcam simulated", "touch .trailcam/state.db report.xml"]
    *_, ran = run(project, [*commands, "git status --porcelain --untracked-files=all"])
    names = {shlex.split(line)[-1] for line in ran.output.splitlines()}
    assert {name.partition("/")[0] for name in names} == {
        "README.md", "detections", "helpers", "trailcam.toml", "requirements.txt", ".gitignore", ".github",
        ".gitlab-ci.yml", ".pre-commit-config.yaml",
    }  # fmt: skip


def test_a_second_project_of_the_same_name_is_refused(project: Path) -> None:
    done = trailcam("new", "project", "our-rules", "--folder", project.parent)
    assert done.returncode == 2
    assert code("already_there") in done.stderr
