"""Snapshots: what was tested is what runs, and what is gone back to is what ran."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploying import commit, git_pack, settings_of, write_rule

from trailcam.app.deploy import snapshot
from trailcam.app.load import load
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.settings.schema import Settings

ID = "01KAV70000000000000000000A"
OTHER = "01KAV70000000000000000000B"


def take(settings: Settings, snapshot_id: str = ID) -> snapshot.Snapshot:
    return snapshot.take(settings, home=settings.home, snapshot_id=snapshot_id)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_rule(tmp_path / "pack")
    return settings_of(tmp_path / "pack", home=tmp_path / "home")


def test_a_snapshot_is_kept_with_the_values_that_rules_were_given(settings: Settings) -> None:
    settings = replace(settings, rules={"My.Rule": {"level": 3}})
    taken = take(settings)
    assert snapshot.kept(settings.home, ID) == taken
    (pack,) = taken.settings(settings).packs
    assert isinstance(pack, Path) and pack.is_relative_to(settings.home / "packs" / ID)
    assert taken.settings(Settings()).rules == {"My.Rule": {"level": 3}}
    assert taken.sources == tuple(map(str, settings.packs))


def test_a_snapshot_is_known_by_every_byte_and_value_and_by_nothing_else(
    settings: Settings, tmp_path: Path
) -> None:
    first = take(settings)
    assert take(settings, OTHER).content == first.content

    def again(changed: Settings) -> str:
        snapshot.remove(settings.home, OTHER)
        return take(changed, OTHER).content

    seen = {first.content, again(replace(settings, rules={"My.Rule": {"level": 3}}))}
    write_rule(tmp_path / "pack", top="# a comment")
    seen.add(again(settings))
    (tmp_path / "pack" / "data.json").write_text("{}")
    seen.add(again(settings))
    write_rule(tmp_path / "more", "More.Rule")
    seen.add(again(settings_of(*settings.packs, tmp_path / "more", home=settings.home)))
    assert len(seen) == 5


@pytest.mark.parametrize("harm", ["changed", "added", "gone", "no word of it"])
def test_a_snapshot_that_is_not_as_it_was_is_refused(settings: Settings, harm: str) -> None:
    taken = take(settings)
    pack = taken.folder / taken.packs[0]
    if harm == "changed":
        (pack / "my_rule.py").write_text("print()\n")
    elif harm == "added":
        (pack / "more.py").write_text("print()\n")
    elif harm == "gone":
        (pack / "my_rule.py").unlink()
    else:
        (taken.folder / "snapshot.json").write_text("{}")
    with pytest.raises(WorldError) as caught:
        snapshot.kept(settings.home, ID)
    assert caught.value.problems[0].code == code("snapshot_damaged")


def test_what_python_leaves_beside_modules_is_no_harm(settings: Settings) -> None:
    taken = take(settings)
    cache = taken.folder / taken.packs[0] / "__pycache__"
    cache.mkdir()
    (cache / "x.pyc").write_bytes(b"x")
    assert snapshot.kept(settings.home, ID) == taken


def test_problems_name_what_a_person_knows(settings: Settings, tmp_path: Path) -> None:
    write_rule(tmp_path / "pack", "Other.Rule").write_text("def\n")
    write_rule(tmp_path / "elsewhere").rename(tmp_path / "pack" / "twice.py")
    taken = take(settings)
    with pytest.raises(TrailcamError) as caught:
        load(settings=taken.settings(settings))
    told = taken.told(caught.value.problems)
    assert {str(problem.path) for problem in told} == {
        str(tmp_path / "pack" / name) for name in ("other_rule.py", "twice.py")
    }
    assert not any(ID in problem.render() for problem in told)
    assert any(f"also that of {tmp_path}/pack/my_rule.py:" in problem.message for problem in told)


def test_packs_are_told_as_they_were_named_and_no_other_is_taken_for_them(
    settings: Settings, tmp_path: Path
) -> None:
    current = tmp_path / "current"
    current.symlink_to("pack")
    taken = take(settings_of(current, home=settings.home))
    inside = taken.folder / taken.packs[0]
    paths = [f"{inside}/x.py", f"{inside}2/x.py", f"{inside}.more/x.py"]
    told = taken.told(Problem(code=code("rule_syntax"), message=f"see {path}", path=path) for path in paths)
    named = [f"{current}/x.py", f"{tmp_path}/pack2/x.py", f"{tmp_path}/pack.more/x.py"]
    assert [problem.path for problem in told] == named
    assert [problem.message for problem in told] == [f"see {name}" for name in named]


def test_packs_from_git_are_told_with_their_commit_and_known_without_it(tmp_path: Path) -> None:
    repository = tmp_path / "rules"
    broken = write_rule(repository / "aws")
    first = commit(repository)
    settings = settings_of(git_pack(repository, ref="main", folder="aws"), home=tmp_path / "home")
    taken = take(settings)
    assert taken.sources == (f"git+file://{repository}@main#subdirectory=aws ({first[:12]})",)
    (repository / "README.md").write_text("# Rules\n")
    commit(repository)
    assert take(settings, OTHER).content == taken.content
    broken.write_text("def\n")
    last = commit(repository)
    snapshot.remove(settings.home, OTHER)
    taken = take(settings, OTHER)
    with pytest.raises(TrailcamError) as caught:
        load(settings=taken.settings(settings))
    (told,) = taken.told(caught.value.problems)
    assert told.path == f"file://{repository}@{last[:12]}/aws/my_rule.py"


def test_no_helper_above_a_repository_is_picked_up(tmp_path: Path) -> None:
    """The home may lie where helpers of others do."""
    repository = tmp_path / "rules"
    write_rule(repository)
    commit(repository)
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "not_ours.py").write_text("X = 1\n")
    settings = settings_of(git_pack(repository), home=tmp_path / "home")
    loaded = load(settings=take(settings).settings(settings))
    assert loaded.packs[0].helper_paths == ()
    assert loaded.packs[0].name == "rules"


def test_every_pack_that_cannot_be_had_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    settings = settings_of(
        git_pack(tmp_path / "a"), tmp_path / "b", git_pack(tmp_path / "c"), home=tmp_path / "home"
    )
    with pytest.raises(WorldError) as caught:
        take(settings)
    assert [problem.code for problem in caught.value.problems] == [
        code("git_refused"),
        code("git_refused"),
        code("path_not_found"),
    ]
    assert list(snapshot.names(settings.home)) == []


def test_packs_that_trailcam_brings_are_copied_too(tmp_path: Path) -> None:
    settings = settings_of(Path("aws_top5"), home=tmp_path / "home")
    taken = take(settings)
    assert taken.sources == ("aws_top5",)
    (pack,) = load(settings=taken.settings(settings)).packs
    assert pack.name == "aws_top5"
    assert pack.root.is_relative_to(taken.folder)


def test_folders_of_others_beside_snapshots_are_none(settings: Settings, tmp_path: Path) -> None:
    take(settings)
    place = snapshot.packs_folder(settings.home)
    for name in ("detections", "git", f".new-{OTHER}", ".new-x"):
        (place / name).mkdir()
    assert sorted(snapshot.names(settings.home)) == [f".new-{OTHER}", ID]


def test_a_fingerprint_follows_settings_of_rules_and_commits(settings: Settings, tmp_path: Path) -> None:
    def seen(of: Settings, commits: Any = None) -> str:
        return snapshot.fingerprint(of, commits or {}, home=settings.home)

    assert seen(settings) == seen(settings)
    assert seen(settings) != seen(replace(settings, rules={"My.Rule": {"level": 3}}))
    pack = git_pack(tmp_path / "rules")
    both = replace(settings, packs=(*settings.packs, pack))
    assert len({seen(settings), seen(both, {pack: "a"}), seen(both, {pack: "b"})}) == 3
