"""Trailcam's own form: one Python file with metadata, functions and tests.

The top level assigns a literal dict `METADATA`; if there are tests, a literal list `TESTS`; if users may set
something, a literal dict `SETTINGS`. They are read from the text; the file is not executed.
"""

import ast
import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import Problem, TrailcamError, code
from trailcam.forms import Form, Key, ListOf, MappingOf, located
from trailcam.model.rule import Rule, RuleTest
from trailcam.rules import python_source
from trailcam.rules.formats import _native_template
from trailcam.rules.formats._native_tests import TEST_FORM, build, same_name
from trailcam.rules.formats._text import text_with
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.settings import SETTING, SETTING_NAME
from trailcam.rules.values import METADATA, rule_fields
from trailcam.yaml12 import Document, Steps

template = _native_template.template

SUFFIXES = (".py",)

FORM = Form(
    "a rule file",
    {
        "METADATA": Key(Form("METADATA", METADATA), required=True, doc="What is known of the rule."),
        "SETTINGS": Key(
            MappingOf(SETTING, SETTING_NAME),
            doc="What users may set in `trailcam.toml`, and what stands in for it.",
        ),
        "TESTS": Key(ListOf(TEST_FORM, 0, same_name), doc="Inline tests."),
    },
)

EXAMPLE: Mapping[str, str] = {
    "root_console_login.py": '''\
"""Root user signed in to the console.

Misses a root user who comes with an access key. Expect noise when an account is set up.
"""

METADATA = {
    "id": "Example.RootConsoleLogin",
    "log_types": ["AWS.CloudTrail"],
    "severity": "High",
}


def rule(event):
    return event.get("eventName") == "ConsoleLogin" and event.deep_get("userIdentity", "type") == "Root"


TESTS = [
    {
        "name": "the root user signs in",
        "expect": True,
        "event": {"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}},
    },
    {
        "name": "a person signs in",
        "expect": False,
        "sample": "AWS.CloudTrail/console_login",
        "override": {"userIdentity.type": "IAMUser"},
    },
]
''',
}


def read(path: Path, *, known: Known) -> Reading | None:
    """See `trailcam.contracts.rule_format.RuleFormat`."""
    try:
        body = text_with("METADATA", path)
    except TrailcamError as error:
        return Reading(problems=tuple(error.problems))
    if body is None:
        return None
    tree = python_source.parse(body, path=path)
    if isinstance(tree, Problem):
        return Reading(problems=(tree,))
    assigned = {name: nodes for name in FORM.keys if (nodes := python_source.assignments(tree, name))}
    if "METADATA" not in assigned or not _meant(tree, assigned["METADATA"]):
        return None
    document, problems = python_source.literals(
        {name: nodes[0] for name, nodes in assigned.items()}, path=path
    )
    problems += [_twice(name, nodes, path=path) for name, nodes in assigned.items() if len(nodes) > 1]
    problems += python_source.missing_function(tree, "rule", path=path)
    problems += misspelt(document, ("METADATA", "log_types"), known=known)
    places = located(document, FORM)
    problems += [problem for _, problem in places]
    tests, found = _tests(document, known, bad=[*(steps for steps, _ in places), *document.holes])
    problems += found
    if problems:
        return Reading(problems=tuple(problems), id=_id(document))
    rule = Rule(
        **rule_fields(_with_docstring(document.value["METADATA"], tree)),
        format="native",
        path=path,
        metadata_path=path,
        body=body,
        settings=json.dumps(document.value.get("SETTINGS", {}), sort_keys=True),
        tests=tests,
    )
    return Reading(item=rule, id=rule.id, line=document.line(("METADATA", "id")))


def forms() -> Iterable[Form]:
    """See `trailcam.contracts.rule_format.RuleFormat`."""
    return (FORM,)


def _id(document: Document) -> str:
    metadata = document.value.get("METADATA")
    name = metadata.get("id") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _meant(tree: ast.Module, metadata: Sequence[ast.expr]) -> bool:
    """Whether a file is a rule: other programs have a `METADATA` too, but no dict of it beside a `rule`."""
    return any(isinstance(node, ast.Dict) for node in metadata) or not python_source.missing_function(
        tree, "rule", path=Path()
    )


def _tests(
    document: Document, known: Known, *, bad: Iterable[Steps]
) -> tuple[tuple[RuleTest, ...], list[Problem]]:
    """The tests that can be built, and what is wrong with others; `bad` are the places already reported."""
    written = document.value.get("TESTS")
    spoilt = {steps[1] for steps in bad if len(steps) > 1 and steps[0] == "TESTS"}
    tests: list[RuleTest] = []
    problems: list[Problem] = []
    for index in range(len(written) if isinstance(written, list) else 0):
        if index not in spoilt:
            built = build(document, index, known=known)
            if isinstance(built, RuleTest):
                tests.append(built)
            else:
                problems += built
    return tuple(tests), problems


def _with_docstring(metadata: dict[str, Any], tree: ast.Module) -> dict[str, Any]:
    """Metadata whose title and description, where absent, come from the module's docstring."""
    title, _, description = (ast.get_docstring(tree) or "").partition("\n")
    return {
        "title": title.strip().removesuffix("."),
        "description": inspect.cleandoc(description),
        **metadata,
    }


def _twice(name: str, nodes: Sequence[ast.expr], *, path: Path) -> Problem:
    return Problem(
        code=code("duplicate_key"),
        message=f"{name} was assigned before, in line {nodes[0].lineno}",
        path=path,
        line=nodes[1].lineno,
    )
