"""Finds components by where they lie, and imports one only when it is used.

A built-in component is a file or a folder in the package of its kind; one that another distribution brings
is an entry point in the group `trailcam.<kind>`. There is no list of members anywhere.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trailcam.errors import Problem, TrailcamError, code, nearest

_MODULES = {
    "lookup_format": "trailcam.enrichments.formats",
    "rule_format": "trailcam.rules.formats",
    "source": "trailcam.sources.live",
}
"""Where the kinds live whose members are code."""

_DATA = {"log_type": "trailcam.logtypes", "pack": "trailcam.packs"}
"""Where the kinds live whose members are folders of data."""


def kinds() -> tuple[str, ...]:
    """All kinds, sorted: the groups of entry points are `trailcam.<kind>`."""
    return tuple(sorted(_MODULES | _DATA))


def names(kind: str) -> tuple[str, ...]:
    """The names of all components of a kind that is code, sorted; nothing is imported."""
    return tuple(sorted(_loaders(kind)))


def brought(kind: str) -> tuple[tuple[str, tuple[Path, ...]], ...]:
    """What other distributions bring of a kind that is code, sorted: (who brings what, the files and folders
    of the whole package that holds it); nothing is imported."""
    found = []
    for entry in entry_points(group=f"trailcam.{kind}"):
        who = "" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        found.append((f"{entry.name} {entry.value} {who}", _places(entry.module.partition(".")[0])))
    return tuple(sorted(found))


def load(kind: str, name: str) -> Any:
    """The module of one component.

    Raises:
        TrailcamError: TC0105 there is none of this name.
    """
    loaders = _loaders(kind)
    if name not in loaders:
        known = ", ".join(sorted(loaders)) or "none"
        raise TrailcamError(
            Problem(
                code=code("unknown_component"),
                message=f'there is no {kind} "{name}"; known: {known}',
                hint=nearest(name, loaders),
            )
        )
    return loaders[name]()


def folders(kind: str, marker: str) -> tuple[Path, ...]:
    """The folders of a kind that is data: those that hold a file called `marker`, sorted by path."""
    places = [_package_folder(_DATA[kind])]
    places += [_package_folder(entry.value) for entry in entry_points(group=f"trailcam.{kind}")]
    return tuple(sorted(found.parent for place in places for found in place.glob(f"*/{marker}")))


def _loaders(kind: str) -> dict[str, Callable[[], Any]]:
    package = _MODULES[kind]
    loaders: dict[str, Callable[[], Any]] = {}
    for module in pkgutil.iter_modules([str(_package_folder(package))]):
        if not module.name.startswith("_"):
            loaders[module.name] = _importer(f"{package}.{module.name}")
    for entry in entry_points(group=f"trailcam.{kind}"):
        loaders[entry.name] = entry.load
    return loaders


def _importer(module: str) -> Callable[[], Any]:
    return lambda: import_module(module)


def _places(package: str) -> tuple[Path, ...]:
    """The folders of a package, or where a module lies that is in none; nothing where it is not found."""
    spec = find_spec(package)
    if spec is None:
        return ()
    if spec.submodule_search_locations is not None:
        return tuple(map(Path, spec.submodule_search_locations))
    return (Path(spec.origin),) if spec.has_location and spec.origin else ()


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise TrailcamError(
            Problem(code=code("unknown_component"), message=f'the package "{package}" cannot be found')
        )
    return Path(next(iter(spec.submodule_search_locations)))
