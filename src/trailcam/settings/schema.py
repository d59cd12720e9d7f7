"""Every setting, declared once: what it is, what it takes, what stands in for it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trailcam.forms import NAME, SECONDS, Form, Key, ListOf, MappingOf, Plain, Report, same_text, seconds
from trailcam.model.lookup import TABLE_NAME
from trailcam.settings.git_pack import PREFIX, GitPack, is_git, redacted
from trailcam.settings.sources import AnySource, SourceSettings
from trailcam.yaml12 import Steps

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SIZE = re.compile(r"(\d+)\s*(B|KiB|MiB|GiB)?")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def size_bytes(value: Any) -> int | None:
    """The number of bytes that `4096` or `"64 MiB"` names; None when it names none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value > 0 else None
    written = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    size = int(written[1]) * _UNITS[written[2]] if written else 0
    return size or None


def seconds_or_never(value: Any) -> float | None:
    """A number of seconds, or 0, which is never or not at all; None when it is neither."""
    if value in (0, "0") and not isinstance(value, bool):
        return 0.0
    return seconds(value)


SIZE = Plain('a size such as 4096 or "64 MiB"', lambda value: size_bytes(value) is not None)

SECONDS_OR_NONE = Plain("a number of seconds, 0 for none", lambda value: seconds_or_never(value) is not None)

SECONDS_OR_NEVER = Plain(
    "a number of seconds, 0 for never", lambda value: seconds_or_never(value) is not None
)

LIMITS_FORM = Form(
    "[limits]",
    {
        "origin_bytes": Key(SIZE, doc="The most that one packed file may unpack to."),
        "record_bytes": Key(SIZE, doc="The largest record that is read."),
        "worker_bytes": Key(SIZE, doc="Memory of one worker process."),
        "rule_seconds": Key(SECONDS, doc="The longest a rule may take on one event."),
        "group_bytes": Key(SIZE, doc="How many packed bytes of small files go to a worker at once."),
    },
)

LIVE_FORM = Form(
    "[live]",
    {
        "group_seconds": Key(SECONDS, doc="How long what has come may wait for more to go to a worker with."),
        "publish_seconds": Key(SECONDS, doc="How often what is decided is published in the lake's tables."),
        "wait_seconds": Key(SECONDS, doc="How long a source may wait for news before it answers."),
        "lane_delay_seconds": Key(
            SECONDS_OR_NONE,
            doc="How long an event that is decided waits for earlier ones, before rules that keep state "
            "see it.",
        ),
        "lateness_seconds": Key(
            SECONDS_OR_NONE,
            doc="How late events may come: so long correlation rules wait for what must be absent.",
        ),
        "ahead_bytes": Key(SIZE, doc="How much may be fetched ahead of what is decided, as it lies there."),
    },
)

DEPLOY_FORM = Form(
    "[deploy]",
    {
        "check_seconds": Key(
            SECONDS_OR_NEVER,
            doc="How often a server looks whether folders of packs, or this file, have changed.",
        ),
        "git_seconds": Key(
            SECONDS_OR_NEVER, doc="How often a server asks git repositories whether packs have changed."
        ),
    },
)


def _header(steps: Steps) -> str:
    """Steps as the header of a table in TOML."""
    return f"[{'.'.join(name if _BARE.fullmatch(name) else json.dumps(name) for name in map(str, steps))}]"


class _LookupTableForm(Form):
    """That of one lookup table. It knows a name with dots, of which TOML makes tables in tables."""

    __slots__ = ()

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """As every form; a name with dots is one problem, not one of every key that seems to be missing."""
        inner = {}
        for key, item in value.items() if isinstance(value, dict) else ():
            if rest := self._rest_of_name(key, item):
                inner[key] = (*steps, *rest)
        for names in inner.values():
            message = f"the name of a lookup table has no dots; found {_header(names)}"
            hint = f"say {_header((names[0], '_'.join(map(str, names[1:]))))}"
            report("bad_value", names, message, hint)
        own = {key: item for key, item in value.items() if key not in inner} if inner else value
        if own or not inner:
            super().check(own, steps, report)

    def _rest_of_name(self, key: str, item: Any) -> list[str]:
        """The parts of a name that end in the keys of a table; none where a key is no part of a name."""
        names: list[str] = []
        while key not in self.keys and isinstance(item, dict) and item:
            names.append(key)
            if set(item) & set(self.keys):
                return names
            key, item = next(iter(item.items()))
        return []


