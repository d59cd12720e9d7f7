"""The public rule repository that Panther publishes, loaded and tested as it lies.

It is read where it lies, and none of it is kept here. `TRAILCAM_PANTHER_ANALYSIS` names a checkout.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support import trailcam

FOLDER = Path(os.environ.get("TRAILCAM_PANTHER_ANALYSIS") or "/nowhere")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="TRAILCAM_PANTHER_ANALYSIS names no checkout"),
]


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[dict[str, Any]], str]:
    """(exit code, a row for each test, what was said) of `trailcam test` over the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRAILCAM_")}
    done = trailcam(
        "test", FOLDER, "--format", "jsonl", cwd=tmp_path_factory.mktemp("empty"), env=environment
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def written(folder: Path) -> Counter[str]:
    """How many tests the files of a checkout hold, by the id of their rule: read by nothing of Trailcam."""
    import yaml

    found: Counter[str] = Counter()
    for file in folder.rglob("*.y*ml"):
        inside = file.relative_to(folder)
        if inside.parts[0] == "templates" or any(part.startswith(".") for part in inside.parts):
            continue
        text = file.read_text(encoding="utf-8")
        document = yaml.load(text, yaml.CSafeLoader) if "AnalysisType" in text else None
        if isinstance(document, dict) and isinstance(document.get("Tests"), list):
            name = document.get("RuleID") or document.get("PolicyID")
            found[str(name)] += len(document["Tests"])
    return found


def test_every_inline_test_of_the_public_repository_passes(
    tested: tuple[int, list[dict[str, Any]], str],
) -> None:
    exit_code, rows, said = tested
    assert [(row["rule_id"], row["test"], row["reason"]) for row in rows if not row["passed"]] == []
    assert exit_code == 0, said[-2_000:]


def test_every_inline_test_that_its_files_hold_is_run(tested: tuple[int, list[dict[str, Any]], str]) -> None:
    ran = Counter(row["rule_id"] for row in tested[1] if row["test"] is not None)
    expected = written(FOLDER)
    assert expected.total() > 3_000
    assert {name: (ran[name], number) for name, number in expected.items() if ran[name] != number} == {}
