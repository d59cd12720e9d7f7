"""What files of rules were read as, kept on disk by their content: a second load reads only what is new.

An entry holds as long as the file and its companions have the very bytes it was made of, and as long as the
`context` is the same: all else that reading depends on. What is kept is this user's own; a file that somebody
else has made, or that does not read, is as good as none.
"""

import hashlib
import os
import pickle
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trailcam.contracts.rule_format import Reading

KEPT_SECONDS = 30 * 86_400
"""How long a file of the cache is kept that nobody asks for."""

_HEAD = b"trailcam readings 1\n"


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
        reading: Reading = pickle.loads(entry.reading)  # noqa: S301  # this user's own file, see `_loaded`
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
            with tempfile.NamedTemporaryFile(dir=folder, delete=False, prefix=".new-") as new:
                new.write(_HEAD + self._context)
                pickle.dump(self._kept, new, pickle.HIGHEST_PROTOCOL)
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
                known: dict[str, _Entry] = pickle.load(file)  # noqa: S301  # this user's own file
            os.utime(self._file)
        except Exception:  # whatever is wrong with it, the rules themselves are at hand
            return {}
        return known


def _content(path: Path, companions: Iterable[str]) -> bytes | None:
    """The digest of a file and its companions; None when the file cannot be read."""
    try:
        parts = [path.read_bytes()]
    except OSError:
        return None
    for companion in companions:
        try:
            parts.append(_read(Path(companion)))
        except (OSError, ValueError):  # a name that no file could have, too
            parts.append(b"\0nothing")
    return _digest(parts)


def _read(companion: Path) -> bytes:
    """What counts of a companion: all of Python, and of any other file, such as rows, that it is there."""
    if companion.suffix == ".py":
        return companion.read_bytes()
    return b"\0there" if companion.is_file() else b"\0nothing"


def _digest(parts: Iterable[str | bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def _clear(folder: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
