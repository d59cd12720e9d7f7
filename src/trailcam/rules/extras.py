"""Which extra of Trailcam brings a module, by what the installed package says of itself.

There is no list of modules here: an extra names distributions, and a module is taken for the distribution
that is spelt like it (`jsonpath_ng` for `jsonpath-ng`).
"""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires

PACKAGE = "trailcam"

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([\w.-]+)["']""")


def own_requirements() -> list[str]:
    """What the installed package requires, in the written form of its metadata; nothing if it has none.

    Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/ (read 2026-11-28).
    """
    try:
        return requires(PACKAGE) or []
    except PackageNotFoundError:  # it runs from its source
        return []


def extra_with(module: str, requirements: Iterable[str]) -> str:
    """The extra that brings a top-level module; empty if none does.

    >>> extra_with("jsonpath_ng", ['boto3>=1', 'jsonpath-ng>=1.5; extra == "panther"'])
    'panther'
    """
    for requirement in requirements:
        named, _, marker = requirement.partition(";")
        name, extra = _NAME.match(named), _EXTRA.search(marker)
        if name and extra and _plain(name[1]) == _plain(module):
            return extra[1]
    return ""


def _plain(name: str) -> str:
    """A name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
