"""Tells of each missing module once, however many rules import it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from trailcam.errors import Problem, code

MOST_NAMED = 5
"""Of the rules that need a module, this many are named."""

_MISSING = re.compile(r"^(?P<rule>.*?): ModuleNotFoundError\(.*?No module named '(?P<module>[^']+)'")
_PLACE = re.compile(r': (?P<file>[^:"]+)", line (?P<line>\d+), in [^:"]+$')


@dataclass(slots=True)
class _Missing:
    first: Problem
    needed_at: str
    rules: list[str] = field(default_factory=list)


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, with those of one missing module (TC0210 of each rule) made one, where its first stood.

    A module is named as a whole: without `a`, there is no `a.b`, and it is `a` that has to be installed.
    """
    kept: list[Problem | _Missing] = []
    modules: dict[str, _Missing] = {}
    for problem in problems:
        found = _MISSING.match(problem.message) if problem.code == code("rule_import") else None
        if found is None:
            kept.append(problem)
            continue
        name = found["module"]
        if name not in modules:
            place = _PLACE.search(problem.message)
            modules[name] = _Missing(problem, f"{place['file']}, line {place['line']}" if place else "")
            kept.append(modules[name])
        modules[name].rules.append(found["rule"])
    names = {id(missing): name for name, missing in modules.items()}
    return [item if isinstance(item, Problem) else _problem(names[id(item)], item) for item in kept]


def _problem(name: str, missing: _Missing) -> Problem:
    named = ", ".join(missing.rules[:MOST_NAMED])
    if len(missing.rules) > MOST_NAMED:
        named += f" and {len(missing.rules) - MOST_NAMED:,} more rules"
    verb = "needs" if len(missing.rules) == 1 else "need"
    place = f" (first at {missing.needed_at})" if missing.needed_at else ""
    top = name.partition(".")[0]
    return Problem(
        code=code("rule_import"),
        message=f'the module "{name}" is missing: {named} {verb} it{place}',
        path=missing.first.path,
        hint=f"pip install {top}, or whatever package brings it; a helper of your own goes into the "
        f"pack's folder helpers/ as {top}.py",
    )
