"""Copies of pack folders: rules find in them what they find in the original."""

import os
from pathlib import Path

import pytest
from tests.deploying import names_in, write_rule

from trailcam.app.deploy import folders
from trailcam.app.load import load
from trailcam.errors import TrailcamError, code
from trailcam.rules.versions import rule_versions


def copy(*packs: Path, to: Path) -> list[Path]:
    made = folders.copied(packs, to, home=to / "home", pause=lambda _: None)
    return [made[pack] for pack in packs]


def refused(*packs: Path, to: Path) -> list[str]:
    with pytest.raises(TrailcamError) as caught:
        copy(*packs, to=to)
    return [problem.code for problem in caught.value.problems]


def versions(*packs: Path) -> dict[str, str]:
    loaded = load(packs=packs)
    return rule_versions(loaded.packs, loaded.rules, loaded.log_types)


def test_a_copy_holds_what_rules_may_use_and_nothing_else(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_rule(pack)
    (pack / "data.json").write_text("{}")
    (pack / "helpers").mkdir()
    for left_out in (".git/config", ".hidden.py", "__pycache__/x.pyc", "venv/pyvenv.cfg", "venv/lib/x.py"):
        (pack / left_out).parent.mkdir(exist_ok=True, parents=True)
        (pack / left_out).write_text("x")
    (made,) = copy(pack, to=tmp_path / "copy")
    assert [name for name in names_in(made) if name != ".git"] == ["data.json", "my_rule.py"]
    assert (made / ".git").is_file()
    assert (made / "helpers").is_dir()
    assert made.name == pack.name


def test_versions_of_rules_are_those_of_the_original_wherever_the_copy_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "repository"
    pack = repository / "detections"
    write_rule(pack, top="import ours, a_module, z_module, alias, local")
    (repository / ".git").mkdir()
    for name in ("helpers/ours.py", "detections/local.py", "detections/z_module.py", "helpers/a_module.py"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(f"NAME = {name!r}\n")
    (repository / "helpers" / "alias.py").symlink_to("ours.py")
    (repository / "helpers" / ".venv").mkdir()
    (repository / "helpers" / ".venv" / "x.py").write_text("\n")
    copies = [copy(pack, to=tmp_path / name)[0] for name in ("a", "z/deeper")]
    monkeypatch.chdir(repository)
    assert versions(Path("detections")) == versions(pack) == versions(copies[0]) == versions(copies[1])
    (repository / "helpers" / "alias.py").unlink()
    (repository / "helpers" / "alias.py").symlink_to("a_module.py")
    assert versions(pack) != versions(copies[0])


def test_no_helper_of_a_folder_above_the_copy_is_picked_up(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_rule(pack)
    (pack / ".git").mkdir()
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "not_ours.py").write_text("X = 1\n")
    beside = tmp_path / "beside"
    write_rule(beside, "Beside.Rule")
    made, other = copy(pack, beside, to=tmp_path / "copy")
    assert load(packs=[pack]).packs[0].helper_paths == load(packs=[made]).packs[0].helper_paths == ()
    assert [path.name for path in load(packs=[other]).packs[0].helper_paths] == ["helpers"]
    (found,) = load(packs=[other]).packs[0].helper_paths
    assert found.is_relative_to(tmp_path / "copy")


def test_links_lead_to_copies(tmp_path: Path) -> None:
    pack, outside = tmp_path / "pack", tmp_path / "outside"
    write_rule(pack, "In.Rule")
    write_rule(outside / "more", "Out.Rule")
    (pack / "again.py").symlink_to("in_rule.py")
    (pack / "linked").symlink_to(outside / "more")
    (pack / "linked_twice").symlink_to("linked")
    (pack / "nothing.py").symlink_to("not there")
    (pack / "circle.py").symlink_to("circle.py")
    (made,) = copy(pack, to=tmp_path / "copy")
    assert all(path.resolve().is_relative_to(tmp_path / "copy") for path in made.rglob("*") if path.exists())
    assert (made / "linked" / "out_rule.py").read_bytes() == (outside / "more" / "out_rule.py").read_bytes()
    assert (made / "linked_twice").resolve() == made / "linked"
    for dangling in ("nothing.py", "circle.py"):
        assert (made / dangling).is_symlink() and not (made / dangling).exists()
        (made / dangling).unlink()
        (pack / dangling).unlink()
    assert versions(pack) == versions(made)
    assert set(versions(made)) == {"In.Rule", "Out.Rule"}


def test_packs_that_lie_in_each_other_or_lead_to_each_other_are_what_they_were(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_rule(pack / "inner", "Inner.Rule")
    write_rule(pack, "Outer.Rule")
    other = tmp_path / "other"
    write_rule(other, "Other.Rule")
    (other / "linked.py").symlink_to(pack / "outer_rule.py")
    (other / "linked").symlink_to(pack / "inner")
    for packs in ([pack / "inner", pack, other], [other, pack, pack / "inner"], [pack, pack]):
        copies = copy(*packs, to=tmp_path / f"copy{len(list(tmp_path.iterdir()))}")
        assert versions(*copies) == versions(*packs)


def test_a_pack_that_is_one_file_comes_with_its_folder(tmp_path: Path) -> None:
    path = write_rule(tmp_path / "pack", top="import beside")
    (tmp_path / "pack" / "beside.py").write_text("X = 1\n")
    (made,) = copy(path, to=tmp_path / "copy")
    assert made.is_file()
    assert versions(made) == versions(path)


def test_the_home_is_no_part_of_a_pack_it_lies_in(tmp_path: Path) -> None:
    write_rule(tmp_path / "pack")
    home = tmp_path / "pack" / "kept"
    (home / "lake").mkdir(parents=True)
    (home / "lake" / "large.py").write_text("x")
    before = folders.fingerprint([tmp_path / "pack"], home=home)
    made = folders.copied([tmp_path / "pack"], home / "packs" / "new", home=home)
    assert [name for name in names_in(made[tmp_path / "pack"]) if name != ".git"] == ["my_rule.py"]
    (home / "lake" / "more.py").write_text("x")
    assert folders.fingerprint([tmp_path / "pack"], home=home) == before


def test_a_fingerprint_tells_of_every_change_and_of_nothing_else(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    rule = write_rule(pack)
    (pack / "helpers").mkdir()
    (pack / "link.py").symlink_to("my_rule.py")
    seen = [folders.fingerprint([pack], home=tmp_path / "home")]

    def changed() -> bool:
        seen.append(folders.fingerprint([pack], home=tmp_path / "home"))
        return seen[-1] != seen[-2]

    assert not changed()
    rule.read_bytes()
    assert not changed()
    times = rule.stat().st_atime_ns, rule.stat().st_mtime_ns
    rule.write_bytes(rule.read_bytes()[::-1])  # as long as it was, and with the time that it had
    os.utime(rule, ns=times)
    assert changed()
    (pack / "helpers" / "new.py").write_text("")
    assert changed()
    (pack / "helpers" / "new.py").rename(pack / "helpers" / "renamed.py")
    assert changed()
    (pack / "link.py").unlink()
    (pack / "link.py").symlink_to("helpers/renamed.py")
    assert changed()
    rule.unlink()
    assert changed()
    assert folders.fingerprint([tmp_path / "gone"], home=tmp_path / "home") != seen[-1]


def test_a_folder_that_changes_while_it_is_copied_is_copied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "pack"
    rule = write_rule(pack)
    changes = iter([True, True, False])
    copying = folders._copied

    def changing(*arguments: object) -> object:
        made = copying(*arguments)  # type: ignore[arg-type]  # as it was called
        if next(changes, False):
            rule.write_text(rule.read_text() + "# more\n")
        return made

    monkeypatch.setattr(folders, "_copied", changing)
    (made,) = copy(pack, to=tmp_path / "copy")
    assert (made / "my_rule.py").read_text() == rule.read_text()
    assert rule.read_text().count("# more") == 2


def test_a_folder_that_never_rests_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "pack"
    rule = write_rule(pack)
    copying = folders._copied

    def changing(*arguments: object) -> object:
        made = copying(*arguments)  # type: ignore[arg-type]  # as it was called
        rule.write_text(rule.read_text() + "# more\n")
        return made

    monkeypatch.setattr(folders, "_copied", changing)
    assert refused(pack, to=tmp_path / "copy") == [code("pack_changing")]
    assert not (tmp_path / "copy").exists()


def test_packs_that_are_not_there_are_all_told(tmp_path: Path) -> None:
    assert refused(tmp_path / "a", tmp_path / "b", to=tmp_path / "copy") == [code("path_not_found")] * 2


def test_what_is_too_large_for_rules_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "pack"
    write_rule(pack)
    (pack / "more.txt").write_text("x" * 1_000)
    monkeypatch.setattr(folders, "MOST_FILES", 1)
    assert refused(pack, to=tmp_path / "copy") == [code("pack_too_large")]
    monkeypatch.setattr(folders, "MOST_FILES", 10)
    monkeypatch.setattr(folders, "MOST_BYTES", 1_000)
    assert refused(pack, to=tmp_path / "copy") == [code("pack_too_large")]


def test_a_pipe_is_no_file_of_a_pack(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_rule(pack)
    os.mkfifo(pack / "pipe")
    (pack / "piped.txt").symlink_to("pipe")
    (made,) = copy(pack, to=tmp_path / "copy")
    assert {"my_rule.py"} <= set(names_in(made)) <= {"my_rule.py", ".git", "piped.txt"}
