"""A new project: it loads, its files are what their readers take, and nothing is overwritten."""

import ast
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trailcam import __version__, yaml12
from trailcam.app.load import load
from trailcam.app.new import Written
from trailcam.app.project import new_project
from trailcam.cli.application import run_command_line
from trailcam.errors import TrailcamError, WorldError
from trailcam.settings.read import SETTINGS_FILE, read_settings
from trailcam.settings.schema import Settings

ACTION = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    new_project("acme", folder=tmp_path)
    return tmp_path / "acme"


def content(folder: Path) -> dict[str, str]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def yaml(path: Path) -> Any:
    return yaml12.read(path).value


def codes(error: pytest.ExceptionInfo[TrailcamError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


def settings_of(folder: Path, text: str) -> Settings:
    (folder / SETTINGS_FILE).write_text(text, encoding="utf-8")
    return read_settings(folder=folder, environment={})


# -- the files ---------------------------------------------------------------------------------------------


def test_a_project_has_a_page_a_rule_settings_and_pipelines(project: Path) -> None:
    assert set(content(project)) == {
        "README.md",
        "detections/access_key_made.py",
        "helpers/callers_of_acme.py",
        "trailcam.toml",
        "requirements.txt",
        ".gitignore",
        ".github/workflows/detections.yml",
        ".gitlab-ci.yml",
        ".pre-commit-config.yaml",
    }


def test_every_file_ends_its_last_line_and_leaves_no_blanks_at_line_ends(project: Path) -> None:
    for name, text in content(project).items():
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert [line for line in text.splitlines() if line != line.rstrip()] == [], name


def test_its_rule_fires_and_stays_quiet_and_says_what_to_do(project: Path) -> None:
    (rule,) = load(packs=[project / "detections"]).rules
    assert rule.id == "Acme.AccessKeyMade"
    assert [test.expected for test in rule.tests].count(True) == 3
    assert [test.expected for test in rule.tests].count(False) == 3
    assert len(rule.runbook.splitlines()) in range(2, 5)
    assert rule.title and "Misses" in rule.description
    assert rule.reference.startswith("https://attack.mitre.org/")


def test_the_rule_imports_the_module_beside_it(project: Path) -> None:
    tree = ast.parse((project / "detections" / "access_key_made.py").read_text(encoding="utf-8"))
    imports = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imports == [path.stem for path in (project / "helpers").iterdir()]


def test_its_settings_are_accepted_as_they_are_written_and_change_nothing_but_the_packs(
    project: Path,
) -> None:
    found = read_settings(folder=project, environment={})
    assert found.packs == (project / "detections",)
    usual = Settings()
    for section in ("rules", "limits", "live", "deploy", "sources", "lookup_tables"):
        assert getattr(found, section) == getattr(usual, section)


def test_every_setting_that_is_shown_is_accepted_when_it_is_put_in_force(project: Path) -> None:
    text = (project / SETTINGS_FILE).read_text(encoding="utf-8")
    found = settings_of(project, re.sub(r"^#(?! )", "", text, flags=re.MULTILINE))
    assert [source.name for source in found.sources] == ["incoming", "trail"]
    assert list(found.rules) == ["Acme.AccessKeyMade"]
    assert found.home == project / ".trailcam"
    assert (found.limits, found.deploy) == (Settings().limits, Settings().deploy)


def test_the_settings_shown_for_the_rule_are_those_that_it_has(project: Path) -> None:
    text = (project / SETTINGS_FILE).read_text(encoding="utf-8")
    shown = tomllib.loads(re.sub(r"^#(?! )", "", text, flags=re.MULTILINE))["rules"]
    (rule,) = load(packs=[project / "detections"]).rules
    assert all(f'"{key}"' in rule.settings for key in shown[rule.id])


def test_the_pipelines_install_the_trailcam_that_wrote_them(project: Path) -> None:
    lines = (project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"trailcam=={__version__}"]


def test_the_workflow_of_github_may_do_no_more_than_read_this_repository(project: Path) -> None:
    workflow: Mapping[str, Any] = yaml(project / ".github" / "workflows" / "detections.yml")
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert set(workflow["on"]) == {"push", "pull_request"}  # pull_request_target would have secrets
    used = [step for step in job["steps"] if "uses" in step]
    assert all(ACTION.fullmatch(step["uses"]) for step in used)
    assert used[0]["with"] == {"persist-credentials": False}


def test_both_pipelines_and_the_hook_run_the_same_tests(project: Path) -> None:
    test = "trailcam test detections"
    (job,) = yaml(project / ".github" / "workflows" / "detections.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "pip install -r requirements.txt",
        f"{test} --junit report.xml",
    ]
    gitlab = yaml(project / ".gitlab-ci.yml")["detections"]
    assert gitlab["script"] == ["pip install -r requirements.txt", f"{test} --junit report.xml"]
    assert gitlab["artifacts"] == {"when": "always", "reports": {"junit": "report.xml"}}
    (repo,) = yaml(project / ".pre-commit-config.yaml")["repos"]
    (hook,) = repo["hooks"]
    assert (repo["repo"], hook["entry"], hook["pass_filenames"]) == ("local", test, False)


def test_the_hook_runs_for_rules_and_what_they_import_and_for_nothing_else(project: Path) -> None:
    (hook,) = yaml(project / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    touched = {name for name in content(project) if re.search(hook["files"], name)}
    assert touched == {"detections/access_key_made.py", "helpers/callers_of_acme.py"}


# -- names and folders -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule_id", "helper"),
    [
        ("detections", "Detections.AccessKeyMade", "callers_of_detections"),
        ("acme-detections", "AcmeDetections.AccessKeyMade", "callers_of_acme_detections"),
        ("2026 rules", "2026Rules.AccessKeyMade", "callers_of_2026_rules"),
        ("import", "Import.AccessKeyMade", "callers_of_import"),
        ("Öl", "Öl.AccessKeyMade", "callers_of_öl"),
        ("a²", "A².AccessKeyMade", "callers_of_a2"),
        ("AWS", "AWS.AccessKeyMade", "callers_of_aws"),
    ],
)
def test_a_name_need_be_no_identifier(name: str, rule_id: str, helper: str, tmp_path: Path) -> None:
    new_project(name, folder=tmp_path / "with a blank")
    home = tmp_path / "with a blank" / name
    (rule,) = load(packs=[home / "detections"]).rules
    assert rule.id == rule_id
    assert f"from {helper} import" in rule.body
    assert (home / "helpers" / f"{helper}.py").is_file()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "-", "-x", ".x", "_x", " x", "x ", "a\nb", "x'y", "$(id)", "`x`", "x" * 65]
)
def test_a_name_that_no_project_has_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as error:
        new_project(name, folder=tmp_path)
    assert codes(error) == ["TC0104"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("a b/c", "say trailcam new project c --folder 'there/a b'"),
        ("../x", "say trailcam new project x --folder there/.."),
        ("/x", "say trailcam new project x --folder /"),
    ],
)
def test_a_path_is_told_how_to_say_it(name: str, cure: str) -> None:
    with pytest.raises(TrailcamError) as error:
        new_project(name, folder=Path("there"))
    assert [problem.hint for problem in error.value.problems] == [cure]


