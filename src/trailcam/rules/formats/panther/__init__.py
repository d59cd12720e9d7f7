"""Panther's form: metadata in YAML, and for most kinds of items the Python file it names beside it.

What kind of item a file holds stands in its `AnalysisType`.
Source: the keys that panther-analysis-tool 1.11.1 takes, observed 2026-11-24.
"""

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import TrailcamError, nearest
from trailcam.forms import Form
from trailcam.rules.formats._text import text_with
from trailcam.rules.formats.panther import _template
from trailcam.rules.formats.panther.written import Written
from trailcam.yaml12 import parse_despite_twice

template = _template.template

SUFFIXES = (".yml", ".yaml")

TEMPLATES = "templates"
"""The folder of a repository whose items are there to be copied: their files name what does not exist."""

EXAMPLE: Mapping[str, str] = {
    "root_console_login.yml": """\
AnalysisType: rule
RuleID: Example.RootConsoleLogin
DisplayName: Root user signed in to the console
Filename: root_console_login.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: High
Tests:
  - Name: The root user signs in
    ExpectedResult: true
    Log: {eventName: ConsoleLogin, userIdentity: {type: Root}}
  - Name: A person signs in
    ExpectedResult: false
    Log: {eventName: ConsoleLogin, userIdentity: {type: IAMUser}}
""",
    "root_console_login.py": """\
def rule(event):
    return event.get("eventName") == "ConsoleLogin" and event.deep_get("userIdentity", "type") == "Root"
""",
}


def forms() -> Iterable[Form]:
    """See `trailcam.contracts.rule_format.RuleFormat`."""
    for kind in sorted(analysis_types(), key=lambda kind: (kind != "rule", kind)):
        yield from _module(kind).FORMS


def read(path: Path, *, known: Known) -> Reading | None:
    """See `trailcam.contracts.rule_format.RuleFormat`."""
    try:
        text = text_with("AnalysisType", path)
        if text is None:
            return None
        document, twice = parse_despite_twice(text, path=path)
    except TrailcamError as error:
        return Reading(problems=tuple(error.problems))
    reading = _read(Written(document, known)) if _is_item(document.value) else None
    if not twice:
        return reading
    return replace(reading or Reading(), item=None, problems=(*twice, *(reading.problems if reading else ())))


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and "AnalysisType" in value


def _read(written: Written) -> Reading:
    path, value = written.path, written.value
    if path.parent.name == TEMPLATES:
        return Reading(companions=written.companions, not_run="template")
    kind = value["AnalysisType"]
    if not isinstance(kind, str) or kind not in analysis_types():
        message = f"AnalysisType must be one of {', '.join(analysis_types())}; found {kind!r}"
        hint = nearest(kind, analysis_types()) if isinstance(kind, str) else ""
        problem = written.problem("bad_value", ("AnalysisType",), message, hint)
        return Reading(companions=written.companions, problems=(problem,))
    read_kind: Callable[[Written], Reading] = _module(kind).read
    return read_kind(written)


def analysis_types() -> tuple[str, ...]:
    """What `AnalysisType` may hold, sorted."""
    return tuple(sorted(_MODULES))


def _module(kind: str) -> Any:
    return import_module(f"{__name__}.kinds.{_MODULES[kind]}")


_MODULES = {
    module.name.rstrip("_"): module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent / "kinds")])
}
