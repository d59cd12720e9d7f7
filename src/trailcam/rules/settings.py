"""Settings of rules: declared in a rule's file as the literal dict `SETTINGS`, given values by the user.

The user's values take the place of those in the file before it is executed, so that a rule finds them at its
top level too.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from trailcam.errors import nearest
from trailcam.forms import Plain, describe
from trailcam.model.rule import Rule
from trailcam.rules.python_source import assignments

NAME = "SETTINGS"


def _kind(value: Any) -> str:
    """What a value is, in words; empty when it can be no setting."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number" if isfinite(value) else ""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "a list of texts"
    return ""


SETTING = Plain("a text, a number, true, false or a list of texts", lambda value: _kind(value) != "")
SETTING_NAME = Plain(
    "a name in small letters",
    lambda value: isinstance(value, str) and value.isidentifier() and value == value.lower(),
)


def misfits(given: Mapping[str, Any], declared: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(name, message, hint) of every value that is of another kind than declared, or of no declared name."""
    for name, value in given.items():
        if name not in declared:
            known = f"known: {', '.join(declared)}" if declared else "its file declares no SETTINGS"
            yield name, f'the rule has no setting "{name}"', nearest(name, declared) or known
        elif _kind(value) != _kind(declared[name]):
            yield name, f"{name} must be {_kind(declared[name])}; found {describe(value)}", ""


def configured_source(rule: Rule) -> str | ast.Module:
    """The source of a rule, to be compiled: as it is written, but for the values that the user has given.

    Lines stay what they are, for whoever reads a traceback.
    """
    values = json.loads(rule.configured)
    if not values:
        return rule.body
    tree = ast.parse(rule.body, str(rule.path))
    for written in assignments(tree, NAME):
        if isinstance(written, ast.Dict):
            names = [key.value if isinstance(key, ast.Constant) else None for key in written.keys]
            for index, name in enumerate(names):
                if name in values:
                    written.values[index] = _literal(values[name], at=written.values[index])
    return tree


def _literal(value: Any, *, at: ast.expr) -> ast.expr:
    literal = ast.parse(repr(value), mode="eval").body
    for node in ast.walk(literal):
        if isinstance(node, ast.expr):
            ast.copy_location(node, at)
    return literal
