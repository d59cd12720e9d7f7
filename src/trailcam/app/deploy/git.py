"""Packs from git repositories: a mirror of each in the home, and the files of a commit as they were written.

No filter is run over them, and no submodule is fetched. Whoever waits ends it all by setting `ended`.
"""

import fcntl
import hashlib
import posixpath
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from trailcam.app.deploy.folders import MOST_BYTES, MOST_FILES, too_large
from trailcam.app.deploy.git_command import problem, run_git
from trailcam.errors import TrailcamError, WorldError, cannot_write, nearest
from trailcam.rules import walk
from trailcam.rules.helper_modules import FOLDERS
from trailcam.settings.git_pack import GitPack

ASK_SECONDS = 30.0
FETCH_SECONDS = 300.0

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHORT = re.compile(r"[0-9a-f]{7,64}")
_AT_ONCE_BYTES = 8 << 20
_FILE, _EXECUTABLE, _LINK = "100644", "100755", "120000"


@dataclass(frozen=True, slots=True)
class _Blob:
    """A file or a link of a commit."""

    path: str
    mode: str
    id: str
    size: int


def commit_of(pack: GitPack, *, ended: Event) -> str:
    """The commit that the pack's name stands for in the repository now; only names are asked for.

    A commit stands for itself; one that is written short stands as it is written, until it is fetched.

    Raises:
        WorldError: TC0811 there is no git, TC0812 the repository does not answer.
        TrailcamError: TC0813 it has nothing of this name.
    """
    ref = pack.ref
    names = [ref] if ref == "HEAD" or ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
    there = _names(pack, *names, *(f"{name}^{{}}" for name in names), ended=ended)
    for name in names:
        if name in there:
            return there.get(f"{name}^{{}}", there[name])  # what an annotated tag stands for
    if _SHORT.fullmatch(ref):
        return ref
    known = {
        name.split("/", 2)[-1]
        for name in _names(pack, ended=ended)
        if name.startswith(("refs/heads/", "refs/tags/"))
    }
    message = "the repository has no commits yet" if ref == "HEAD" else f'it has no branch or tag "{ref}"'
    raise TrailcamError(problem("no_such_ref", pack, message, nearest(ref, sorted(known))))


def _names(pack: GitPack, *wanted: str, ended: Event) -> dict[str, str]:
    """Commits by the whole names of branches and tags: those that are wanted, else all."""
    told = run_git(pack, ["ls-remote", "--quiet", "--", pack.url, *wanted], seconds=ASK_SECONDS, ended=ended)
    lines = (line.partition("\t") for line in told.decode("utf-8", "replace").splitlines())
    return {name: commit for commit, _, name in lines}


def export(pack: GitPack, commit: str, *, mirrors: Path, target: Path, ended: Event) -> str:
    """Writes the pack's folder as it is in a commit, and the helper folders that its rules may import, into a
    folder that is made; gives the whole name of the commit.

    Files have the bytes that were committed. Hidden names and submodules are left out, and so are links that
    lead out of the repository.

    Raises:
        WorldError: TC0811, TC0812; the home cannot be written.
        TrailcamError: TC0813 there is no such commit or folder, TC0814 it is too large.
    """
    with _mirror(pack, mirrors, ended=ended) as mirror:
        whole = _fetched(pack, commit, mirror, ended=ended)
        blobs = _wanted(pack, _tree(pack, whole, mirror, ended=ended))
        _write(pack, blobs, mirror, target, ended=ended)
    return whole


