"""What is said of rules whose files cannot be executed: a missing module is told once for all who need it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.data_model import DataModel
from trailcam.model.rule import Rule
from trailcam.rules.extras import PACKAGE, extra_with, own_requirements

Executed = Rule | DataModel
"""Whose files are executed."""

MOST_NAMED = 5
"""Of the rules that need a module, this many are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailure:
    """Why the file of a rule could not be executed."""

    text: str
    """What was raised, or what ended the process."""
    place: str = ""
    """`file.py, line 3`, where the rule's own code or a helper of it raised; else empty."""
    module: str = ""
    """The module that is missing, when that is the reason."""


class RulesNotImported(TrailcamError):
    """Rules that fail on import; `failures` by the rule's number."""

    def __init__(self, rules: Sequence[Executed], failures: Mapping[int, LoadFailure]) -> None:
        super().__init__(import_problems((rules[number], failures[number]) for number in sorted(failures)))
        self.failures = failures


def import_problems(failed: Iterable[tuple[Executed, LoadFailure]]) -> list[Problem]:
    """One problem a rule (TC0210), but those of one missing module made one, where its first stands.

    A module is named as a whole: without `a` there is no `a.b`, and it is `a` that has to be installed.
    """
    needing: dict[str, list[tuple[Executed, LoadFailure]]] = {}
    for rule, failure in failed:
        key = f"module {failure.module.partition('.')[0]}" if failure.module else f"rule {rule.id}"
        needing.setdefault(key, []).append((rule, failure))
    return [_missing(those) if those[0][1].module else _failed(*those[0]) for those in needing.values()]


def _failed(rule: Executed, failure: LoadFailure) -> Problem:
    place = f" (at {failure.place})" if failure.place else ""
    return Problem(code=code("rule_import"), message=f"{rule.id}: {failure.text}{place}", path=rule.path)


def _missing(needing: Sequence[tuple[Executed, LoadFailure]]) -> Problem:
    rule, failure = needing[0]
    named = ", ".join(each.id for each, _ in needing[:MOST_NAMED])
    if len(needing) > MOST_NAMED:
        named += f" and {len(needing) - MOST_NAMED:,} more rules"
    verb = "needs" if len(needing) == 1 else "need"
    place = f" (first at {failure.place})" if failure.place else ""
    top = failure.module.partition(".")[0]
    return Problem(
        code=code("rule_import"),
        message=f'the module "{failure.module}" is missing: {named} {verb} it{place}',
        path=rule.path,
        hint=_cure(top),
    )


def _cure(module: str) -> str:
    if extra := extra_with(module, own_requirements()):
        return f'pip install "{PACKAGE}[{extra}]"'
    return (
        f"pip install {module}, or whatever package brings it; a helper of your own goes into the "
        f"pack's folder helpers/ as {module}.py"
    )
