"""Nothing under the AGPL is locked, installed or imported; what goes by such a name in `src` is our own.

`panther_core` is under the AGPL. Rules import it by that name, and find the modules in `rules/compat`.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from email.message import Message
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from tests.docs.checkout import files_of_the_project
from tests.docs.markdown import ROOT

AGPL = re.compile(r"\bAGPL|\bAffero\b", re.IGNORECASE)
PANTHERS_OWN = re.compile(r"(py)?panther(-core|-analysis|-analysis-tool)?")
"""Distributions that are under the AGPL, and those that bring one which is."""

LOCKED = {
    package["name"]
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    if package["name"] != "trailcam"
}
INSTALLED = {found.metadata["Name"]: found for found in distributions()}

SHIM = Path("src/trailcam/rules/compat")
SOURCES = [path for path in files_of_the_project() if path.suffix == ".py" and path.parts[0] == "src"]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(metadata: Message) -> list[str]:
    """What a package says of its licence. Of a whole text the heading: that of the GPL names the AGPL too."""
    free = str(metadata.get("License", "")).strip().splitlines()[:2]
    classifiers = [str(line) for line in metadata.get_all("Classifier", []) if "License ::" in line]
    return [str(metadata.get("License-Expression", "")), *free, *classifiers]


def headings(distribution: Distribution) -> Iterator[str]:
    """The first lines of the licences that a package comes with."""
    for file in distribution.files or ():
        if re.match(r"(LICEN[CS]E|COPYING)", file.name, re.IGNORECASE) and file.suffix != ".py":
            path = Path(str(distribution.locate_file(file)))
            if path.is_file():
                yield " ".join(path.read_text(encoding="utf-8", errors="replace").split()[:8])


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file imports: by statement, or by a call that is given a name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__"}:
                found.add(str(node.args[0].value))
    return {name.partition(".")[0] for name in found}


def test_no_package_under_the_agpl_is_locked() -> None:
    assert [name for name in LOCKED if PANTHERS_OWN.fullmatch(name)] == []


def test_no_package_under_the_agpl_is_installed_beside_trailcam() -> None:
    assert [name for name in INSTALLED if PANTHERS_OWN.fullmatch(plain(name))] == []


def test_enough_of_what_is_locked_is_installed_to_be_looked_at() -> None:
    there = LOCKED & {plain(name) for name in INSTALLED}
    assert len(there) > len(LOCKED) / 2, sorted(LOCKED - there)


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_no_installed_package_says_that_it_is_under_the_agpl(name: str) -> None:
    said = [*declared(INSTALLED[name].metadata), *headings(INSTALLED[name])]  # type: ignore[arg-type]  # it is a message
    assert [line for line in said if AGPL.search(line)] == []


def test_only_the_modules_for_rules_speak_of_panther_core() -> None:
    those = {
        path for path in SOURCES if "panther_core" in imported(ast.parse((ROOT / path).read_text("utf-8")))
    }
    assert [str(path) for path in those if not path.is_relative_to(SHIM)] == []


def test_such_things_would_be_found() -> None:
    metadata = Message()
    metadata["Classifier"] = "License :: OSI Approved :: GNU Affero General Public License v3"
    assert any(AGPL.search(line) for line in declared(metadata))
    for written in ("AGPL-3.0-only", "GNU AFFERO GENERAL PUBLIC LICENSE Version 3"):
        assert AGPL.search(written)
    assert not AGPL.search("LGPL-2.1-only")
    assert PANTHERS_OWN.fullmatch("panther-core") and PANTHERS_OWN.fullmatch("pypanther")
    for line in ("import panther_core.x as y", "from panther_core import A", "import_module('panther_core')"):
        assert imported(ast.parse(line)) == {"panther_core"}
    assert imported(ast.parse("from trailcam.rules.compat import x")) == {"trailcam"}
