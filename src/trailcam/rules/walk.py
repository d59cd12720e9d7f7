"""The files of a pack folder, always in the same order."""

import os
from pathlib import Path

from trailcam.errors import Problem, code


def files(folder: Path) -> tuple[list[Path], list[Problem]]:
    """All files in a folder and below, sorted by path, and the folders that could not be entered (TC0214).

    Hidden names, `__pycache__` and virtual environments are left out. What symbolic links reach twice is
    there once, by its own path if that lies in here. A link to nothing counts as a file, so that reading it
    tells.
    """
    found: list[Path] = []
    links: list[Path] = []
    problems: list[Problem] = []
    entered: set[Path] = set()
    folders, linked = [folder], list[Path]()
    while folders or linked:
        here = folders.pop() if folders else linked.pop(0)
        if real(here) in entered:
            continue
        entered.add(real(here))
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            message = f"cannot read the folder: {error.strerror}"
            problems.append(Problem(code=code("unreadable_rule"), message=message, path=here))
            continue
        for entry in entries:
            path = here / entry.name
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link in a circle
                is_folder, is_file = False, True
            if is_folder:
                if not (path / "pyvenv.cfg").is_file():
                    (linked if entry.is_symlink() else folders).append(path)
            elif is_file or entry.is_symlink():
                (links if entry.is_symlink() else found).append(path)
    once = {real(path): path for path in [*sorted(links, reverse=True), *found]}
    return sorted(once.values()), problems


def real(path: Path) -> Path:
    """Where a path leads to in the end; unlike `Path.resolve`, a link to itself is no error."""
    return Path(os.path.realpath(path))
