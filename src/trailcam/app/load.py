"""Loads log types and rules as a command line names them."""

import gc
import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from trailcam import registry
from trailcam.app.readings import readings
from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.lake.names import EVENTS, OWN_NAMES, PLACE, column_names, table_name
from trailcam.logtypes import loader as logtypes
from trailcam.model.correlation import Correlation, sources
from trailcam.model.logtype import LogType
from trailcam.model.rule import IN_THE_LINE, Kind, Pack, Rule
from trailcam.rules.loader import load_packs
from trailcam.rules.metadata_filter import Filter, chosen
from trailcam.rules.settings import misfits
from trailcam.settings.git_pack import GitPack
from trailcam.settings.schema import Settings

PACK_PAGE = "README.md"
"""By this file in it, a folder is known as a pack that Trailcam brings."""

_UNSET = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a run knows: log types, packs, and the rules among them that are to run."""

    log_types: tuple[LogType, ...]
    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    disabled: tuple[Rule, ...] = ()
    """Loaded, but switched off in their metadata and not asked for by id."""
    not_configured: tuple[str, ...] = ()
    """Ids for which there are settings, and that none of the loaded rules has."""
    correlations: tuple[Rule, ...] = ()
    """Correlation rules that are to run over the matches of `rules`, each behind those whose matches it looks
    at; none where rules of other kinds were asked for."""
    not_correlated: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of correlation rules that would run, each with the rules it looks at and that do not."""
    kinds: frozenset[Kind] = IN_THE_LINE
    """What was asked for."""
    never_asked: dict[str, list[str]] = field(default_factory=dict)
    """Log types that lookup tables name and of which there is no schema, with the names of those tables."""

    def only(self, takes: Callable[[Rule], bool]) -> "Loaded":
        """The same with those rules alone that are taken."""
        rules = tuple(rule for rule in self.rules if takes(rule))
        together, without = _correlated((rule for rule in self.correlations if takes(rule)), rules)
        return replace(self, rules=rules, correlations=together, not_correlated=self.not_correlated | without)

    @property
    def correlated(self) -> list[Correlation]:
        """What correlation rules of the packs say that are switched on, whichever rules were asked for: what
        is kept of a match does not hang on that."""
        every = {rule.id: rule for pack in self.packs for rule in pack.rules if rule.enabled}
        every |= {rule.id: rule for rule in self.correlations}
        return [rule.correlation for rule in every.values() if rule.correlation is not None]

    @property
    def without_schema(self) -> dict[str, list[str]]:
        """Log types that rules name and of which there is no schema, with the ids of those rules."""
        known = {log_type.name for log_type in self.log_types}
        missing: dict[str, list[str]] = {}
        for rule in self.rules:
            for name in rule.log_types:
                if name not in known:
                    missing.setdefault(name, []).append(rule.id)
        return missing

    @property
    def not_loaded(self) -> dict[str, int]:
        """Items that lie in the packs and that are not run here, by kind: this version does not run them at
        all, or they are rules of another kind than was asked for."""
        counts: Counter[str] = Counter()
        for pack in self.packs:
            counts.update(dict(pack.not_loaded))
            counts.update(
                rule.kind.value
                for rule in pack.rules
                if rule.kind not in self.kinds
                and (rule.kind is not Kind.CORRELATION_RULE or self.kinds != IN_THE_LINE)
            )
        return dict(counts)


def load_log_types(folders: Sequence[Path]) -> tuple[LogType, ...]:
    """The built-in log types and those of the user's folders.

    Raises:
        TrailcamError: every problem of every schema at once.
    """
    own = [found for folder in folders for found in logtypes.find(folder)]
    loaded = logtypes.load([*registry.folders("log_type", logtypes.SCHEMA_FILE), *own])
    _refuse_clashes(loaded)
    return loaded


def _refuse_clashes(log_types: Sequence[LogType]) -> None:
    """Refuses log types whose tables or columns could not be told apart; SQL does not tell `a` from `A`."""
    taken = dict.fromkeys(OWN_NAMES, "a table of Trailcam's own") | {EVENTS: "the table of all events"}
    problems = []
    for log_type in log_types:
        said = []
        name = table_name(log_type.name)
        if name in taken:
            said.append(f'the table of {log_type.name} would be "{name}", which is {taken[name]}')
        taken.setdefault(name, f"that of {log_type.name}")
        columns: set[str] = set()
        for column in column_names(log_type):
            if column.lower() in columns:
                said.append(f'{log_type.name}: "{column}" names two columns, capitals apart')
            if column.lower() in PLACE:
                said.append(
                    f'{log_type.name}: no column can be named "{column}"; without `column: true`, '
                    "the field can be asked for all the same"
                )
            columns.add(column.lower())
        path = log_type.folder / logtypes.SCHEMA_FILE
        problems += [Problem(code=code("bad_schema"), message=message, path=path) for message in said]
    if problems:
        raise TrailcamError(problems)


