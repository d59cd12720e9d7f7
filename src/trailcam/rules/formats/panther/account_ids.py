"""Account ids without quotes: numbers, which equal no account id in a log. Told, and not refused.

Only what can be nothing else is told. Other vendors number things with twelve digits too, so that these count
in the logs of AWS, and elsewhere under a key that names an account of AWS.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trailcam.errors import code
from trailcam.model.rule import Remark
from trailcam.rules.conditions.table import COMBINATORS, CONDITIONS, LIST_CONDITIONS, Takes
from trailcam.rules.formats.panther.written import Written
from trailcam.yaml12 import Steps

_DIGITS = 12
_OF_AWS = ("AWS.", "Amazon.")
_COMPARING = frozenset({Takes.SCALAR, Takes.PART})
"""What conditions take that ask for the value given; those of order take numbers alone."""
_ENRICHED = "p_enrichment"
"""What a lookup table says is as its author wrote it: there, an account id may be a number."""
_ACCOUNT = re.compile(r"(?i).*(account(s|_?ids?|_?numbers?)?|owner_?ids?)")
_AWS_ACCOUNT = re.compile(r"(?i).*aws_?account(s|_?ids?)?")


def is_aws(names: Iterable[str]) -> bool:
    """Whether these log types or resource types, one or more, are all of AWS."""
    every = tuple(names)
    return bool(every) and all(name.startswith(_OF_AWS) for name in every)


def unquoted(written: Written, *, of_aws: bool = False) -> tuple[Remark, ...]:
    """TC0223 for each account id without quotes that a condition or a test of a checked detection holds.

    `of_aws` says that its events are of AWS.
    """
    numbers = {steps: digits for steps, digits in written.document.digits.items() if len(digits) == _DIGITS}
    if not numbers:  # so it is with nearly all, which then need not be walked through
        return ()
    key = _ACCOUNT if of_aws else _AWS_ACCOUNT
    found = [steps for steps, name in _conditions(written.value) if of_aws or key.fullmatch(name)]
    for index, test in enumerate(written.value.get("Tests", ())):
        for event in ("Log", "Resource"):
            here = _values(test.get(event), ("Tests", index, event))
            found += [steps for steps, name in here if key.fullmatch(name)]
    return tuple(_remark(written, steps, numbers[steps]) for steps in found if steps in numbers)


def _remark(written: Written, steps: Steps, digits: str) -> Remark:
    return Remark(
        code=code("number_for_account"),
        message=f"{digits} is a number, and equals no account id",
        hint=f'write "{digits}"',
        line=written.line(*steps),
    )


def _conditions(value: Mapping[str, Any]) -> Iterator[tuple[Steps, str]]:
    """What `_compared` gives of all conditions of a detection; with Python, it has those of its filters."""
    yield from _compared(value.get("InlineFilters", ()), ("InlineFilters",))
    if "Filename" in value:
        return
    yield from _compared(value.get("Detection", ()), ("Detection",))
    for index, severity in enumerate(value.get("DynamicSeverities", ())):
        yield from _compared(severity["Conditions"], ("DynamicSeverities", index, "Conditions"))


def _compared(expressions: Sequence[Any], steps: Steps, name: str = "") -> Iterator[tuple[Steps, str]]:
    """(steps, last name of the key) of what expressions compare with, at whatever depth; `name` is that of
    the list whose items they are about."""
    for index, expression in enumerate(expressions):
        here: Steps = (*steps, index)
        if joined := next((key for key in COMBINATORS if key in expression), ""):
            yield from _compared(expression[joined], (*here, joined), name)
            continue
        names = _names(expression) or [name]
        condition = expression["Condition"]
        if _ENRICHED in names:
            continue
        if condition in LIST_CONDITIONS:
            yield from _compared(expression["Expressions"], (*here, "Expressions"), names[-1])
        elif condition in CONDITIONS and CONDITIONS[condition].takes is Takes.SCALARS:
            yield from (((*here, "Values", at), names[-1]) for at in range(len(expression["Values"])))
        elif condition in CONDITIONS and CONDITIONS[condition].takes in _COMPARING:
            yield (*here, "Value"), names[-1]


def _names(expression: Mapping[str, Any]) -> list[str]:
    """The names on the way to the field of a condition; none where it is about the item of a list."""
    if "Enrichment" in expression:
        return [_ENRICHED]
    if "DeepKey" in expression:
        return [name for name in expression["DeepKey"] if isinstance(name, str)]
    return re.findall(r"\w*[^\W\d]\w*", expression.get("Key") or expression.get("KeyPath") or "")


def _values(value: Any, steps: Steps, name: str = "") -> Iterator[tuple[Steps, str]]:
    """(steps, key it stands under) of each value of an event that is no mapping and no list."""
    if isinstance(value, Mapping):
        for key, inside in value.items():
            if key == _ENRICHED:
                continue
            here: Steps = (*steps, key if isinstance(key, int) else str(key))
            yield from _values(inside, here, str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _values(item, (*steps, index), name)
    else:
        yield steps, name
