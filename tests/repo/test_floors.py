"""The floors are written down, and say of every room where it stands."""

import re
import tomllib
from pathlib import Path
from typing import Any

from tests.docs.markdown import ROOT, section, text_of

HOUSE = ROOT / "src" / "trailcam"
LINTER: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]
LAYERS: list[dict[str, Any]] = [contract for contract in LINTER["contracts"] if contract["type"] == "layers"]
TABLE = section(text_of(ROOT / "CONTRIBUTING.md"), "The house")


def rooms() -> set[str]:
    return {path.parent.name for path in HOUSE.glob("*/__init__.py")}


def modules() -> set[str]:
    return {path.stem for path in HOUSE.glob("*.py")} - {"__init__"}


def floors() -> list[set[str]]:
    (contract,) = LAYERS
    return [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]


def test_one_contract_holds_the_floors_of_the_whole_house() -> None:
    (contract,) = LAYERS
    assert contract["containers"] == ["trailcam"]
    assert contract["exhaustive"] is True


def test_every_room_and_module_stands_on_one_floor() -> None:
    placed = [name for floor in floors() for name in floor]
    assert len(placed) == len(set(placed))
    assert set(placed) == rooms() | modules() - {"__main__"}


def test_the_floors_are_those_that_the_page_for_contributors_shows() -> None:
    shown = {room: int(floor) for floor, room in re.findall(r"^\| (\d) \| `(\w+)` \|", TABLE, re.MULTILINE)}
    assert set(shown) == rooms()
    heights = {name: len(floors()) - 1 - height for height, floor in enumerate(floors()) for name in floor}
    assert {room: heights[room] for room in shown} == shown


def test_the_page_for_contributors_names_the_modules_beside_the_rooms() -> None:
    sentence = next(line for line in TABLE.splitlines() if line.startswith("Beside the rooms"))
    assert set(re.findall(r"`(\w+)`", sentence)) == modules()


def test_the_nouns_import_nothing_of_trailcam_but_nouns() -> None:
    for path in sorted(Path(HOUSE, "model").glob("*.py")):
        for room in re.findall(
            r"^from trailcam\.(\w+)|^import trailcam\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert "".join(room) == "model", path
