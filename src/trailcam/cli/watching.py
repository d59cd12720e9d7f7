"""`trailcam test --watch`: what is changed is run each time it is saved, until Ctrl-C."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from trailcam.cli.output import say, say_problem
from trailcam.errors import TrailcamError
from trailcam.model.rule import Rule
from trailcam.rules import helper_modules, walk

LOOK_SECONDS = 0.3

_OF_RULES = (".py", ".yml", ".yaml")
"""Endings of the files that count in packs: whatever else is written there, our own report too, does not."""

Stamps = Mapping[Path, tuple[int, int]]
"""File to when it was written and how long it is."""

Place: TypeAlias = tuple[Path, Sequence[str]]
"""A folder, and the endings of the files below it that count; empty: all."""


def watched(
    paths: Sequence[Path], others: Sequence[Path], run: Callable[[Callable[[Rule], bool]], int]
) -> int:
    """Runs everything, and then, whenever a file below `paths` or `others` is written, what it can change.

    Where only files of rules were written, that is those rules, else all of them. It ends by Ctrl-C alone.
    """
    places = [*_places(paths, _OF_RULES), *_places(others)]
    before = _stamps(places)
    known = _attempt(run, lambda _: True)
    say("watching; Ctrl-C ends it")
    while True:
        time.sleep(LOOK_SECONDS)
        now = _stamps(places)
        if now == before:
            continue
        changed = {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}
        before = now
        say(f"-- {time.strftime('%H:%M:%S')}: {_named(changed)}")
        touched = {file for file, rules in known.items() if file in changed and rules}
        partly = bool(known) and touched == changed
        ids = {rule for file in touched for rule in known[file]} if partly else set()
        found = _attempt(run, partial(_is_among, ids) if partly else lambda _: True)
        known = {**known, **found} if partly else found


def _is_among(ids: set[str], rule: Rule) -> bool:
    return rule.id in ids


def _attempt(
    run: Callable[[Callable[[Rule], bool]], int], only: Callable[[Rule], bool]
) -> dict[Path, set[str]]:
    """Runs those rules; the ids of all by the real paths of their files, nothing where they do not load."""
    files: dict[Path, set[str]] = {}

    def noting(rule: Rule) -> bool:
        for path in (rule.path, rule.metadata_path):
            files.setdefault(walk.real(path), set()).add(rule.id)
        return only(rule)

    try:
        run(noting)
    except TrailcamError as error:
        for problem in error.problems:
            say_problem(problem)
        return {}
    return files


def _places(paths: Sequence[Path], endings: Sequence[str] = ()) -> list[Place]:
    """Decided once: the neighbours of a folder that is deleted later are none of our business."""
    return [(path.parent if path.is_file() else path, endings) for path in paths]


def _stamps(places: Sequence[Place]) -> Stamps:
    found: dict[Path, tuple[int, int]] = {}
    for root, endings in places:
        for folder in _folders(root):
            for file in walk.files(folder)[0]:
                if endings and file.suffix.lower() not in endings:
                    continue
                try:
                    stat = os.stat(file)  # noqa: PTH116  # thousands of them, several times a second
                except OSError:
                    continue
                found[walk.real(file)] = (stat.st_mtime_ns, stat.st_size)
    return found


def _folders(root: Path) -> Sequence[Path]:
    try:
        return [root, *helper_modules.folders(root)] if root.is_dir() else []
    except OSError:  # it was deleted just now
        return []


def _named(changed: set[Path]) -> str:
    first = ", ".join(sorted(path.name for path in changed)[:3])
    return first if len(changed) <= 3 else f"{first} and {len(changed) - 3:,} more"
