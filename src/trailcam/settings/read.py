"""Reads `trailcam.toml` and the environment into `Settings`."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trailcam.errors import Problem, TrailcamError, code, nearest
from trailcam.forms import Form, check, seconds
from trailcam.settings.git_pack import FORM, GitPack, is_git, parse
from trailcam.settings.schema import (
    DEPLOY_FORM,
    LIMITS_FORM,
    LIVE_FORM,
    SETTINGS_FORM,
    DeploySettings,
    LimitSettings,
    LiveSettings,
    LookupTableSettings,
    Settings,
    seconds_or_never,
    size_bytes,
)
from trailcam.settings.sources import CANARY_WITHIN_SECONDS, TRIES, SourceSettings, own_keys, paths_of
from trailcam.yaml12 import Document

SETTINGS_FILE = "trailcam.toml"
_PREFIX = "TRAILCAM_"
HOME_VARIABLE = f"{_PREFIX}HOME"
CACHE_VARIABLE = f"{_PREFIX}CACHE"
"""Where what was read of rules is kept between commands; empty: nowhere. It is this user's and machine's
affair, so no file has a key for it."""

_SECTIONS: Mapping[str, Form] = {"deploy": DEPLOY_FORM, "limits": LIMITS_FORM, "live": LIVE_FORM}
"""Those whose keys have variables."""


def read_settings(*, folder: Path, environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """The settings of `file`, else of `trailcam.toml` in `folder` if there is one, and of the environment.

    Raises:
        TrailcamError: TC0101 `file` is missing, TC0103 with every unknown key and every wrong value.
    """
    path = file or folder / SETTINGS_FILE
    written: dict[str, Any] = {}
    problems: list[Problem] = []
    if path.is_file():
        written, problems = _from_toml(path)
    elif file is not None:
        raise TrailcamError(Problem(code=code("path_not_found"), message=f"no such settings file: {file}"))
    home = Settings().home
    if isinstance(written.get("home"), str):
        home = path.parent / _folder(written["home"])
    if environment.get(HOME_VARIABLE):
        home = _folder(environment[HOME_VARIABLE])
    sections = {name: written.get(name, {}) for name in _SECTIONS}
    sections = {name: dict(given) if isinstance(given, dict) else {} for name, given in sections.items()}
    for name, value in sorted(environment.items()):
        if name.startswith(_PREFIX) and name not in (HOME_VARIABLE, CACHE_VARIABLE):
            problems += _from_variable(name, value, sections)
    packs, wrong = _packs(written.get("packs", ()), path)
    if problems or wrong:
        raise TrailcamError([*problems, *wrong])
    numbers = {
        name: {key: _number(name, key, value) for key, value in given.items()}
        for name, given in sections.items()
    }
    return Settings(
        home=home,
        packs=packs,
        rules=written.get("rules", {}),
        limits=LimitSettings(**numbers["limits"]),
        live=LiveSettings(**numbers["live"]),
        deploy=DeploySettings(**numbers["deploy"]),
        sources=tuple(_sources(written.get("sources", {}), path.parent)),
        lookup_tables=tuple(_tables(written.get("lookup_tables", {}), path.parent)),
        file=path if written else None,
    )


def _tables(written: dict[str, Any], folder: Path) -> Iterator[LookupTableSettings]:
    for name, table in sorted(written.items()):
        yield LookupTableSettings(
            name=name,
            path=folder / _folder(table["path"]),
            format=table.get("format", ""),
            key=table.get("key", ""),
            selectors=tuple((log_type, tuple(fields)) for log_type, fields in table["selectors"].items()),
        )


def _sources(written: dict[str, Any], folder: Path) -> Iterator[SourceSettings]:
    for name, source in sorted(written.items()):
        type_ = source["type"]
        options = own_keys(source)
        for key in paths_of(type_) & options.keys():
            options[key] = folder / _folder(options[key])
        yield SourceSettings(
            name=name,
            type=type_,
            tries=source.get("tries", TRIES),
            canary_seconds=source.get("canary_seconds", 0),
            canary_within_seconds=source.get("canary_within_seconds", CANARY_WITHIN_SECONDS),
            options=options,
        )


def _packs(written: Any, file: Path) -> tuple[tuple[Path | GitPack, ...], list[Problem]]:
    """The packs, and what is wrong with their texts; a value that is no list of texts has been told."""
    packs, problems = [], []
    for text in written if isinstance(written, list | tuple) else ():
        if not isinstance(text, str):
            continue
        try:
            packs.append(pack_named(text, seen_from=file.parent))
        except ValueError as error:
            message = f"packs: a pack from git is not understood: {error}"
            problems.append(
                Problem(code=code("bad_git_pack"), message=message, path=file, hint=f"say {FORM}")
            )
    return tuple(packs), problems


def pack_named(written: str, *, seen_from: Path) -> Path | GitPack:
    """The folder of a pack, or its bare name where there is no such folder; or where it lies in git.

    Raises:
        ValueError: it is meant to name one in git, and does not; in words.
    """
    if is_git(written):
        return parse(written)
    folder = seen_from / _folder(written)
    return folder if folder.exists() or "/" in written else Path(written)


def _folder(written: str) -> Path:
    """A path whose `~` no shell has replaced."""
    try:
        return Path(written).expanduser()
    except RuntimeError:  # there is no such user: then it is the name of a folder
        return Path(written)


def _from_toml(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, [Problem(code=code("bad_setting"), message=f"not readable TOML: {error}", path=path)]
    found = check(Document(path, written), SETTINGS_FORM)
    return written, [
        Problem(code=code("bad_setting"), message=problem.message, path=path, hint=problem.hint)
        for problem in found
    ]


def _from_variable(name: str, value: str, sections: Mapping[str, dict[str, Any]]) -> list[Problem]:
    known = {
        f"{_PREFIX}{section.upper()}_{key.upper()}": (section, key)
        for section, form in _SECTIONS.items()
        for key in form.keys
    }
    if name not in known:
        names = [HOME_VARIABLE, CACHE_VARIABLE, *known]
        hint = nearest(name, names) or f"known: {', '.join(names)}"
        return [Problem(code=code("bad_setting"), message=f"unknown variable {name}", hint=hint)]
    section, key = known[name]
    if _number(section, key, value) is None:
        message = f"{name} must be {_SECTIONS[section].keys[key].kind.expected}; found {value!r}"
        return [Problem(code=code("bad_setting"), message=message)]
    sections[section][key] = value
    return []


def _number(section: str, key: str, value: Any) -> Any:
    if section == "deploy" or key in ("lane_delay_seconds", "lateness_seconds"):
        return seconds_or_never(value)
    return seconds(value) if key.endswith("_seconds") else size_bytes(value)
