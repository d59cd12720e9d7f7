"""What no file of the project may hold, and what every module must."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from tests.docs.checkout import files_of_the_project
from tests.docs.markdown import ROOT

FILES = files_of_the_project()
SOURCES = [path for path in FILES if path.suffix == ".py" and path.parts[0] == "src"]
LOCK = Path("uv.lock")

MACHINE_PATHS = re.compile(r"(?<![\w./])/(?:root|work|home/\w+|Users)/")
INDEX_HOSTS = re.compile("|".join(map(re.escape, ("pypi" + ".org", "python" + "hosted"))))
AUTHORS = re.compile(r"\b(?:A" + r"I|LL" + r"M|chat" + r"bot|language mo" + r"del)\b")
SECRETS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA(?!\w*EXAMPLE)[A-Z0-9]{16}\b|\bghp_\w{30,}")
LARGEST_BYTES = 500_000


def text(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def holding(pattern: re.Pattern[str], *, but: tuple[Path, ...] = ()) -> list[str]:
    """Places of a pattern, as file:line."""
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in FILES
        if path not in but
        for number, line in enumerate(text(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert holding(MACHINE_PATHS) == []


def test_no_file_but_the_lock_file_names_a_package_index() -> None:
    assert holding(INDEX_HOSTS, but=(LOCK,)) == []


def test_the_lock_file_names_the_public_index_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", text(LOCK)))
    assert all(INDEX_HOSTS.search(host) for host in hosts), hosts


def test_the_project_speaks_of_itself_alone() -> None:
    assert holding(AUTHORS) == []


def test_no_file_holds_a_key_that_could_be_real() -> None:
    assert holding(SECRETS) == []


def test_such_things_would_be_found() -> None:
    assert MACHINE_PATHS.search("see /" + "root/x") and not MACHINE_PATHS.search("https://a.example/home/x/")
    assert SECRETS.search("AKIA" + "Z" * 16) and not SECRETS.search("AKIAIOSFODNN7EXAMPLE")
    assert AUTHORS.search("by A" + "I") and not AUTHORS.search("AIM")


def test_every_file_is_text_in_utf_8_with_a_line_end_at_its_end() -> None:
    for path in FILES:
        data = (ROOT / path).read_bytes()
        assert b"\r" not in data, path
        assert not data or data.endswith(b"\n") or path.parts[:2] == ("tests", "shared"), path


def test_no_file_is_large() -> None:
    written = [path for path in FILES if path != LOCK]  # which no hand writes
    assert [str(path) for path in written if (ROOT / path).stat().st_size > LARGEST_BYTES] == []


def test_the_licence_is_the_apache_licence_and_the_project_says_so() -> None:
    beginning = text(Path("LICENSE")).split()[:7]
    assert beginning == [
        "Apache",
        "License",
        "Version",
        "2.0,",
        "January",
        "2004",
        "http://www.apache.org/licenses/",
    ]
    assert tomllib.loads(text(Path("pyproject.toml")))["project"]["license"] == "Apache-2.0"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_every_module_begins_with_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(text(path)))