def load(
    *,
    packs: Sequence[Path] = (),
    rules: Sequence[str] = (),
    log_types: Sequence[Path] = (),
    disabled: bool = False,
    kinds: Collection[Kind] = IN_THE_LINE,
    filters: Sequence[Filter] = (),
    settings: Settings = _UNSET,
    ignored: Sequence[str] = (),
    ignores_extra_keys: bool = False,
) -> Loaded:
    """Packs by folder, or by name those that Trailcam brings; rules by file, by folder, or by id (`*` stands
    for any text) out of the packs. Where neither packs nor rules are named, the packs are those of the
    settings, and every rule that the settings speak of must be in them.

    Without ids, every enabled rule of these kinds runs, and with `disabled` the others too. A rule that is
    named itself, by its id or its file, runs even when it is switched off. Of all of them, those run that
    every one of `filters` takes. With rules of the line come the correlation rules over them; one that
    is asked for by its id brings the rules of the packs at which it looks.
    `ignored` and `ignores_extra_keys` are those of `load_packs`.

    Raises:
        TrailcamError: every problem at once; TC0101 no such pack, TC0103 a setting that a rule does not have,
            or of a rule that there is not, TC0212 an id that no rule has, TC0821 the packs of the settings
            are not all folders.
    """
    known = load_log_types(log_types)
    all_of_them = not packs and not rules and bool(settings.packs)
    packs = _folders(settings) if all_of_them else packs
    paths = [pack_folder(path) for path in packs]
    ids: list[str] = []
    for name in rules:
        if Path(name).exists():
            paths.append(Path(name))
        else:
            ids.append(name)
    missing = [path for path in paths if not path.exists()]
    if missing:
        brought = [folder.name for folder in builtin_packs()]
        hint = f"Trailcam brings {', '.join(brought)}; all others are folders"
        raise TrailcamError(
            Problem(code=code("path_not_found"), message=f"no such pack: {path}", hint=hint)
            for path in missing
        )
    distinct = _distinct(paths)
    with _without_collecting():
        loaded = load_packs(
            distinct,
            log_types=[log_type.name for log_type in known],
            sample=_Samples(known),
            ignored=ignored,
            ignores_extra_keys=ignores_extra_keys,
            cache=readings(distinct, known, os.environ, ignores_extra_keys=ignores_extra_keys),
        )
    loaded = _configured(loaded, settings, all_of_them=all_of_them)
    every = tuple(rule for pack in loaded for rule in pack.rules)
    named = {Path(name).resolve() for name in rules if Path(name).is_file()}
    in_line = frozenset(kinds) == IN_THE_LINE
    wanted = {*kinds, Kind.CORRELATION_RULE} if in_line else set(kinds)
    asked = _by_id(every, ids) if ids else every
    running = chosen(
        (rule for rule in (_with_sources(asked, every) if in_line else asked) if rule.kind in wanted), filters
    )
    by_id = {rule.id for rule in asked} if ids else set()
    on = [rule for rule in running if rule.enabled or disabled or rule.id in by_id or _files(rule) & named]
    ids_on = {rule.id for rule in on}
    together, without = _correlated((rule for rule in on if rule.kind not in kinds), on)
    on = [rule for rule in on if rule.kind in kinds]
    return Loaded(
        log_types=known,
        packs=loaded,
        rules=tuple(on),
        disabled=tuple(rule for rule in running if rule.id not in ids_on),
        correlations=together,
        not_correlated=without,
        kinds=frozenset(kinds),
        not_configured=tuple(sorted(set(settings.rules) - {rule.id for rule in every})),
        never_asked=_never_asked(settings, {log_type.name for log_type in known}),
    )


def _correlated(
    rules: Iterable[Rule], others: Iterable[Rule]
) -> tuple[tuple[Rule, ...], dict[str, tuple[str, ...]]]:
    """Those correlation rules, each behind those it looks at, of which all that they look at runs; and of
    the rest, by id, what does not."""
    there = {rule.id for rule in others if rule.correlation is None}
    waiting = {rule.id: rule for rule in rules}
    found: list[Rule] = []
    while ready := [rule for rule in waiting.values() if not _looked_at(rule) - there]:
        found += ready
        there |= {rule.id for rule in ready}
        waiting = {rule_id: rule for rule_id, rule in waiting.items() if rule_id not in there}
    return tuple(found), {
        rule_id: tuple(sorted(_looked_at(rule) - there)) for rule_id, rule in waiting.items()
    }