LOOKUP_TABLE_FORM = _LookupTableForm(
    "[lookup_tables.NAME]",
    {
        "path": Key(NAME, required=True, doc="The file; seen from the folder of the settings file."),
        "format": Key(NAME, doc="The form of the file; that of its ending if absent."),
        "key": Key(NAME, doc="The column by which a row is found; a database of addresses has none."),
        "selectors": Key(
            MappingOf(ListOf(NAME, 1, alike=same_text), key=NAME),
            required=True,
            doc="Log type to the fields of its events that are looked up, as dotted paths.",
        ),
    },
    called=_header,
)


def _same_pack(item: Any) -> str | None:
    """For `ListOf.alike`: the text, and of a URL what may be told."""
    text = same_text(item)
    if text is None or not is_git(text):
        return text
    try:
        return PREFIX + redacted(text[len(PREFIX) :])
    except ValueError:  # it is no URL, which reading it tells
        return None


_NO_TABLE = Plain(
    'a value, and no table (an id with dots stands in quotes: [rules."My.Rule"])',
    lambda value: not isinstance(value, dict),
)

SETTINGS_FORM = Form(
    "trailcam.toml",
    {
        "home": Key(NAME, doc="The folder in which everything is kept; in the file it is seen from there."),
        "packs": Key(
            ListOf(NAME, 0, _same_pack),
            doc="Packs that run when the command line names neither packs nor rules: folders, seen from the "
            "file, packs that Trailcam brings, by name, or folders in git repositories, as "
            "`git+https://HOST/REPO.git@REF#subdirectory=DIR`.",
        ),
        "rules": Key(
            MappingOf(MappingOf(_NO_TABLE)),
            doc="By the id of a rule, in quotes when it has dots: values for the settings its file declares.",
        ),
        "limits": Key(LIMITS_FORM, doc="What may be used."),
        "live": Key(LIVE_FORM, doc="How `trailcam serve` and `trailcam worker` keep pace."),
        "sources": Key(
            MappingOf(
                AnySource(),
                key=Plain(
                    "a name of letters, digits, `_` and `-`",
                    lambda value: isinstance(value, str) and _BARE.fullmatch(value) is not None,
                ),
            ),
            doc="What is followed by `trailcam serve`; `NAME` is the `p_source_label` of its events.",
        ),
        "deploy": Key(DEPLOY_FORM, doc="How a server comes to new rules."),
        "lookup_tables": Key(
            MappingOf(
                LOOKUP_TABLE_FORM,
                key=Plain(
                    "a name of letters, digits, `_`, `-` and blanks",
                    lambda value: isinstance(value, str) and TABLE_NAME.fullmatch(value) is not None,
                ),
            ),
            doc="Tables that events are looked up in; `NAME` is the key under `p_enrichment`.",
        ),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What may be used; sizes in bytes."""

    origin_bytes: int = 4 << 30
    record_bytes: int = 16 << 20
    worker_bytes: int = 1 << 30
    rule_seconds: float = 15.0
    group_bytes: int = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """The pace of what runs for long."""

    group_seconds: float = 2.0
    publish_seconds: float = 30.0
    wait_seconds: float = 10.0
    lane_delay_seconds: float = 0.0
    lateness_seconds: float = 3600.0
    ahead_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploySettings:
    """How a server comes to new rules; 0 is never."""

    check_seconds: float = 10.0
    git_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTableSettings:
    """A table as it is declared; `format` and `key` are empty where they are absent."""

    name: str
    path: Path
    format: str = ""
    key: str = ""
    selectors: tuple[tuple[str, tuple[str, ...]], ...] = ()
    declared_in: Path | None = None
    """The file of a pack that declares it; None where the settings do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, complete."""

    home: Path = Path(".trailcam")
    """As it is seen from the folder a command runs in."""
    packs: tuple[Path | GitPack, ...] = ()
    """Folders as they are seen from the folder a command runs in; a name without a folder is that of a pack
    Trailcam brings."""
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the id of a rule, the values given to its settings; they are checked when the rule is loaded."""
    limits: LimitSettings = LimitSettings()
    live: LiveSettings = LiveSettings()
    sources: tuple[SourceSettings, ...] = ()
    """By name."""
    deploy: DeploySettings = DeploySettings()
    lookup_tables: tuple[LookupTableSettings, ...] = ()
    """By name."""
    file: Path | None = None
    """Where they were read from; None where there is no file."""
