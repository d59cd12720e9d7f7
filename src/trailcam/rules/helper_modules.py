"""Helper modules of packs: Python files that are no rules and that rules import by name."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trailcam.errors import Problem, TrailcamError, code
from trailcam.rules import python_source
from trailcam.yaml12 import read_text

_GROUPS = (("helpers", "global_helpers"), ("data_models",))
"""Folders that belong to the rules below and beside them, by what stands in for what."""

FOLDERS = tuple(name for group in _GROUPS for name in group)
"""Folders of a pack whose modules and packages its rules may import, and whose items speak for its rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """One importable name: a module, or a package with all its files; `line` is where the name is given."""

    name: str
    files: tuple[Path, ...]
    declared: Path
    line: int | None = None


def folders(root: Path) -> tuple[Path, ...]:
    """The helper folders in `root`, or else in the nearest folder above it that has one; and likewise that of
    the data models.

    Looking upwards ends at the root of the repository (a `.git`), and at folders of another owner: nobody
    else's code is picked up. So one rule, or one folder of rules, finds the helpers of its repository.
    """
    return tuple(path for group in _GROUPS for path in _searched(root, group)[0])


def is_whole(root: Path) -> bool:
    """Whether a folder is a whole repository: it has a `.git`, or the folders that belong to its rules."""
    return (root / ".git").exists() or any((root / name).is_dir() for name in FOLDERS)


def search_end(root: Path) -> Path:
    """The highest folder in which `folders` looks."""
    return min((_searched(root, group)[1] for group in _GROUPS), key=lambda path: len(path.parts))


def _searched(root: Path, names: Sequence[str]) -> tuple[tuple[Path, ...], Path]:
    found = tuple(root / name for name in names if (root / name).is_dir())
    here = root.resolve()
    owner = here.stat().st_uid
    while not found and not (here / ".git").exists() and here != here.parent:
        if here.parent.stat().st_uid != owner:
            break
        here = here.parent
        candidates = (here / name for name in names)
        found = tuple(path for path in candidates if path.is_dir() and path.stat().st_uid == owner)
    return found, here


def in_folder(folder: Path, files: Iterable[Path], *, packages: bool) -> list[Helper]:
    """What can be imported from a folder, given the Python files that are no rules, sorted."""
    below = [path for path in files if path.is_relative_to(folder)]
    parts = {path: path.relative_to(folder).parts for path in below}
    helpers = [
        Helper(name=path.stem, files=(path,), declared=path)
        for path in below
        if len(parts[path]) == 1 and path.stem.isidentifier() and path.stem != "__init__"
    ]
    for path in below if packages else ():
        if len(parts[path]) == 2 and path.name == "__init__.py":
            name = parts[path][0]
            inside = tuple(other for other in below if parts[other][0] == name)
            helpers.append(Helper(name=name, files=inside, declared=path))
    return helpers


def problems(helpers: Iterable[Helper]) -> list[Problem]:
    """TC0216 for names of the standard library, TC0201 and TC0214 for files that cannot be imported."""
    found: list[Problem] = []
    for helper in helpers:
        found += shadowed([helper])
        for path in helper.files:
            try:
                found += python_source.check(read_text(path), path=path)
            except TrailcamError as error:
                found.extend(error.problems)
    return found


def shadowed(helpers: Iterable[Helper]) -> list[Problem]:
    """TC0216 for names of the standard library."""
    return [
        Problem(
            code=code("helper_shadowed"),
            message=f'"{helper.name}" is a module of the standard library',
            path=helper.declared,
            line=helper.line,
        )
        for helper in helpers
        if helper.name in sys.stdlib_module_names
    ]


def conflicts(helpers: Sequence[Helper]) -> list[Problem]:
    """TC0211 for each helper whose name another one before it has, with different content."""
    found: list[Problem] = []
    first: dict[str, Helper] = {}
    for helper in helpers:
        other = first.setdefault(helper.name, helper)
        if other.files != helper.files and _content(other) != _content(helper):
            message = f'the helper "{helper.name}" differs from {other.declared}, which has the same name'
            found.append(
                Problem(code=code("helper_conflict"), message=message, path=helper.declared, line=helper.line)
            )
    return found


def _content(helper: Helper) -> list[tuple[str, bytes]]:
    """The files of a helper by their place in it; what cannot be read is told elsewhere."""
    module = len(helper.files) == 1
    folder = helper.files[0].parent
    return sorted(
        ("" if module else os.path.relpath(path, folder), path.read_bytes() if path.is_file() else b"")
        for path in helper.files
    )
