"""The files of a pack folder, always in the same order."""

import os
from pathlib import Path

from trailcam.errors import Problem, code


def files(folder: Path) -> tuple[list[Path], list[Problem]]:
    """All files in a folder and below, sorted by path, and the folders that could not be entered (TC0214).

    Hidden names, `__pycache__` and virtual environments are left out. A folder that is reached twice through
    symbolic links is entered once, by its own path if that lies in here. A link to nothing counts as a file,
    so that reading it tells.
    """
    found: list[Path] = []
    problems: list[Problem] = []
    entered: set[Path] = set()
    folders, linked = [folder], list[Path]()
    while folders or linked:
        here = folders.pop() if folders else linked.pop(0)
        if here.resolve() in entered:
            continue
        entered.add(here.resolve())
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
            if entry.is_dir():
                if not (path / "pyvenv.cfg").is_file():
                    (linked if entry.is_symlink() else folders).append(path)
            elif entry.is_file() or entry.is_symlink():
                found.append(path)
    return sorted(found), problems
