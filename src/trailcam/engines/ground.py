"""What a worker's own code stands on, in modules and in its process, and whether a rule has changed that.

Rules share a process with each other and with us: one that gives `builtins.len` or `json.dumps` another
meaning while it runs would make all of them say something else, and us hang.
"""

import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from json import JSONDecoder, JSONEncoder
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import ModuleType
from typing import Any

from trailcam.model.batch import EventBatch
from trailcam.model.event import PantherEvent
from trailcam.rules.run import RuleRunner

_MODULES = (
    "builtins",
    "collections",
    "copy",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "functools",
    "hashlib",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "json.decoder",
    "json.encoder",
    "linecache",
    "math",
    "multiprocessing.connection",
    "multiprocessing.reduction",
    "operator",
    "os",
    "pickle",
    "re",
    "struct",
    "time",
    "traceback",
    "zlib",
    "trailcam.engines.tasks",
    "trailcam.pipeline.detect",
    "trailcam.rules.functions",
    "trailcam.rules.run",
)
_CLASSES = (
    Connection,
    EventBatch,
    ForkingPickler,
    JSONDecoder,
    JSONEncoder,
    PantherEvent,
    RuleRunner,
)
_OURS = "trailcam."
_LIMITS = tuple(number for name, number in sorted(vars(resource).items()) if name.startswith("RLIMIT_"))

PARTS = (
    "sys.modules",
    *_MODULES,
    *(f"{it.__module__}.{it.__qualname__}" for it in _CLASSES),
    "a part of Trailcam",
    "a limit of the process",
    "the connection to Trailcam",
)
"""The names of what is watched, in order."""


def _own_code() -> Iterator[Mapping[str, Any]]:
    """What is in each module of Trailcam, and in each class there."""
    classes: dict[type, None] = {}
    for name, module in list(sys.modules.items()):
        if name.startswith(_OURS) and isinstance(module, ModuleType):
            yield vars(module)
            inside = [it for it in vars(module).values() if isinstance(it, type)]
            classes |= dict.fromkeys(it for it in inside if it.__module__.startswith(_OURS))
    yield from map(vars, classes)


def watch(way: int) -> Callable[[], int]:
    """Notes what everything is now. What comes back tells the place in `PARTS` of something that has been
    replaced or removed since, counted from 1; 0 when all is as it was. What was added harms nobody.

    `way` is the file descriptor that leads to the parent. Asking takes some 120 microseconds, and calls
    nothing that a rule could have replaced.
    """
    modules: list[Mapping[str, Any]] = [vars(import_module(name)) for name in _MODULES]
    lives = [*modules, *(vars(it) for it in _CLASSES)]
    places = {name: sys.modules[name] for name in _MODULES}
    noted = [(sys.modules, places, places.items()), *((it, kept := dict(it), kept.items()) for it in lives)]
    others = [(it, kept := dict(it), kept.items()) for it in _own_code()]
    limit, state, write, is_same = resource.getrlimit, os.fstat, os.write, os.path.samestat
    limits = [(number, limit(number)) for number in _LIMITS]
    depth, deepest = sys.getrecursionlimit, sys.getrecursionlimit()
    at_first = state(way)

    def changed() -> int:
        number = 0
        try:
            for live, kept, items in noted:
                number += 1
                if live != kept and not items <= live.items():
                    return number
            number += 1
            for live, kept, items in others:
                if live != kept and not items <= live.items():
                    return number
            number += 1
            if depth() < deepest:  # more does no harm
                return number
            for which, kept_limit in limits:
                if limit(which) != kept_limit:
                    return number
            number += 1
            if not is_same(state(way), at_first):
                return number
            write(way, b"")  # says nothing, and fails where nothing can be said any more
        except BaseException:  # only what was put there in place of ours raises when it is compared
            return number
        return 0

    return changed
