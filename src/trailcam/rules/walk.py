"""The files of a pack folder, always in the same order."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from trailcam.errors import Problem, code


class Kind(Enum):
    """What lies somewhere in a folder."""

    FILE = "file"
    LINK = "link"
    """A symbolic link to a file, or to nothing."""
    FOLDER = "folder"
    """One that is entered, by its own path or by a link."""
    AGAIN = "again"
    """A symbolic link to a folder that is entered by another path."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder; its path goes by the links that were followed."""

    path: Path
    kind: Kind


def files(folder: Path, reals: "Reals | None" = None) -> tuple[list[Path], list[Problem]]:
    """All files in a folder and below, sorted by path, and the folders that could not be entered (TC0214).

    Hidden names, `__pycache__` and virtual environments are left out. What symbolic links reach twice is
    there once, by its own path if that lies in here. A link to nothing counts as a file, so that reading it
    tells.
    """
    problems: list[Problem] = []
    found: dict[Kind, list[Path]] = {kind: [] for kind in Kind}
    for entry in entries(folder, problems=problems):
        found[entry.kind].append(entry.path)
    reals = reals or Reals()
    once = {reals(path): path for path in [*sorted(found[Kind.LINK], reverse=True), *found[Kind.FILE]]}
    return sorted(once.values()), problems


def entries(folder: Path, *, problems: list[Problem], but: Path | None = None) -> Iterator[Entry]:
    """What lies in a folder and below, every link to a file too; the folder itself comes first.

    Left out is what `files` leaves out, and the folder whose real path is `but`. Folders that cannot be
    entered are put into `problems`.
    """
    entered: set[Path] = set()
    folders, linked = [folder], list[Path]()
    while folders or linked:
        is_link = not folders
        here = folders.pop() if folders else linked.pop(0)
        if real(here) in entered:
            if is_link:
                yield Entry(here, Kind.AGAIN)
            continue
        if real(here) == but:
            continue
        entered.add(real(here))
        yield Entry(here, Kind.FOLDER)
        try:
            inside = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            message = f"cannot read the folder: {error.strerror}"
            problems.append(Problem(code=code("unreadable_rule"), message=message, path=here))
            continue
        for entry in inside:
            path = here / entry.name
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link in a circle
                is_folder, is_file = False, True
            if is_folder:
                if not os.path.isfile(path / "pyvenv.cfg"):  # noqa: PTH113  # a closed folder is no error here
                    (linked if entry.is_symlink() else folders).append(path)
            elif is_file or entry.is_symlink():
                yield Entry(path, Kind.LINK if entry.is_symlink() else Kind.FILE)


class Reals:
    """`real` for many paths of few folders: each folder is resolved once, as it is when it is first met."""

    def __init__(self) -> None:
        self._known: dict[Path, Path] = {}
        self._folders: dict[Path, str] = {}

    def __call__(self, path: Path) -> Path:
        """Where a path leads to in the end."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._resolved(path)
        return known

    def _resolved(self, path: Path) -> Path:
        if path.name in ("", "..") or os.path.islink(path):  # noqa: PTH114  # thousands of them
            return real(path)
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return Path(self._folders[folder], path.name)


def real(path: Path) -> Path:
    """Where a path leads to in the end; unlike `Path.resolve`, a link to itself is no error."""
    return Path(os.path.realpath(path))
