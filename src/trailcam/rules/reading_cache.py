"""What files of rules were read as, kept on disk by their content: a second load reads only what is new.

An entry holds as long as the file and its companions have the very bytes it was made of, and as long as the
`context` is the same: all else that reading depends on. There is none of what was read without a companion:
what is told then depends on what lies there instead, and near it. What is kept is this user's own; a file
that somebody else has made, or that is not to the last bit what was written, is as good as none.
"""

import hashlib
import os
import pickle
import re
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trailcam.contracts.rule_format import Reading
from trailcam.yaml12 import read_bytes

KEPT_SECONDS = 30 * 86_400
"""How long a file of the cache is kept that nobody asks for."""

_HEAD = b"trailcam readings 3\n"
_DIGEST_BYTES = 16
_OWN = re.compile(r"(\.new-\w+|[0-9a-f]{32})\.readings")
"""Names of files of the cache; whatever else lies in its folder is somebody's."""


@dataclass(frozen=True, slots=True)
class _Entry:
    companions: tuple[str, ...]
    digest: bytes
    reading: bytes
    """Pickled, so that those that are out of date cost nothing."""


class ReadingCache:
    """The readings of one set of paths; nothing is written before `save`, and a failure to write is none.

    `folder` is where files of the cache lie; None keeps nothing. `name` tells one set of paths from another.
    """

    def __init__(self, folder: Path | None, *, name: Iterable[str] = (), context: Iterable[str] = ()) -> None:
        self._file = None if folder is None else folder / f"{_digest(name).hex()}.readings"
        self._context = _digest(context)
        self._known = self._loaded()
        self._kept: dict[str, _Entry] = {}
        self._changed = False

    def find(self, path: Path) -> Reading | None:
        """What a file was read as, if it and its companions are what they were then."""
        entry = self._known.get(str(path))
        if entry is None or _content(path, entry.companions) != entry.digest:
            return None
        try:
            reading: Reading = pickle.loads(entry.reading)  # noqa: S301  # this user's own file, see `_loaded`
        except Exception:  # a format of another package may have other classes now
            return None
        self._kept[str(path)] = entry
        return reading

    def keep(self, path: Path, reading: Reading) -> None:
        """Notes what a file was read as."""
        if self._file is None:
            return
        companions = tuple(map(str, reading.companions))
        digest = _content(path, companions)
        if digest is not None:
            self._kept[str(path)] = _Entry(companions, digest, pickle.dumps(reading, pickle.HIGHEST_PROTOCOL))
            self._changed = True

    def save(self) -> None:
        """Writes what was found and kept since; entries that nobody asked for are dropped."""
        if self._file is None or (not self._changed and self._kept.keys() == self._known.keys()):
            return
        with suppress(OSError):  # a cache that cannot be written is slower, and nothing else
            folder = self._file.parent
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _clear(folder)
            body = pickle.dumps(self._kept, pickle.HIGHEST_PROTOCOL)
            with tempfile.NamedTemporaryFile(
                dir=folder, delete=False, prefix=".new-", suffix=".readings"
            ) as new:
                new.write(_HEAD + self._context + _digest([body]) + body)
            Path(new.name).replace(self._file)

    def _loaded(self) -> dict[str, _Entry]:
        if self._file is None:
            return {}
        try:
            with self._file.open("rb") as file:
                if os.fstat(file.fileno()).st_uid != os.getuid():
                    return {}
                if file.read(len(_HEAD) + len(self._context)) != _HEAD + self._context:
                    return {}
                digest, body = file.read(_DIGEST_BYTES), file.read()
        except OSError:  # the rules themselves are at hand
            return {}
        if _digest([body]) != digest:
            return {}
        with suppress(OSError):  # one that cannot be written can be read
            os.utime(self._file)
        known: dict[str, _Entry] = pickle.loads(body)  # noqa: S301  # this user's own file
        return known


def _content(path: Path, companions: Iterable[str]) -> bytes | None:
    """The digest of a file and its companions; None when one of them cannot be read."""
    try:
        return _digest([read_bytes(path), *(_read(Path(companion)) for companion in companions)])
    except (OSError, ValueError):  # a name that no file could have, too
        return None


def _read(companion: Path) -> bytes:
    """What counts of a companion: all of Python, and of any other file, such as rows, that it is there.

    Raises:
        OSError: it is not there, or is no regular file.
    """
    if companion.suffix == ".py":
        return read_bytes(companion)
    if not companion.is_file():
        raise FileNotFoundError(companion)
    return b"\0there"


def _digest(parts: Iterable[str | bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def _clear(folder: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for path in folder.iterdir():
        with suppress(OSError):  # one that cannot be removed is no reason to keep the others, or not to write
            if _OWN.fullmatch(path.name) and path.stat().st_mtime < oldest:
                path.unlink()
