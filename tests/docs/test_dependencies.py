"""The page of dependencies names every package of the lock file, with the licence that it has."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata

import pytest
from tests.docs.markdown import ROOT, section, text_of

PAGE = text_of(ROOT / "docs" / "reference" / "dependencies.md")
ROWS = {
    re.sub(r"[-_.]+", "-", name.lower()): (licence, why)
    for name, licence, why in re.findall(r"^\| (\w[\w.-]*) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRA = PROJECT["project"]["optional-dependencies"]["panther"]
LOCKED = [
    package["name"]
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    if package["name"] != "trailcam"
]


OURSELVES = {PROJECT["project"]["name"]}
"""What development needs is also an extra of the package itself."""


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in requirements}


@pytest.mark.parametrize("package", LOCKED)
def test_every_package_of_the_lock_file_has_its_row(package: str) -> None:
    assert package in ROWS


def test_what_the_project_asks_for_stands_under_its_heading() -> None:
    for heading, requirements in (
        ("At run time", PROJECT["project"]["dependencies"]),
        ("For rules of panther-analysis", EXTRA),
        ("For development", PROJECT["dependency-groups"]["dev"]),
        ("Servers for tests", PROJECT["dependency-groups"]["servers"]),
        ("To build", PROJECT["build-system"]["requires"]),
    ):
        text = section(PAGE, heading).partition("They bring along")[0]
        assert [name for name in names(requirements) - OURSELVES if f"| {name} |" not in text] == []


def test_no_row_is_left_of_a_package_that_is_gone() -> None:
    built = {"uv", *names(PROJECT["build-system"]["requires"])}
    assert set(ROWS) - {"package"} - set(LOCKED) - built == set()


@pytest.mark.parametrize("package", LOCKED)
def test_a_licence_is_the_one_that_the_package_declares(package: str) -> None:
    try:
        declared = metadata(package).json.get("license_expression")
    except PackageNotFoundError:  # one for another system
        return
    if declared:
        assert ROWS[package][0] == declared


def test_no_licence_asks_for_more_than_the_project_can_give() -> None:
    assert [name for name, (licence, _) in ROWS.items() if "AGPL" in licence] == []
