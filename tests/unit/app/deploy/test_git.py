"""Packs from git, of real repositories on this machine."""

import os
import shutil
import stat
from pathlib import Path
from threading import Event, Timer

import pytest
from tests.deploying import commit, git, git_pack, names_in, write_rule
from tests.unit.app.live.followed import until

from trailcam.app.deploy import git as gits
from trailcam.errors import TrailcamError, WorldError, code
from trailcam.settings.git_pack import GitPack


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    made = tmp_path / "rules"
    write_rule(made / "packs" / "aws")
    commit(made, "first")
    return made


def exported(pack: GitPack, tmp_path: Path, *, name: str = "out") -> Path:
    target = tmp_path / name
    gits.export(
        pack, gits.commit_of(pack, ended=Event()), mirrors=tmp_path / "mirrors", target=target, ended=Event()
    )
    return target


def refused(pack: GitPack, tmp_path: Path) -> tuple[str, str]:
    with pytest.raises(TrailcamError) as caught:
        exported(pack, tmp_path)
    (problem,) = caught.value.problems
    return problem.code, problem.message + problem.hint


def test_branches_tags_commits_and_their_short_forms_are_found(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "--annotate", "v1", "--message", "one")
    git(repository, "tag", "light")
    git(repository, "branch", "team/next")
    write_rule(repository / "packs" / "aws", "Other.Rule")
    second = commit(repository)
    for ref, expected in (
        ("HEAD", second),
        ("main", second),
        ("v1", first),
        ("light", first),
        ("team/next", first),
        ("refs/heads/main", second),
        (first, first),
    ):
        assert gits.commit_of(git_pack(repository, ref=ref), ended=Event()) == expected, ref
    files = {"packs/aws/my_rule.py", "packs/aws/other_rule.py"}
    assert set(names_in(exported(git_pack(repository), tmp_path, name="second"))) == files
    for ref in (first, first[:9], "v1"):
        out = exported(git_pack(repository, ref=ref), tmp_path, name=f"at-{ref}")
        assert names_in(out) == ["packs/aws/my_rule.py"], ref


def test_what_is_not_there_is_told_with_what_is_near(repository: Path, tmp_path: Path) -> None:
    assert refused(git_pack(repository, ref="mains"), tmp_path) == (
        code("no_such_ref"),
        'it has no branch or tag "mains"did you mean "main"?',
    )
    where, told = refused(git_pack(repository, ref="0" * 40), tmp_path)
    assert (where, "holds a commit" in told) == (code("no_such_ref"), True)
    where, told = refused(git_pack(repository, folder="packs/awz"), tmp_path)
    assert where == code("no_such_ref")
    assert 'did you mean "packs/aws"?' in told


def test_a_repository_that_does_not_answer_is_told(tmp_path: Path) -> None:
    where, told = refused(git_pack(tmp_path / "nothing"), tmp_path)
    assert where == code("git_refused")
    assert "git says" in told


def test_a_machine_without_git_is_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorldError) as caught:
        gits.commit_of(git_pack(repository), ended=Event())
    assert caught.value.problems[0].code == code("git_missing")


def test_no_password_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that prints all it is given, and fails."""
    noisy = tmp_path / "bin" / "git"
    noisy.parent.mkdir()
    noisy.write_text('#!/bin/sh\necho "fatal: $* user alice pass s3cret" >&2\nexit 128\n')
    noisy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{noisy.parent}:{os.environ['PATH']}")
    with pytest.raises(WorldError) as caught:
        gits.commit_of(GitPack(url="https://alice:s3cret@git.example.com/r.git"), ended=Event())
    told = str(caught.value)
    assert "git.example.com/r.git" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("why", ["its time is up", "nobody waits any more"])
def test_a_git_that_hangs_is_ended_with_what_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    stuck = tmp_path / "bin" / "git"
    stuck.parent.mkdir()
    stuck.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {tmp_path}/pid\nwait\n")
    stuck.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stuck.parent}:{os.environ['PATH']}")
    ended = Event()
    if why == "its time is up":
        monkeypatch.setattr(gits, "ASK_SECONDS", 0.5)
    else:
        Timer(0.5, ended.set).start()
    with pytest.raises(WorldError) as caught:
        gits.commit_of(GitPack(url="https://git.example.com/r.git"), ended=ended)
    told = "within 0.5 s" if why == "its time is up" else why
    assert told in caught.value.problems[0].message
    state = Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat")
    until(lambda: not state.exists() or state.read_text().split()[2] == "Z")


def test_a_fetch_that_is_ended_in_the_middle_keeps_no_later_one_away(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository's side waits when it should send, and then nobody waits for it any more."""
    pack = git_pack(repository)
    exported(pack, tmp_path, name="first")
    write_rule(repository / "packs" / "aws", "Other.Rule")
    new = commit(repository)
    began = tmp_path / "began"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {began}\nsleep 300\n")
    hook.chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[uploadpack]\n packObjectsHook = {hook}\n")
    ended = Event()
    monkeypatch.setattr(ended, "is_set", began.exists)
    with monkeypatch.context() as waiting, pytest.raises(WorldError, match="nobody waits"):
        waiting.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
        gits.export(pack, new, mirrors=tmp_path / "mirrors", target=tmp_path / "ended", ended=ended)
    assert len(names_in(exported(pack, tmp_path, name="next"))) == 2