def test_a_slash_behind_the_name_is_none_of_it(tmp_path: Path) -> None:
    assert new_project("acme/", folder=tmp_path).files[0] == tmp_path / "acme" / "README.md"


def test_a_second_run_is_refused_and_changes_nothing(project: Path) -> None:
    (project / "README.md").write_text("mine", encoding="utf-8")
    before = content(project)
    with pytest.raises(TrailcamError) as error:
        new_project("acme", folder=project.parent)
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == ("TC0107", project)
    assert "another --folder" in problem.hint
    assert content(project) == before


def test_a_folder_with_any_file_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / ".hidden").write_text("mine", encoding="utf-8")
    with pytest.raises(TrailcamError) as error:
        new_project("acme", folder=tmp_path)
    assert codes(error) == ["TC0107"]
    assert content(tmp_path) == {"acme/.hidden": "mine"}


@pytest.mark.parametrize("inside", [[], [".git"]])
def test_a_folder_that_is_empty_or_an_empty_repository_is_filled(inside: list[str], tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    for name in inside:
        (tmp_path / "acme" / name).mkdir()
    assert new_project("acme", folder=tmp_path).files


def test_a_file_or_a_link_to_nothing_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(TrailcamError) as error:
            new_project(name, folder=tmp_path)
        assert codes(error) == ["TC0107"]
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_cannot_be_made_is_told_as_the_worlds_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WorldError) as error:
        new_project("acme", folder=tmp_path / "file")
    assert codes(error) == ["TC0106"]


# -- the command -------------------------------------------------------------------------------------------


def next_commands(written: Written) -> list[str]:
    return [step.partition(": ")[2] for step in written.next_steps[1:]]


def test_what_comes_next_can_be_pasted_into_a_shell_whatever_the_path(tmp_path: Path) -> None:
    assert next_commands(new_project("our rules", folder=tmp_path / "it's")) == [
        f"""cd '{tmp_path}/it'"'"'s/our rules'""",
        "trailcam test detections",
        "trailcam simulate simulated && trailcam run simulated/AWSLogs",
    ]


def test_the_command_prints_the_files_and_ends_with_the_next_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["new", "project", "acme"]) == 0
    printed = capsys.readouterr()
    assert sorted(printed.out.splitlines()) == sorted(f"acme/{name}" for name in content(tmp_path / "acme"))
    assert printed.err.splitlines()[0] == "next: what to do first is told in acme/README.md"
    assert printed.err.splitlines()[1] == "next: go there: cd acme"
    assert run_command_line(["new", "project", "acme"]) == 2


def test_a_project_takes_no_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["new", "project", "acme", "--format", "panther", "--folder", str(tmp_path)]
    assert run_command_line(words) == 2
    assert "a project has one form" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
