"""Remarks on rules: what is told and not refused."""

from collections.abc import Iterable

from trailcam.errors import Problem
from trailcam.model.rule import Rule


def remarks_on(rules: Iterable[Rule]) -> list[Problem]:
    """The remarks on rules, each with its place, in their order."""
    return [
        Problem(code=it.code, message=it.message, path=rule.metadata_path, line=it.line, hint=it.hint)
        for rule in rules
        for it in rule.remarks
    ]
