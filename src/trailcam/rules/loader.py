"""Reads rules of every format into packs; executes nothing of the user's code."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from trailcam import registry
from trailcam.contracts.rule_format import Known, Reading, RuleFormat
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.data_model import DataModel
from trailcam.model.lookup import DeclaredTable
from trailcam.model.query import Query
from trailcam.model.rule import Collection as NamedList
from trailcam.model.rule import HelperModule, Pack, Rule
from trailcam.rules import helper_modules, references, walk
from trailcam.rules.helper_modules import Helper
from trailcam.rules.reading_cache import ReadingCache

_Item = TypeVar("_Item")


def load_packs(
    paths: Sequence[Path],
    *,
    log_types: Collection[str],
    sample: Callable[[str, str], dict[str, Any]],
    ignored: Sequence[str] = (),
    ignores_extra_keys: bool = False,
    cache: ReadingCache | None = None,
) -> tuple[Pack, ...]:
    """The packs at these paths, in their order; the rules of each sorted by path.

    A path is the folder of a pack or one file of a rule; the files named of one folder make one pack. What
    lies under several paths belongs to the first. Paths stay as given: relative to where the process runs.

    `sample` gives a raw record by log type and name, see `trailcam.contracts.rule_format.Known`. `ignored`
    are the paths of files that are passed over, where `*` is any text. `cache` has what files were read as
    before, and is saved.

    Raises:
        TrailcamError: TC0101, TC0201-TC0209, TC0211, TC0213-TC0222: every problem of every file at once.
    """
    known = Known(log_types=frozenset(log_types), sample=sample, ignores_extra_keys=ignores_extra_keys)
    cache = cache or ReadingCache(None)
    loading = _Loading(known, ignored, cache)
    for path in paths:
        loading.add(path)
    cache.save()
    problems = loading.problems + loading.compared()
    if problems:
        raise TrailcamError(sorted(dict.fromkeys(problems), key=_place))
    return tuple(part.pack() for part in loading.parts)


def _place(problem: Problem) -> tuple[str, int, int]:
    return str(problem.path or ""), problem.line or 0, problem.column or 0


@dataclass(frozen=True, slots=True)
class _Contents:
    """What some files hold: items by the file they are read from, and Python files that belong to none."""

    items: dict[Path, Reading]
    rest: list[Path]
    owners: dict[Path, Path]
    """From the real path of an item's file or companion to the file the item is read from."""


@dataclass(slots=True)
class _Part:
    """A pack while it is read."""

    root: Path
    items: dict[Path, Reading] = field(default_factory=dict)
    declared: list[Helper] = field(default_factory=list)
    """Helpers under a name of their own."""
    found: list[Helper] = field(default_factory=list)
    """Helpers by the place they lie at."""
    helper_paths: list[Path] = field(default_factory=list)

    found_elsewhere: dict[Path, Reading] = field(default_factory=dict)
    """Items of folders that lie outside of what was named and that belong to its rules."""

    def declare(self, items: dict[Path, Reading]) -> None:
        for file, reading in items.items():
            if isinstance(reading.item, HelperModule):
                helper = reading.item
                self.declared.append(
                    Helper(name=helper.id, files=(helper.path,), declared=file, line=reading.line)
                )

    def pack(self) -> Pack:
        readings = [self.items[file] for file in sorted(self.items)]
        not_run = Counter(reading.not_run for reading in readings if reading.not_run)
        return Pack(
            name=self.root.resolve().name,
            root=self.root,
            rules=self._of(Rule),
            helper_paths=tuple(self.helper_paths),
            helper_modules=tuple(
                HelperModule(id=helper.name, path=helper.files[0]) for helper in self.declared
            ),
            data_models=self._of(DataModel),
            queries=self._of(Query),
            lookup_tables=self._of(DeclaredTable),
            collections=self._of(NamedList),
            not_loaded=tuple(sorted(not_run.items())),
        )

    def _of(self, kind: type[_Item]) -> tuple[_Item, ...]:
        """The items of a kind, by the files they lie in; data models that lie elsewhere too."""
        files = self.items if kind is not DataModel else self.found_elsewhere | self.items
        items = (files[file].item for file in sorted(files))
        return tuple(item for item in items if isinstance(item, kind))


