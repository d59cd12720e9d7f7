"""The folder of a simulation: what is not ours is neither mixed with it nor removed."""

from pathlib import Path

import pytest
from tests.unit.testing.simulated import digest

from trailcam.errors import TrailcamError
from trailcam.testing.simulator import simulate


def codes(folder: Path, *, force: bool = False) -> list[str]:
    with pytest.raises(TrailcamError) as refused:
        simulate(folder, events=50, force=force)
    return [problem.code for problem in refused.value.problems]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["notes.txt", "AWSLogs/222233334444/CloudTrail/x.json", "AWSLogs/mine.json"])
def test_a_folder_with_other_things_is_refused_and_left_as_it_is(
    tmp_path: Path, name: str, force: bool
) -> None:
    simulate(tmp_path, events=20)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    before = digest(tmp_path)
    assert codes(tmp_path, force=force) == ["TC0901"]
    assert digest(tmp_path) == before


def test_an_earlier_simulation_stays_unless_force_replaces_it(tmp_path: Path) -> None:
    simulate(tmp_path, events=20, seed=5)
    before = digest(tmp_path)
    assert codes(tmp_path) == ["TC0902"]
    assert digest(tmp_path) == before
    simulate(tmp_path, events=20, seed=6, force=True)
    simulate(tmp_path.parent / "alone", events=20, seed=6)
    assert digest(tmp_path) == digest(tmp_path.parent / "alone")


def test_a_simulation_that_was_cut_short_can_be_replaced(tmp_path: Path) -> None:
    simulate(tmp_path, events=20)
    (tmp_path / "stories.json").unlink()
    simulate(tmp_path, events=20, force=True)
    assert (tmp_path / "stories.json").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    simulate(elsewhere, events=20)
    (tmp_path / "simulated").mkdir()
    (tmp_path / "simulated" / "AWSLogs").symlink_to(elsewhere / "AWSLogs")
    assert codes(tmp_path / "simulated", force=True) == ["TC0901"]
    assert list(elsewhere.rglob("*.gz"))


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert codes(tmp_path / "file", force=True) == ["TC0901"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert simulate(tmp_path, events=20).files


def test_a_link_that_leads_nowhere_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(TrailcamError, match="what is there is not a folder"):
        simulate(tmp_path / "link", events=50, force=True)
