"""Folders of packs: what is known of them without reading a file, and a copy of all that rules may use.

A copy has the paths of what it was copied from below a folder of its own, so that rules find in it what they
find in the original: the folder itself, and the helper folders above it.
"""

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.errors import Problem, TrailcamError, code
from trailcam.rules import helper_modules, walk
from trailcam.rules.walk import Entry, Kind

MOST_FILES = 20_000
MOST_BYTES = 256 << 20

_TRIES = 5
_PAUSE_SECONDS = 0.5
_STOP = ".git"
"""By its being there, looking for helpers in the folders above ends."""


def too_large(named: str) -> TrailcamError:
    """What is told of a pack that is more than rules: TC0814."""
    message = f"more than {MOST_FILES:,} files or {MOST_BYTES >> 20} MiB"
    return TrailcamError(Problem(code=code("pack_too_large"), message=message, path=named))


def fingerprint(packs: Sequence[Path], *, home: Path) -> str:
    """Another text when something in the packs has another name, size or time: nothing is read.

    A pack is a folder or a file; that there is none counts too. The home may lie inside of a folder: it is no
    part of it.

    Raises:
        TrailcamError: TC0814 a folder is too large.
    """
    digest = hashlib.blake2b(digest_size=16)
    for pack in packs:
        digest.update(f"{pack}\n".encode("utf-8", "surrogateescape"))
        if pack.exists():
            for tree in _trees(pack):
                for entry, found in _stated(tree, pack, home, problems=[]):
                    digest.update(_told(entry, found).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def copied(
    packs: Sequence[Path], target: Path, *, home: Path, pause: Callable[[float], None] = time.sleep
) -> dict[Path, Path]:
    """Copies packs, which are folders or files, into a folder that is made; gives the copy of each.

    What lies in several packs is copied once. Links become what they lead to, but where that is copied too.

    Raises:
        TrailcamError: TC0101 there is no such pack, TC0214 something cannot be read, TC0814 one is too large,
            TC0815 they were written to each time.
        OSError: the copy cannot be written.
    """
    missing = [pack for pack in packs if not pack.exists()]
    if missing:
        raise TrailcamError(
            Problem(code=code("path_not_found"), message=f"no such pack: {pack}") for pack in missing
        )
    for _ in range(_TRIES):
        before = fingerprint(packs, home=home)
        try:
            found = _copied(packs, target, home)
        except TrailcamError:
            if fingerprint(packs, home=home) == before:
                raise
        else:
            if fingerprint(packs, home=home) == before:
                return found
        shutil.rmtree(target, ignore_errors=True)
        pause(_PAUSE_SECONDS)
    named = ", ".join(map(str, packs))
    raise TrailcamError(
        Problem(code=code("pack_changing"), message="it was written to each time it was copied", path=named)
    )


def _trees(pack: Path) -> list[Path]:
    """The folder of a pack by its real path, and the helper folders above it."""
    root = _root(pack)
    return [root, *(path for path in helper_modules.folders(root) if not path.is_relative_to(root))]


def _root(pack: Path) -> Path:
    return walk.real(pack if pack.is_dir() else pack.parent)


def _stated(
    tree: Path, pack: Path, home: Path, *, problems: list[Problem]
) -> Iterator[tuple[Entry, os.stat_result | None]]:
    """What lies in a folder, in the order of walking, with what the operating system says of it: of the file
    behind a link; None of a link to nothing."""
    files = size = 0
    for entry in walk.entries(tree, problems=problems, but=walk.real(home)):
        try:
            found = entry.path.stat()
        except OSError:
            yield entry, None
            continue
        if stat.S_ISREG(found.st_mode):
            files += 1
            size += found.st_size
        if files > MOST_FILES or size > MOST_BYTES:
            raise too_large(str(pack))
        yield entry, found


def _told(entry: Entry, found: os.stat_result | None) -> str:
    told = f"{entry.kind.value} {entry.path}"
    if entry.kind in (Kind.LINK, Kind.AGAIN):
        told += f" -> {walk.real(entry.path)}"
    if found is not None and stat.S_ISREG(found.st_mode):
        told += f" {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    return f"{told}\n"


@dataclass(slots=True)
class _Copying:
    """What has been copied, by the real path of what it is a copy of."""

    target: Path
    at: dict[Path, Path] = field(default_factory=dict)
    links: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path) -> Path:
        """Where the copy of an absolute path stands."""
        return self.target / path.relative_to(path.anchor)

    def add(self, entry: Entry) -> None:
        place = self.place(entry.path)
        if entry.kind in (Kind.LINK, Kind.AGAIN):
            self.links.append(entry.path)
        elif entry.kind is Kind.FOLDER:
            place.mkdir(parents=True, exist_ok=True)
            self.at.setdefault(walk.real(entry.path), place)
        elif not place.exists():
            self._file(entry.path, place)

    def link(self, path: Path) -> None:
        """Links come last: what they lead to may have been copied by its own path."""
        place = self.place(path)
        if place.is_symlink() or place.exists():
            return
        leads = walk.real(path)
        if leads not in self.at and leads.is_file():
            self._file(path, place)
        else:
            there = self.at.get(leads, place.with_name(f"{place.name}: nothing"))
            place.symlink_to(os.path.relpath(there, place.parent))

    def _file(self, path: Path, place: Path) -> None:
        real = walk.real(path)
        if real in self.at:
            place.symlink_to(os.path.relpath(self.at[real], place.parent))
            return
        try:
            opened = path.open("rb")
        except OSError as error:
            message = f"cannot read it: {error.strerror}"
            self.problems.append(Problem(code=code("unreadable_rule"), message=message, path=path))
            return
        with opened, place.open("xb") as copy:
            shutil.copyfileobj(opened, copy)
        self.at[real] = place


def _copied(packs: Sequence[Path], target: Path, home: Path) -> dict[Path, Path]:
    copying = _Copying(target)
    for pack in packs:
        for tree in _trees(pack):
            for entry, _ in _stated(tree, pack, home, problems=copying.problems):
                copying.add(entry)
    for path in copying.links:
        copying.link(path)
    if copying.problems:
        raise TrailcamError(dict.fromkeys(copying.problems))
    for pack in packs:
        end = copying.place(helper_modules.search_end(_root(pack)))
        end.mkdir(parents=True, exist_ok=True)
        (end / _STOP).touch()
    return {pack: copying.place(_root(pack)) / ("" if pack.is_dir() else pack.name) for pack in packs}