def _with_sources(asked: Sequence[Rule], every: Sequence[Rule]) -> list[Rule]:
    """Those that are asked for, and what correlation rules among them look at, in the order of all."""
    by_id = {rule.id: rule for rule in every}
    found: set[str] = set()
    more = {rule.id for rule in asked}
    while more:
        found |= more
        more = set().union(*(_looked_at(by_id[rule_id]) for rule_id in more)) & by_id.keys() - found
    return [rule for rule in every if rule.id in found]


def _looked_at(rule: Rule) -> frozenset[str]:
    return frozenset() if rule.correlation is None else sources([rule.correlation])


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Loading makes many objects and throws few away: looking for circles among them is a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _never_asked(settings: Settings, known: set[str]) -> dict[str, list[str]]:
    missing: dict[str, list[str]] = {}
    for table in settings.lookup_tables:
        for log_type, _ in table.selectors:
            if log_type not in known:
                missing.setdefault(log_type, []).append(table.name)
    return missing


def _folders(settings: Settings) -> Sequence[Path]:
    """The packs of the settings, which are folders, or were made so by a deployment."""
    in_git = [pack for pack in settings.packs if isinstance(pack, GitPack)]
    if in_git:
        raise TrailcamError(
            Problem(code=code("git_pack_here"), message=f"this comes from git: {pack}", path=settings.file)
            for pack in in_git
        )
    return [pack for pack in settings.packs if isinstance(pack, Path)]


def builtin_packs() -> tuple[Path, ...]:
    """The folders of the packs that Trailcam and other distributions bring."""
    return registry.folders("pack", PACK_PAGE)


def pack_folder(path: Path) -> Path:
    """A folder as it is named, else the pack of this name that Trailcam brings."""
    if path.exists():
        return path
    return next((folder for folder in builtin_packs() if folder.name == str(path)), path)


def _configured(packs: Sequence[Pack], settings: Settings, *, all_of_them: bool) -> tuple[Pack, ...]:
    """The packs with the values that the user gives to settings of their rules."""
    rules = {rule.id: rule for pack in packs for rule in pack.rules}
    wrong = []
    for rule_id, values in settings.rules.items():
        if rule_id in rules:
            declared = json.loads(rules[rule_id].settings)
            wrong += [(rule_id, message, hint) for _, message, hint in misfits(values, declared)]
        elif all_of_them:
            wrong.append((rule_id, "no rule of the packs has this id", nearest(rule_id, rules)))
    if wrong:
        raise TrailcamError(
            Problem(
                code=code("bad_setting"),
                message=f'[rules."{rule_id}"]: {message}',
                path=settings.file,
                hint=hint or "the page of the pack tells which rules and settings there are",
            )
            for rule_id, message, hint in wrong
        )
    return tuple(
        replace(
            pack,
            rules=tuple(
                replace(rule, configured=json.dumps(settings.rules.get(rule.id, {}), sort_keys=True))
                for rule in pack.rules
            ),
        )
        for pack in packs
    )


def _files(rule: Rule) -> set[Path]:
    return {rule.path.resolve(), rule.metadata_path.resolve()}


def _distinct(paths: Sequence[Path]) -> list[Path]:
    return list({path.resolve(): path for path in paths}.values())


def _by_id(rules: Sequence[Rule], ids: Sequence[str]) -> tuple[Rule, ...]:
    problems = [
        Problem(
            code=code("no_such_rule"),
            message=f'"{name}" is neither a path nor the id of a loaded rule',
            hint=nearest(name, [rule.id for rule in rules])
            or ("" if rules else "name a pack folder with --packs, or a path"),
        )
        for name in ids
        if not any(fnmatchcase(rule.id, name) for rule in rules)
    ]
    if problems:
        raise TrailcamError(problems)
    return tuple(rule for rule in rules if any(fnmatchcase(rule.id, name) for name in ids))


class _Samples:
    """Sample records of log types, read when first asked for."""

    def __init__(self, log_types: Sequence[LogType]) -> None:
        self._log_types = {log_type.name: log_type for log_type in log_types}
        self._read: dict[str, dict[str, dict[str, Any]]] = {}

    def __call__(self, log_type: str, name: str) -> dict[str, Any]:
        if log_type not in self._read:
            self._read[log_type] = logtypes.samples(self._log_types[log_type])
        found = self._read[log_type]
        if name not in found:
            raise KeyError(name, *found)
        return found[name]
