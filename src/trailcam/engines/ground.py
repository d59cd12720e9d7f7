"""What a worker's own code stands on in Python's modules, and whether a rule has changed that.

Rules share a process with each other and with us: one that gives `builtins.len` or `json.dumps` another
meaning while it runs would make all of them say something else, and us hang.
"""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from json import JSONDecoder, JSONEncoder
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

_MODULES = (
    "builtins",
    "collections",
    "copyreg",
    "dataclasses",
    "datetime",
    "decimal",
    "functools",
    "hashlib",
    "io",
    "itertools",
    "json",
    "json.decoder",
    "json.encoder",
    "multiprocessing.connection",
    "multiprocessing.reduction",
    "operator",
    "os",
    "pickle",
    "re",
    "struct",
    "time",
)
_CLASSES = (Connection, ForkingPickler, JSONDecoder, JSONEncoder)

PARTS = (
    "sys.modules",
    *_MODULES,
    *(f"{it.__module__}.{it.__qualname__}" for it in _CLASSES),
    "the connection to Trailcam",
)
"""The names of what is watched, in order; the last one is not watched but tried."""


def watch() -> Callable[[], int]:
    """Notes what everything is now. What comes back tells the place in `PARTS` of something that has been
    replaced or removed since, counted from 1; 0 when all is as it was. What was added harms nobody.

    Asking takes some 20 microseconds, and calls nothing that a rule could have replaced.
    """
    modules: list[Mapping[str, Any]] = [vars(import_module(name)) for name in _MODULES]
    lives = [*modules, *(vars(it) for it in _CLASSES)]
    places = {name: sys.modules[name] for name in _MODULES}
    noted = [(sys.modules, places, places.items()), *((it, kept := dict(it), kept.items()) for it in lives)]

    def changed() -> int:
        number = 0
        try:
            for live, kept, items in noted:
                number += 1
                if live != kept and not items <= live.items():
                    return number
        except BaseException:  # only what was put there in place of ours raises when it is compared
            return number
        return 0

    return changed