class _Loading:
    """Reads path after path, remembers what was taken, and compares in the end."""

    def __init__(self, known: Known, ignored: Sequence[str], cache: ReadingCache) -> None:
        self._cache = cache
        self._real = walk.Reals()
        self._ignored = [os.path.normpath(Path(pattern).absolute()) for pattern in ignored]
        self.parts: list[_Part] = []
        self.problems: list[Problem] = []
        self._known = known
        self._formats: list[RuleFormat] = [
            registry.load("rule_format", name) for name in registry.names("rule_format")
        ]
        self._taken: set[Path] = set()
        """Real paths of files that belong to an earlier path."""
        self._folders_of_files: dict[Path, tuple[_Part, _Contents]] = {}
        self._elsewhere: dict[Path, _Contents] = {}
        """Helper folders that lie outside of what was named."""

    def add(self, path: Path) -> None:
        try:
            if path.is_dir():
                self._add_folder(path)
            elif path.is_file():
                self._add_file(path)
            else:
                self._problem("path_not_found", f"no such file or folder: {path}")
        except OSError as error:
            self._problem("unreadable_rule", f"cannot read it: {error.strerror}", path)

    def compared(self) -> list[Problem]:
        """The problems of all items, and those that show between them; derived rules become rules."""
        items = {file: reading for part in self.parts for file, reading in part.items.items()}
        elsewhere = {file: reading for part in self.parts for file, reading in part.found_elsewhere.items()}
        problems = [problem for reading in items.values() for problem in reading.problems]
        problems += references.twice(items)
        problems += references.two_models({**elsewhere, **items})
        derived, found = references.derived(items)
        problems += found
        for part in self.parts:
            part.items |= {file: derived[file] for file in part.items if file in derived}
        whole = [part.root for part in self.parts if helper_modules.is_whole(part.root)]
        problems += references.missing(items, whole)
        problems += references.circles(items)
        helpers = [helper for part in self.parts for helper in (*part.declared, *part.found)]
        return problems + helper_modules.conflicts(helpers)

    def _add_folder(self, root: Path) -> None:
        every, problems = walk.files(root, self._real)
        self.problems += problems
        files = [path for path in every if self._real(path) not in self._taken]
        contents = self._read(files)
        self._taken.update(contents.owners, (self._real(path) for path in contents.rest))
        part = _Part(root, contents.items)
        part.declare(contents.items)
        self._add_helpers(part, contents, whole=True)
        if contents.items or any(helper.declared in contents.rest for helper in part.found):
            self.parts.append(part)
        elif len(files) == len(every):
            self._problem("no_rules", "no rules, and no modules that rules could import", root)

    def _add_file(self, path: Path) -> None:
        if self._real(path) in self._taken:
            return
        folder = path.parent
        if folder not in self._folders_of_files:
            neighbours = sorted(other for other in folder.iterdir() if other.is_file())
            self._folders_of_files[folder] = _Part(folder), self._read(neighbours)
        part, contents = self._folders_of_files[folder]
        file = contents.owners.get(self._real(path))
        if file is None:
            beside = (reading for other, reading in contents.items.items() if other.stem == path.stem)
            found = [problem for reading in beside for problem in reading.problems]
            self.problems += found
            if not found:
                self._problem("not_a_rule", "the file is no rule, and no rule beside it names it", path)
            return
        if not part.items:
            self.parts.append(part)
            part.declare(contents.items)
            self._add_helpers(part, contents, whole=False)
        reading = contents.items[file]
        part.items[file] = reading
        self._taken.update(self._real(other) for other in (file, *reading.companions))

    def _add_helpers(self, part: _Part, contents: _Contents, *, whole: bool) -> None:
        """What the rules of a pack can import; `whole`: the contents are those of its folder and below."""
        for folder in (part.root, *helper_modules.folders(part.root)):
            is_root = folder == part.root
            if is_root or (whole and folder.parent == part.root):
                here = contents
            else:
                here = self._read_elsewhere(folder)
                part.declare(here.items)
                part.found_elsewhere |= here.items
            helpers = helper_modules.in_folder(folder, here.rest, packages=not is_root)
            if helpers:
                part.found += helpers
                part.helper_paths.append(folder)
            if whole or not is_root:  # what lies beside a file that was named is nobody's mistake yet
                self.problems += helper_modules.problems(helpers)
        self.problems += helper_modules.shadowed(part.declared)

    def _read_elsewhere(self, folder: Path) -> _Contents:
        if folder not in self._elsewhere:
            files, problems = walk.files(folder, self._real)
            contents = self._read(files)
            self.problems += problems
            self.problems += [problem for reading in contents.items.values() for problem in reading.problems]
            self._elsewhere[folder] = contents
        return self._elsewhere[folder]

    def _read(self, files: Iterable[Path]) -> _Contents:
        """Offers every file to the formats of its ending; companions of items are no items themselves."""
        every = [file for file in files if not self._is_ignored(file)]
        readings: dict[Path, Reading] = {}
        for file in every:
            reading = self._cache.find(file)
            for rule_format in self._formats if reading is None else ():
                if file.suffix.lower() in rule_format.SUFFIXES:
                    reading = rule_format.read(file, known=self._known)
                    if reading is not None:
                        self._cache.keep(file, reading)
                        break
            if reading is not None:
                readings[file] = reading
        companions = {
            self._real(other): file for file, reading in readings.items() for other in reading.companions
        }
        free = {file: real for file in every if (real := self._real(file)) not in companions}
        items = {file: readings[file] for file in free if file in readings}
        rest = [file for file in free if file.suffix == ".py" and file not in readings]
        return _Contents(items, rest, {free[file]: file for file in items} | companions)

    def _is_ignored(self, file: Path) -> bool:
        return any(fnmatchcase(os.path.normpath(file.absolute()), pattern) for pattern in self._ignored)

    def _problem(self, name: str, message: str, path: Path | None = None) -> None:
        self.problems.append(Problem(code=code(name), message=message, path=path))
