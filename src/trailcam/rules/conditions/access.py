"""How the value of a field is written in Python: plainly where there are names alone, else by a call."""

from dataclasses import dataclass

from trailcam.rules.conditions.expressions import literal
from trailcam.rules.conditions.finding import EVERY, Step
from trailcam.rules.conditions.paths import Enriched

EVENT = "event"


@dataclass(frozen=True, slots=True)
class Access:
    """Python for the value of a field, or, where there may be many, for an iterable of its values."""

    code: str
    many: bool
    there: str
    """Python that is true when the field is there, whatever its value."""
    missing: str
    """Python that is true when it is not."""


def access(base: str, named: tuple[Step, ...] | Enriched | None) -> Access:
    """Access to a field of `base`, the event or an item of a list; to the item itself for None."""
    if isinstance(named, Enriched):
        rows = _call("enriched", base, named.table, named.selector, *named.steps)
        return _with(rows, f"any(True for value in {rows})", many=True)
    if named is None:
        return Access(base, False, "True", "False")
    exists = _call("exists", base, *named)
    if EVERY in named:
        return _with(_call("each", base, *named), exists, many=True)
    names_only = base == EVENT and all(isinstance(step, str) for step in named)
    if names_only and len(named) == 1:
        name = _step(named[0])
        return Access(f"{base}.get({name})", False, f"{name} in {base}", f"{name} not in {base}")
    if names_only:
        return _with(_call(f"{base}.deep_get", "", *named), exists)
    return _with(_call("at", base, *named), exists)


def items_of(base: str, named: tuple[Step, ...] | Enriched | None) -> str:
    """Python for the items of the list that a field is."""
    if isinstance(named, Enriched):
        return f"items({access(base, named).code})"
    return _call("elements", base, *(named or ()))


def _with(code: str, there: str, *, many: bool = False) -> Access:
    return Access(code, many, there, f"not {there}")


def _call(function: str, base: str, *steps: Step) -> str:
    arguments = [base, *map(_step, steps)] if base else list(map(_step, steps))
    return f"{function}({', '.join(arguments)})"


def _step(step: Step) -> str:
    return "EVERY" if step is EVERY else literal(step)
