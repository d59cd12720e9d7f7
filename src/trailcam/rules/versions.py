"""Versions of rules and packs: digests of everything that decides what a rule says."""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from trailcam.model.data_model import DataModel
from trailcam.model.logtype import LogType
from trailcam.model.lookup import LookupTable
from trailcam.model.rule import Pack, Rule
from trailcam.rules import walk
from trailcam.yaml12 import read_bytes


def rule_versions(
    packs: Sequence[Pack],
    rules: Iterable[Rule],
    log_types: Iterable[LogType],
    lookups: Sequence[LookupTable] = (),
    *,
    keeps: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> dict[str, str]:
    """Rule id to the digest of its source, metadata and settings, and of all helpers of whatever pack.

    Which of its log types are known counts: while one is not, a rule sees none of its events, and is another
    one as soon as it does.
    The unified names of those log types count. How lookup tables are declared counts for rules of the log
    types that they are asked for; what the tables hold does not: it has versions of its own. Tests,
    descriptions and the place of a pack do not count either: they change no match. By the id of a rule,
    `keeps` are fields of its matches that are kept for others: with one more, it is run again.
    """
    helpers = [part for pack in packs for part in sorted(_file(path, pack.root) for path in _helpers(pack))]
    known = {log_type.name for log_type in log_types}
    models = {
        log_type: model
        for pack in packs
        for model in pack.data_models
        if model.enabled
        for log_type in model.log_types
    }
    return {
        rule.id: _digest(
            [
                *_parts(rule),
                *_unknown(rule, known),
                *_tables(rule, lookups),
                *_names(rule, models),
                *_keeps(keeps.get(rule.id, ())),
                *helpers,
            ]
        )
        for rule in rules
    }


def pack_version(versions: Mapping[str, str]) -> str:
    """The digest of a set of rules with their versions."""
    return _digest(f"{rule_id} {version}".encode() for rule_id, version in sorted(versions.items()))


def _parts(rule: Rule) -> Iterator[bytes]:
    yield rule.body.encode("utf-8", "surrogatepass")
    for value in (
        rule.id,
        rule.format,
        rule.kind.value,
        rule.log_types,
        rule.resource_types,
        rule.suppressions,
        rule.filters,
        rule.severity.name,
        rule.title,
        rule.period_minutes,
        rule.threshold,
        rule.create_alert,
        rule.destinations,
        rule.configured,
    ):
        yield repr(value).encode()


def _unknown(rule: Rule, known: Container[str]) -> Iterator[bytes]:
    for log_type in sorted(set(rule.log_types)):
        if log_type not in known:
            yield repr(("no events of", log_type)).encode()


def _tables(rule: Rule, lookups: Iterable[LookupTable]) -> Iterator[bytes]:
    for table in sorted(lookups, key=lambda table: table.name):
        for log_type in sorted(set(rule.log_types)):
            selectors = table.selectors_of(log_type)
            if selectors:
                yield repr((table.name, table.format, table.key, log_type, sorted(selectors))).encode()


def _names(rule: Rule, models: Mapping[str, DataModel]) -> Iterator[bytes]:
    """What events of its log types are called by."""
    for log_type in sorted(set(rule.log_types)):
        model = models.get(log_type)
        if model is not None:
            yield repr((model.id, log_type, model.mappings)).encode()
            yield model.body.encode("utf-8", "surrogatepass")


def _keeps(fields: Sequence[str]) -> Iterator[bytes]:
    if fields:
        yield repr(("keeps", *fields)).encode()


def _helpers(pack: Pack) -> set[Path]:
    """All Python files that rules may import from a pack, also those that are links to others."""
    names = (walk.Kind.FILE, walk.Kind.LINK)
    return {
        entry.path
        for folder in pack.helper_paths
        for entry in walk.entries(folder, problems=[])
        if entry.kind in names and entry.path.suffix == ".py"
    } | {helper.path for helper in pack.helper_modules}


def _file(path: Path, root: Path) -> bytes:
    name = path.relative_to(root) if path.is_relative_to(root) else path.name
    try:
        return f"{name}\n".encode("utf-8", "surrogateescape") + read_bytes(path)
    except OSError:  # importing it tells; what is no regular file, such as a pipe, is none to Python either
        return f"{name}\n".encode("utf-8", "surrogateescape")


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
