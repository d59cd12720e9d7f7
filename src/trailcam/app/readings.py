"""Where what was read of rules is kept between two commands, and what it depends on."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import trailcam
from trailcam import registry
from trailcam.model.logtype import LogType
from trailcam.rules.reading_cache import ReadingCache
from trailcam.settings.read import CACHE_VARIABLE

_READERS = ("rules", "model", "contracts", "forms.py", "yaml12.py", "errors.py")
"""Parts of Trailcam on whose code it depends what a file is read as."""


def readings(
    paths: Sequence[Path],
    log_types: Iterable[LogType],
    environment: Mapping[str, str],
    *,
    ignores_extra_keys: bool,
) -> ReadingCache:
    """The cache for packs at these paths: below `XDG_CACHE_HOME`, or `.cache` in the home of the user.

    `TRAILCAM_CACHE` names another folder; where it is empty, nothing is kept.
    Source: https://specifications.freedesktop.org/basedir/latest/ (read 2026-11-28).
    """
    return ReadingCache(
        _folder(environment),
        name=[str(Path.cwd()), *map(str, paths)],
        context=[
            trailcam.__version__,
            str(sys.implementation.cache_tag),
            *_brought(),
            str(ignores_extra_keys),
            *_stamps(Path(trailcam.__file__).parent / part for part in _READERS),
            *_stamps(log_type.folder for log_type in log_types),
        ],
    )


def _folder(environment: Mapping[str, str]) -> Path | None:
    if CACHE_VARIABLE in environment:
        return Path(environment[CACHE_VARIABLE]) if environment[CACHE_VARIABLE] else None
    named = environment.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "trailcam"
    home = environment.get("HOME", "")
    return Path(home) / ".cache" / "trailcam" if home.startswith("/") else None


def _brought() -> Iterator[str]:
    """Formats of other distributions, with the stamps of their code."""
    for what, places in registry.brought("rule_format"):
        yield what
        yield from _stamps(places)


def _stamps(paths: Iterable[Path]) -> Iterator[str]:
    """What tells that a file, or one below a folder, was written."""
    for path in paths:
        if path.is_file():
            stat = path.stat()
            yield f"{path} {stat.st_mtime_ns} {stat.st_size}"
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(files):
                stat = os.stat(f"{folder}/{name}")  # noqa: PTH116  # hundreds of them, each time
                yield f"{folder}/{name} {stat.st_mtime_ns} {stat.st_size}"
