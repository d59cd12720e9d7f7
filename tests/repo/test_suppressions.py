"""What is switched off, ignored or pinned carries its reason on the line."""

import re
from pathlib import Path

import pytest
from tests.docs.checkout import files_of_the_project
from tests.docs.markdown import ROOT

_SUPPRESSION = re.compile(
    r"#\s*(noqa\b(?::\s*[A-Z0-9, ]+?)?|type: ignore(?:\[[\w, -]+\])?)(?=\s*$|\s+(?:#|-)|\s)(.*)$"
)
_REASON = re.compile(r"\s*(#|-)\s+\S+(\s+\S+)+")

PYTHON = [path for path in files_of_the_project() if path.suffix == ".py"]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def without_reason(text: str) -> list[int]:
    """Lines that suppress something and do not say why; lines in a run share the reason of the first."""
    found: list[int] = []
    run = ""
    for number, line in enumerate(text.splitlines(), start=1):
        suppression = _SUPPRESSION.search(line)
        if suppression is None:
            run = ""
        elif _REASON.match(suppression[2]):
            run = suppression[1]
        elif suppression[1] != run:
            found.append(number)
    return found


@pytest.mark.parametrize("path", PYTHON, ids=str)
def test_every_suppression_says_why(path: Path) -> None:
    assert without_reason((ROOT / path).read_text(encoding="utf-8")) == []


def test_a_suppression_without_a_reason_is_found() -> None:
    no, ignore = "# no" + "qa", "# type: " + "ignore"
    assert without_reason(f"import a  {no}\n") == [1]
    assert without_reason(f"import a  {no}: F401\n") == [1]
    assert without_reason(f"import a  {no}: F401  # why it is so\n") == []
    assert without_reason(f"import a  {no}: F401 - why it is so\n") == []
    assert without_reason(f"import a  {no}: F401  # why it is so\nimport b  {no}: F401\n") == []
    assert without_reason(f"import a  {no}: F401  # why it is so\n\nimport b  {no}: F401\n") == [3]
    assert without_reason(f"import a  {no}: F401  # why it is so\nimport b  {no}: E501\n") == [2]
    assert without_reason(f"x = 1  {ignore}[misc]\n") == [1]
    assert without_reason(f"x = 1  {ignore}[misc]  # why it is so\n") == []


def test_every_dependency_at_run_time_says_what_it_is_for() -> None:
    block = re.findall(r"^dependencies = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)[0]
    assert block
    assert [line for line in block.splitlines() if not re.search(r'",\s+# \S+', line)] == []


def test_every_pin_says_why() -> None:
    pinned = [line for line in PYPROJECT.splitlines() if re.search(r'^\s*"[\w.\[\]-]+.*(==|<|~=|!=)', line)]
    assert [line for line in pinned if "# " not in line] == []


def test_every_rule_of_the_linter_that_is_switched_off_says_why() -> None:
    block = re.findall(r"^ignore = \[\n(.*?)^\]", PYPROJECT, re.MULTILINE | re.DOTALL)[0]
    assert [line for line in block.splitlines() if not re.search(r'",\s+# \S+', line)] == []
    per_file = re.findall(r'^"[^"]+" = \[[^\]]*\].*$', PYPROJECT, re.MULTILINE)
    assert per_file
