"""Whoever follows the page of a new project, and nothing else, has rules that are tested and find something."""

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.docs.checkout import run, steps_of, with_environment
from tests.docs.markdown import text_of
from tests.support import trailcam

from trailcam import yaml12
from trailcam.errors import code


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder with a blank in its name, beside an environment that has `trailcam`."""
    folder = tmp_path_factory.mktemp("a user")
    done = trailcam("new", "project", "our-rules", "--folder", folder)
    assert done.returncode == 0, done.stderr
    return with_environment(folder / "our-rules")


def test_every_command_of_its_page_works_as_far_as_a_new_rule_which_is_to_be_written(project: Path) -> None:
    steps = steps_of(text_of(project / "README.md"), folder=project)
    assert [step.line.split()[1] for step in steps] == ["test", "simulate", "run", "new"]
    steps[1] = type(steps[1])(f"{steps[1].line} --events 1000", steps[1].shown)
    ran = run(project, [step.line for step in steps])
    assert [one.status for one in ran] == [0] * len(ran), [one.output for one in ran]
    assert "6 tests of 1 rule: 6 passed, 0 failed" in ran[0].output
    matched = [line for line in ran[2].output.splitlines() if line.startswith("MEDIUM")]
    assert len(matched) == 1 and "T03:08:" in matched[0]
    (project / "detections" / "team_name_of_the_rule.py").unlink()


def test_the_rule_finds_the_key_that_the_intruder_makes_and_nothing_else_of_the_day(
    project: Path, tmp_path: Path
) -> None:
    trailcam("simulate", "logs", "--events", "1000", cwd=tmp_path)
    truth = json.loads((tmp_path / "logs" / "stories.json").read_text(encoding="utf-8"))
    (story,) = (story for story in truth["stories"] if story["id"] == "privilege_escalation")
    settings = project / "trailcam.toml"
    done = trailcam("run", "logs/AWSLogs", "--config", settings, "--format", "jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = (json.loads(line) for line in done.stdout.splitlines())
    assert row["rule_id"] == "OurRules.AccessKeyMade"
    assert row["title"] == "ci-deploy made an access key for ci-deploy"
    assert row["event_id"] in json.dumps(story)


def test_the_commands_of_hook_and_pipelines_work_and_leave_a_report(project: Path) -> None:
    (hook,) = yaml12.read(project / ".pre-commit-config.yaml").value["repos"][0]["hooks"]
    (job,) = yaml12.read(project / ".github/workflows/detections.yml").value["jobs"].values()
    script = yaml12.read(project / ".gitlab-ci.yml").value["detections"]["script"]
    commands = [hook["entry"], *(step["run"] for step in job["steps"] if "run" in step), *script]
    commands = [command for command in commands if not command.startswith("pip ")]
    assert len(commands) == 3
    for ran in run(project, commands):
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