@contextmanager
def _mirror(pack: GitPack, mirrors: Path, *, ended: Event) -> Iterator[Path]:
    """The mirror of the pack's repository, for as long as nobody else may use it."""
    name = hashlib.sha256(pack.url.encode()).hexdigest()[:24]
    mirror = mirrors / f"{name}.git"
    try:
        mirrors.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (mirrors / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _unlock(mirror)
            command = ["init", "--quiet", "--bare", "--template=", "--", str(mirror)]
            run_git(pack, command, seconds=ASK_SECONDS, ended=ended)  # a whole one stays as it is
            yield mirror
    except OSError as error:
        raise cannot_write(error, "the mirror of a repository", path=mirrors) from None


def _unlock(mirror: Path) -> None:
    """Removes what a git that was ended has locked for ever: whoever holds the mirror is alone in it."""
    for lock in mirror.rglob("*.lock"):
        lock.unlink(missing_ok=True)


def _fetched(pack: GitPack, commit: str, mirror: Path, *, ended: Event) -> str:
    """The whole name of a commit that is in the mirror, fetched alone where the repository allows that."""
    if _COMMIT.fullmatch(commit):
        if _has(pack, commit, mirror, ended=ended):
            return commit
        with suppress(WorldError):  # not every repository gives a commit by its name
            _fetch(pack, mirror, ["--depth=1"], [f"+{commit}:refs/trailcam/commit"], ended=ended)
        if _has(pack, commit, mirror, ended=ended):
            return commit
    deeper = ["--unshallow"] if (mirror / "shallow").is_file() else []
    everything = ["+refs/heads/*:refs/trailcam/heads/*", "+refs/tags/*:refs/trailcam/tags/*"]
    _fetch(pack, mirror, deeper, everything, ended=ended)
    try:
        told = run_git(
            pack,
            ["rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}"],
            seconds=ASK_SECONDS,
            ended=ended,
            at=mirror,
        )
    except WorldError:
        message = f'no branch and no tag holds a commit "{commit}"'
        raise TrailcamError(problem("no_such_ref", pack, message)) from None
    return told.decode().strip()


def _fetch(pack: GitPack, mirror: Path, options: Sequence[str], refs: Sequence[str], *, ended: Event) -> None:
    _unlock(mirror)  # a fetch before this one may have run out of time
    command = ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--force", *options]
    run_git(pack, [*command, "--", pack.url, *refs], seconds=FETCH_SECONDS, ended=ended, at=mirror)


def _has(pack: GitPack, commit: str, mirror: Path, *, ended: Event) -> bool:
    try:
        run_git(pack, ["cat-file", "-e", f"{commit}^{{tree}}"], seconds=ASK_SECONDS, ended=ended, at=mirror)
    except WorldError:
        return False
    return True


def _tree(pack: GitPack, commit: str, mirror: Path, *, ended: Event) -> list[_Blob]:
    """All files and links of a commit."""
    listed = run_git(
        pack,
        ["ls-tree", "-r", "-l", "-z", "--full-tree", commit],
        seconds=ASK_SECONDS,
        ended=ended,
        at=mirror,
    )
    blobs = []
    for line in listed.decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            mode, _kind, blob_id, size = about.split()
            if mode in (_FILE, _EXECUTABLE, _LINK):
                blobs.append(_Blob(path, mode, blob_id, int(size)))
    return blobs


def _wanted(pack: GitPack, blobs: Sequence[_Blob]) -> list[_Blob]:
    """Those in the pack's folder, and in the helper folders beside it and above it."""
    if pack.folder and not any(blob.path.startswith(f"{pack.folder}/") for blob in blobs):
        folders = {posixpath.dirname(blob.path) for blob in blobs}
        message = f'the commit has no folder "{pack.folder}"'
        raise TrailcamError(problem("no_such_ref", pack, message, nearest(pack.folder, folders)))
    wanted = [f"{pack.folder}/" if pack.folder else ""]
    above = pack.folder
    while above:
        above = posixpath.dirname(above)
        wanted += [posixpath.join(above, name, "") for name in FOLDERS]
    found = [
        blob
        for blob in blobs
        if any(blob.path.startswith(prefix) for prefix in wanted)
        and not any(not part or part.startswith(".") for part in blob.path.split("/"))
    ]
    if len(found) > MOST_FILES or sum(blob.size for blob in found) > MOST_BYTES:
        raise too_large(str(pack))
    return found


def _write(pack: GitPack, blobs: Sequence[_Blob], mirror: Path, target: Path, *, ended: Event) -> None:
    """Files first: nothing is ever written through a link."""
    target.mkdir(parents=True)
    links = []
    for blob, data in _read(pack, blobs, mirror, ended=ended):
        path = target / blob.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if blob.mode == _LINK:
            links.append((path, data.decode("utf-8", "surrogateescape")))
        else:
            path.write_bytes(data)
    for path, leads in links:
        if leads and "\0" not in leads and not leads.startswith("/"):
            path.symlink_to(leads)
    for path, _ in links:
        if path.is_symlink() and not walk.real(path).is_relative_to(walk.real(target)):
            path.unlink()


def _read(
    pack: GitPack, blobs: Sequence[_Blob], mirror: Path, *, ended: Event
) -> Iterator[tuple[_Blob, bytes]]:
    """Files and links with their bytes, some of them at once."""
    waiting: list[_Blob] = []
    for number, blob in enumerate(blobs, start=1):
        waiting.append(blob)
        if sum(each.size for each in waiting) < _AT_ONCE_BYTES and number < len(blobs):
            continue
        asked = "".join(f"{each.id}\n" for each in waiting).encode()
        told = run_git(
            pack, ["cat-file", "--batch"], seconds=FETCH_SECONDS, ended=ended, at=mirror, given=asked
        )
        at = 0
        for each in waiting:
            start = told.index(b"\n", at) + 1
            if told[at:start] != f"{each.id} blob {each.size}\n".encode():
                shutil.rmtree(mirror, ignore_errors=True)  # the next time it is fetched anew
                raise WorldError(problem("git_refused", pack, f"the mirror in {mirror} was damaged"))
            yield each, told[start : start + each.size]
            at = start + each.size + 1
        waiting = []
