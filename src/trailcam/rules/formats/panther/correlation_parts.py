"""What of the parts of a correlation rule does not fit together, though each is of its form.

Parts that are not of their form are passed over: that has been told.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from trailcam.errors import nearest
from trailcam.yaml12 import Steps

Wrong: TypeAlias = tuple[Steps, str, str]
"""Where, what, and a hint."""


def id_of(step: Any) -> str | None:
    """What a step is called; None for what is no step."""
    found = step.get("ID", step.get("RuleID")) if isinstance(step, dict) else None
    return found if isinstance(found, str) else None


def misfits(value: dict[str, Any], kind: str) -> Iterator[Wrong]:
    """What of a `Sequence` or a `Group` does not fit together."""
    listed = value[kind] if isinstance(value[kind], list) else []
    steps = [(index, step) for index, step in enumerate(listed) if id_of(step) is not None]
    for index, step in steps:
        yield from _wrong_counts(step, (kind, index))
    present = [step for _, step in steps if step.get("Absence") is not True]
    if steps and not present:
        yield (kind,), "every step is absent, so there is no match to say it at", ""
    if kind == "Sequence":
        yield from _wrong_transitions(value.get("Transitions"), [step for _, step in steps])
        return
    least = value.get("MinMatchCount")
    if isinstance(least, int) and present and least > len(present):
        message = f"MinMatchCount is {least}, and of the steps only {len(present)} can be there"
        yield ("MinMatchCount",), message, ""
    yield from _wrong_criteria(value.get("MatchCriteria"), [id_of(step) or "" for _, step in steps])


def _wrong_counts(step: dict[str, Any], place: Steps) -> Iterator[Wrong]:
    most, least = step.get("MaxMatchCount"), step.get("MinMatchCount", 1)
    if most is None:
        return
    here = (*place, "MaxMatchCount")
    if step.get("Absence") is True:
        yield here, "an absent step has no MaxMatchCount", "MinMatchCount says how many make it be there"
    elif isinstance(most, int) and isinstance(least, int) and most < least:
        yield here, f"MaxMatchCount is {most}, less than the MinMatchCount of {least}", ""


def _wrong_transitions(transitions: Any, steps: list[dict[str, Any]]) -> Iterator[Wrong]:
    ids = [id_of(step) or "" for step in steps]
    seen: set[tuple[int, int]] = set()
    named: set[str] = set()
    whole = True
    for index, each in enumerate(transitions if isinstance(transitions, list) else []):
        if not isinstance(each, dict):
            whole = False
            continue
        here: Steps = ("Transitions", index)
        ends = []
        for key in ("From", "To"):
            if isinstance(each.get(key), str):
                yield from _unknown(each[key], ids, (*here, key))
            ends.append(ids.index(each[key]) if each.get(key) in ids else None)
        yield from _wrong_pairs(each.get("Match"), (*here, "Match"))
        if ends[0] is None or ends[1] is None:
            whole = False
            continue
        if each.get("Match"):
            named.update((ids[ends[0]], ids[ends[1]]))
        yield from _wrong_way(each, steps, (ends[0], ends[1]), here)
        if (ends[0], ends[1]) in seen:
            yield here, f'another transition leads from "{each["From"]}" to "{each["To"]}" already', ""
        seen.add((ends[0], ends[1]))
    left = [step for step in ids if step not in named]
    if whole and named and left:
        hint = "name a field of it in the Match of a transition"
        yield ("Transitions",), f"nothing ties {_listed(left)} to the value of the other steps", hint


def _wrong_way(
    each: dict[str, Any], steps: list[dict[str, Any]], ends: tuple[int, int], here: Steps
) -> Iterator[Wrong]:
    """What is wrong with where a transition leads from and to."""
    first, last = ends
    if first >= last:
        message = f'"{each["To"]}" does not stand after "{each["From"]}" in Sequence'
        yield (*here, "To"), message, "a transition leads to a later step"
        return
    absent = [step.get("Absence") is True for step in steps]
    skipped = [id_of(step) or "" for step in steps[first + 1 : last] if step.get("Absence") is not True]
    if skipped:
        yield here, f"it leads over {_listed(skipped)}", "a transition leads from a step to the next"
    elif absent[first] and absent[last]:
        yield here, "both of its steps are absent, so there is no time between them", ""
    elif each.get("WithinTimeFrameMinutes") is not None:
        between = [end for end in ends if absent[end] and not all(absent[:end]) and not all(absent[end:])]
        if between:
            yield (
                (*here, "WithinTimeFrameMinutes"),
                "an absent step between two others has no time frame of its own",
                "give it to a transition between those two",
            )


def _wrong_pairs(pairs: Any, here: Steps) -> Iterator[Wrong]:
    if not isinstance(pairs, list):
        return
    if len(pairs) > 1:
        yield here, f"Match takes one item; found {len(pairs)}", "all transitions share one value"
    for index, pair in enumerate(pairs):
        known = isinstance(pair, dict) and set(pair) <= {"On", "From", "To"}
        if known and set(pair) not in ({"On"}, {"From", "To"}):
            yield (*here, index), "an item of Match has On, or From and To", ""


def _wrong_criteria(criteria: Any, ids: list[str]) -> Iterator[Wrong]:
    for name, fields in criteria.items() if isinstance(criteria, dict) else ():
        here: Steps = ("MatchCriteria", name if isinstance(name, int) else str(name))
        if not isinstance(fields, list):
            continue
        named = set()
        for index, each in enumerate(fields):
            step = each.get("GroupID") if isinstance(each, dict) else None
            if isinstance(step, str):
                named.add(step)
                yield from _unknown(step, ids, (*here, index, "GroupID"))
        left = [step for step in ids if step not in named]
        if named <= set(ids) and left:
            yield here, f"it names no field of {_listed(left)}", "a criterion names a field of every step"


def _unknown(step: str, ids: list[str], here: Steps) -> Iterator[Wrong]:
    if step not in ids:
        hint = nearest(step, ids) or f"steps: {', '.join(ids)}"
        yield here, f'no step has the ID "{step}"', hint


def _listed(ids: Iterable[str]) -> str:
    return " and ".join(f'"{step}"' for step in ids)
