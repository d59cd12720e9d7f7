"""The names of log types in rules: a typo is an error, a log type that nobody brought yet is none."""

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from trailcam.contracts.rule_format import Known
from trailcam.errors import Problem, code
from trailcam.yaml12 import Document, Steps

NEAR = 0.85
"""From this likeness on, an unknown name is a misspelt known one."""


def misspelt(document: Document, steps: Steps, *, known: Known) -> list[Problem]:
    """TC0209 for each name in the list at `steps` that is nearly one of the known log types."""
    value: Any = document.value
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    problems = []
    for index, name in enumerate(value if isinstance(value, list) else ()):
        near = nearly(name, known.log_types) if isinstance(name, str) else ""
        if near:
            problems.append(
                Problem(
                    code=code("unknown_log_type"),
                    message=f'unknown log type "{name}"',
                    path=document.path,
                    line=document.line((*steps, index)),
                    hint=f'did you mean "{near}"?',
                )
            )
    return problems


@lru_cache(maxsize=4096)
def nearly(name: str, known: frozenset[str]) -> str:
    """The known log type that an unknown name misspells; empty when the name is known or like none."""
    if name in known:
        return ""
    lower = name.lower()
    for candidate in sorted(known):
        if candidate.lower() == lower:
            return candidate
    ratios = ((SequenceMatcher(None, lower, other.lower()).ratio(), other) for other in sorted(known))
    ratio, best = max(ratios, default=(0.0, ""), key=lambda pair: pair[0])
    return best if ratio >= NEAR else ""
