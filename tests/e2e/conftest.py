"""Every test of the command line has a home of its own; some share a tree of logs, and what a run keeps of it."""

from pathlib import Path
from typing import Any

import pytest
from tests.kept import everything, write_rules, write_tree
from tests.support import trailcam


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("TRAILCAM_HOME", str(made / ".trailcam"))
    return made / ".trailcam"


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `logs` and `rules`."""
    folder = tmp_path_factory.mktemp("tree")
    write_tree(folder / "logs", objects=60)
    write_rules(folder / "rules")
    return folder


@pytest.fixture(scope="session")
def undisturbed(tree: Path) -> dict[str, Any]:
    """What a home holds after one run over the tree that nothing disturbed."""
    done = trailcam("run", tree / "logs", "--packs", tree / "rules", "--home", tree / "undisturbed")
    assert done.returncode == 1, done.stderr  # a rule fails on some events
    return everything(tree / "undisturbed")
