"""JSONPath into an event: plain paths are walked here, all others are left to a library.

A plain path is `$.a.b`, or `a.b`: names joined by dots. Everything else of the grammar of `jsonpath_ng.ext`
(indexes, filters, `..`) is what that library makes of it; it comes with the extra `panther` and is loaded
when a path asks for it. Both are case-sensitive, and a null at the end is a value.
"""

import re
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Find = Callable[[Mapping[str, Any]], list[tuple[str, Any]]]
"""Takes the plain dicts and lists of an event; gives all places the path leads to, as `a.[0].b`, with the
values there."""

_PLAIN = re.compile(r"(?:\$\.)?([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)")
_WORDS = frozenset({"parent", "where", "wherenot"})
"""Names that mean something else in the library's grammar."""


def wrong(path: str) -> str:
    """What is wrong with a path; empty when nothing is, or nobody here can tell."""
    try:
        compiled(path)
    except ModuleNotFoundError:
        return ""  # told when the model is executed, as one missing module
    except ValueError as error:
        return str(error)
    return ""


@lru_cache(maxsize=4096)
def compiled(path: str) -> Find:
    """The function that follows a path.

    Raises:
        ValueError: it is no JSONPath.
        ModuleNotFoundError: it is not plain, and `jsonpath_ng` is not installed.
    """
    plain = _PLAIN.fullmatch(path)
    if plain and not _WORDS & set(names := plain[1].split(".")):
        return _walk(tuple(names))
    return _parsed(path)


def _walk(names: tuple[str, ...]) -> Find:
    place = ".".join(names)

    def find(event: Mapping[str, Any]) -> list[tuple[str, Any]]:
        node: Any = event
        for name in names:
            if not isinstance(node, dict) or name not in node:
                return []
            node = node[name]
        return [(place, node)]

    return find


def _parsed(path: str) -> Find:
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415  # 60 ms and a dependency of an extra

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an operator that will be gone one day still works
            expression = parse(path)
    except Exception as error:  # the library raises its own and bare Exception for bad paths
        raise ValueError(str(error) or type(error).__name__) from None

    def find(event: Mapping[str, Any]) -> list[tuple[str, Any]]:
        return [(str(match.full_path), match.value) for match in expression.find(event)]

    return find
