"""What runs is a copy: a folder in the home with everything that rules of some packs may use.

    <home>/packs/ID/snapshot.json   which packs, the values of rule settings, a digest of all that follows
    <home>/packs/ID/folders/...     copies of folders, by their whole path
    <home>/packs/ID/git/N/NAME/...  what came from the Nth pack, out of a git repository of this name
    <home>/packs/git/               mirrors of repositories

A snapshot appears when it is whole, and is never changed. Who uses one looks at its digest first.
"""

import hashlib
import json
import os
import posixpath
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from trailcam.app.deploy import folders, git
from trailcam.app.load import pack_folder
from trailcam.errors import Problem, TrailcamError, WorldError, cannot_write, code
from trailcam.rules import walk
from trailcam.settings.git_pack import GitPack
from trailcam.settings.schema import Settings

_ABOUT = "snapshot.json"
_FOLDERS, _GIT = "folders", "git"
_CACHE = "__pycache__"
_BUILDING = ".new-"
_OURS = re.compile(rf"({re.escape(_BUILDING)})?[0-9A-HJKMNP-TV-Z]{{26}}")
_END_OF_NAME = r"(?=[/:\s\"',;)]|$)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A copy of some packs."""

    folder: Path
    packs: tuple[str, ...]
    """Where each of them lies in it, in the order of the settings."""
    rules: Mapping[str, Mapping[str, Any]]
    """The values that the settings gave to settings of rules."""
    sources: tuple[str, ...]
    """What each of the packs was copied from, for people; a commit stands behind what came from git."""
    shown: tuple[tuple[str, str], ...]
    """Places in it, with what a person knows them by."""
    content: str
    """A digest of all of this but `shown` and `sources`, and of every file."""

    def settings(self, others: Settings) -> Settings:
        """Settings with the packs and rules of the snapshot, and all else as others have it."""
        return replace(others, packs=tuple(self.folder / pack for pack in self.packs), rules=self.rules)

    def told(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems that name what a person knows, and not the copy."""
        return [
            replace(
                problem,
                message=self._named(problem.message),
                hint=self._named(problem.hint),
                path=None if problem.path is None else self._named(str(problem.path)),
            )
            for problem in problems
        ]

    def _named(self, text: str) -> str:
        for place, name in self.shown:
            pattern = re.escape(str(self.folder / place)) + _END_OF_NAME
            text = re.sub(pattern, lambda _, name=name: name, text)  # type: ignore[misc]  # mypy infers no default
        return text


def packs_folder(home: Path) -> Path:
    """Where snapshots and mirrors lie."""
    return walk.real(home) / "packs"


def fingerprint(settings: Settings, commits: Mapping[GitPack, str], *, home: Path) -> str:
    """Another text when the settings, a folder of the packs or a commit is another one; no file is read.

    Raises:
        TrailcamError: TC0814 a folder is too large.
    """
    named = [commits.get(pack, "") if isinstance(pack, GitPack) else str(pack) for pack in settings.packs]
    ours = [pack_folder(pack) for pack in settings.packs if isinstance(pack, Path)]
    told = [named, settings.rules, folders.fingerprint(ours, home=home)]
    return hashlib.blake2b(_json(told), digest_size=16).hexdigest()


def take(
    settings: Settings,
    *,
    home: Path,
    snapshot_id: str,
    commits: Mapping[GitPack, str] | None = None,
    ended: Event | None = None,
) -> Snapshot:
    """Copies the packs of the settings; `commits` says which those from git have, else they are asked for.
    What git does ends when `ended` is set.

    Raises:
        TrailcamError: what the packs are refused for, all of it: TC0101, TC0214, TC0811 to TC0815.
        WorldError: the home cannot be written.
    """
    place = packs_folder(home)
    building = place / f"{_BUILDING}{snapshot_id}"
    try:
        building.mkdir(mode=0o700, parents=True)
        taken = _taken(settings, building, home, commits or {}, ended=ended or Event())
        taken = replace(taken, content=_digest(taken))
        (building / _ABOUT).write_bytes(_json(_about(taken)))
        building.rename(place / snapshot_id)
    except OSError as error:
        raise _refused(error, place) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return replace(taken, folder=place / snapshot_id)


def _refused(error: OSError, place: Path) -> TrailcamError:
    """What is told of a file that cannot be written in the home, or not be read elsewhere."""
    path = Path(os.fsdecode(error.filename)) if error.filename else place
    if path.is_relative_to(place):
        return cannot_write(error, "a copy of the packs", path=place)
    message = f"cannot read it: {error.strerror}"
    return TrailcamError(Problem(code=code("unreadable_rule"), message=message, path=path))


def kept(home: Path, snapshot_id: str) -> Snapshot:
    """A snapshot that was taken before, every byte as it was.

    Raises:
        WorldError: TC0819 it is not.
    """
    folder = packs_folder(home) / snapshot_id
    try:
        about = json.loads((folder / _ABOUT).read_bytes())
        found = Snapshot(
            folder=folder,
            packs=tuple(about["packs"]),
            rules=about["rules"],
            sources=tuple(about["sources"]),
            shown=tuple((place, name) for place, name in about["shown"]),
            content=about["content"],
        )
        whole = _digest(found) == found.content
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        message = "the copy of the rules is not there as it was kept"
        raise WorldError(Problem(code=code("snapshot_damaged"), message=message, path=folder))
    return found


def is_kept(home: Path, snapshot_id: str) -> bool:
    """Whether there is a snapshot of this name; nothing is said of its bytes."""
    return (packs_folder(home) / snapshot_id / _ABOUT).is_file()


def remove(home: Path, snapshot_id: str) -> None:
    """Removes a snapshot, if it is there."""
    shutil.rmtree(packs_folder(home) / snapshot_id, ignore_errors=True)


def names(home: Path) -> Iterator[str]:
    """The names of all snapshots, also of those that a crash has left half made; of nothing else, should
    somebody keep folders of their own beside them."""
    place = packs_folder(home)
    for path in place.iterdir() if place.is_dir() else ():
        if _OURS.fullmatch(path.name):
            yield path.name


def _taken(
    settings: Settings, target: Path, home: Path, commits: Mapping[GitPack, str], *, ended: Event
) -> Snapshot:
    problems: list[Problem] = []
    world = False
    packs: dict[Path | GitPack, str] = {}
    sources: dict[Path | GitPack, str] = {}
    shown: list[tuple[str, str]] = []
    for number, pack in enumerate(settings.packs, start=1):
        if not isinstance(pack, GitPack):
            continue
        try:
            place = f"{_GIT}/{number}/{_repository(pack)}"
            named = commits.get(pack) or git.commit_of(pack, ended=ended)
            mirrors = packs_folder(home) / _GIT
            commit = git.export(pack, named, mirrors=mirrors, target=target / place, ended=ended)
        except TrailcamError as error:
            world = world or isinstance(error, WorldError)
            problems += error.problems
            continue
        (target / place / ".git").touch()  # looking for helpers ends at the root of the repository
        packs[pack] = posixpath.join(place, pack.folder) if pack.folder else place
        sources[pack] = f"{pack} ({commit[:12]})"
        shown.append((place, f"{pack.shown_url}@{commit[:12]}"))
    ours = {pack: pack_folder(pack) for pack in settings.packs if isinstance(pack, Path)}
    try:
        copies = folders.copied(list(dict.fromkeys(ours.values())), target / _FOLDERS, home=home)
    except TrailcamError as error:
        problems += error.problems
        copies = {}
    if problems:
        raise (WorldError if world else TrailcamError)(problems)
    for pack, folder in ours.items():
        packs[pack] = str(copies[folder].relative_to(target))
        sources[pack] = str(pack)
        shown.append((packs[pack], str(folder)))
    shown.append((_FOLDERS, ""))  # what lies elsewhere has its whole path
    return Snapshot(
        folder=target,
        packs=tuple(dict.fromkeys(packs[pack] for pack in settings.packs)),
        rules=settings.rules,
        sources=tuple(dict.fromkeys(sources[pack] for pack in settings.packs)),
        shown=tuple(shown),
        content="",
    )


def _repository(pack: GitPack) -> str:
    """The name of a repository, for a folder."""
    name = posixpath.basename(pack.url.rstrip("/")).removesuffix(".git")
    return name if name.strip(".") else "repository"


def _digest(snapshot: Snapshot) -> str:
    digest = hashlib.blake2b(_json([snapshot.packs, snapshot.rules]), digest_size=16)
    for path in _files(snapshot.folder):
        name = os.fsencode(path.relative_to(snapshot.folder))
        data = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for part in (name, data):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """All files and links but what Python leaves beside the modules that it has imported."""
    for where, inside, files in os.walk(folder):
        here = Path(where)
        links = [name for name in inside if (here / name).is_symlink()]
        inside[:] = sorted(name for name in inside if name != _CACHE and name not in links)
        for name in sorted([*files, *links]):
            if here != folder or name != _ABOUT:
                yield here / name


def _about(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "packs": snapshot.packs,
        "rules": snapshot.rules,
        "sources": snapshot.sources,
        "shown": snapshot.shown,
        "content": snapshot.content,
    }


def _json(value: Sequence[Any] | Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, default=str).encode("utf-8", "surrogateescape")