def test_a_mirror_that_was_left_half_made_is_made_whole(repository: Path, tmp_path: Path) -> None:
    exported(git_pack(repository), tmp_path, name="first")
    (mirror,) = (tmp_path / "mirrors").glob("*.git")
    shutil.rmtree(mirror / "objects")
    (mirror / "config.lock").touch()
    assert names_in(exported(git_pack(repository), tmp_path, name="next")) == ["packs/aws/my_rule.py"]


def test_a_folder_comes_with_the_helper_folders_above_it_and_nothing_else(
    repository: Path, tmp_path: Path
) -> None:
    (repository / "global_helpers").mkdir()
    (repository / "global_helpers" / "ours.py").write_text("X = 1\n")
    (repository / "docs").mkdir()
    (repository / "docs" / "page.md").write_text("# Page\n")
    (repository / "packs" / "aws" / ".hidden.py").write_text("\n")
    commit(repository)
    out = exported(git_pack(repository, folder="packs/aws"), tmp_path)
    assert names_in(out) == ["global_helpers/ours.py", "packs/aws/my_rule.py"]


def test_files_have_the_bytes_that_were_committed_and_links_stay_in_the_repository(
    repository: Path, tmp_path: Path
) -> None:
    (repository / ".gitattributes").write_text("*.py text eol=crlf filter=shout export-ignore\n")
    (repository / "same.py").symlink_to("packs/aws/my_rule.py")
    (repository / "passwords").symlink_to("/etc/passwd")
    (repository / "deep").symlink_to("packs/aws")
    (repository / "packs" / "out").symlink_to("../deep/../../../secret")
    (tmp_path / "secret").write_text("s3cret")
    commit(repository)
    out = exported(git_pack(repository), tmp_path)
    assert names_in(out) == ["deep", "packs/aws/my_rule.py", "same.py"]
    assert (out / "same.py").read_bytes() == (repository / "packs" / "aws" / "my_rule.py").read_bytes()


def test_nothing_of_a_repository_is_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks of the user's own templates and settings, and a hook that runs us with variables of its own."""
    ran = tmp_path / "ran"
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("reference-transaction", "post-checkout", "post-merge", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        (hooks / name).chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n hooksPath = {hooks}\n[init]\n templateDir = {hooks.parent}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects of a push"))
    assert names_in(exported(git_pack(repository), tmp_path)) == ["packs/aws/my_rule.py"]
    assert not ran.exists()
    assert not (tmp_path / "objects of a push").exists()


def test_a_submodule_is_left_out(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_rule(other)
    commit(other)
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "sub")
    commit(repository)
    assert names_in(exported(git_pack(repository), tmp_path)) == ["packs/aws/my_rule.py"]


def test_a_moved_branch_is_fetched_anew_and_a_rewritten_one_too(repository: Path, tmp_path: Path) -> None:
    assert names_in(exported(git_pack(repository), tmp_path, name="a")) == ["packs/aws/my_rule.py"]
    write_rule(repository / "packs" / "aws", "Second.Rule")
    commit(repository)
    assert len(names_in(exported(git_pack(repository), tmp_path, name="b"))) == 2
    git(repository, "reset", "--hard", "HEAD~1")
    write_rule(repository / "packs" / "aws", "Third.Rule")
    commit(repository)
    assert "packs/aws/third_rule.py" in names_in(exported(git_pack(repository), tmp_path, name="c"))
    mirrors = [path for path in (tmp_path / "mirrors").iterdir() if path.is_dir()]
    assert len(mirrors) == 1
    assert stat.S_IMODE((tmp_path / "mirrors").stat().st_mode) == 0o700


def test_a_repository_of_too_many_files_is_refused(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rule(repository / "packs" / "aws", "Second.Rule")
    commit(repository)
    monkeypatch.setattr(gits, "MOST_FILES", 1)
    assert refused(git_pack(repository), tmp_path)[0] == code("pack_too_large")
