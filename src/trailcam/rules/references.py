"""What shows only between items: ids used twice, names of what there is not, rules made of other rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trailcam.contracts.rule_format import Item, Reading
from trailcam.errors import Problem, code, nearest
from trailcam.model.correlation import sources
from trailcam.model.data_model import DataModel
from trailcam.model.rule import DerivedRule, Kind, Rule

_DERIVABLE = (Kind.RULE, Kind.SCHEDULED_RULE)
"""What a rule can derive from."""

Readings = Mapping[Path, Reading]
"""Items by the file they are read from."""


def twice(items: Readings) -> list[Problem]:
    """TC0206 for each item whose id another one before it has, whatever kinds they are of."""
    problems = []
    first: dict[str, str] = {}
    for file in sorted(items):
        reading = items[file]
        if reading.item is None:
            continue
        place = f"{file}:{reading.line}"
        if first.setdefault(reading.item.id, place) != place:
            message = f'the id "{reading.item.id}" is also that of {first[reading.item.id]}'
            problems.append(_problem("duplicate_id", message, file, reading.line))
    return problems


def two_models(items: Readings) -> list[Problem]:
    """TC0221 for each data model that speaks for a log type for which one before it speaks."""
    problems = []
    first: dict[str, tuple[str, Path]] = {}
    for file in sorted(items):
        model = items[file].item
        if not isinstance(model, DataModel) or not model.enabled:
            continue
        for log_type in model.log_types:
            other, path = first.setdefault(log_type, (model.id, file))
            if path.resolve() != file.resolve():
                message = f"{model.id} and {other} ({path}) both speak for {log_type}"
                problems.append(_problem("two_data_models", message, file, items[file].line))
    return problems


def derived(items: Readings) -> tuple[dict[Path, Reading], list[Problem]]:
    """The readings of derived rules with the rules they make, and TC0220 for those that have no base; what is
    wrong with a base itself is told there."""
    by_id: dict[str, Item] = {reading.item.id: reading.item for reading in items.values() if reading.item}
    refused = {reading.id for reading in items.values() if reading.problems and reading.id}
    found: dict[Path, Reading] = {}
    problems = []
    for file, reading in items.items():
        if not isinstance(reading.item, DerivedRule):
            continue
        chain, end = _chain(reading.item, by_id)
        rule = by_id.get(end)
        if isinstance(rule, Rule) and rule.kind in _DERIVABLE:
            found[file] = replace(reading, item=_made(rule, chain), names=())
        elif end not in refused:
            base = reading.item.base
            message = f'{reading.item.id} derives from "{base}", '
            hint = ""
            if base in by_id:
                message += "which leads to no rule of its own"
            else:
                message += "and no rule has that id"
                rules = (name for name, item in by_id.items() if isinstance(item, Rule))
                hint = nearest(base, [*rules, *refused]) or _perhaps(items)
            problems.append(_problem("missing_reference", message, file, reading.names[0][1], hint))
    return found, problems


def _chain(item: DerivedRule, by_id: Mapping[str, Item]) -> tuple[list[DerivedRule], str]:
    """A derived rule, those between it and what it derives from in the end, and the id of that."""
    chain = {item.id: item}
    while item.base not in chain and isinstance(base := by_id.get(item.base), DerivedRule):
        chain[base.id] = item = base
    return list(chain.values()), item.base


def _made(base: Rule, chain: Sequence[DerivedRule]) -> Rule:
    """The rule that the first of a chain is, whose last derives from `base`."""
    rule = base
    for item in reversed(chain):
        tests = tuple(replace(test, line=0) for test in rule.tests)  # lines, and remarks, are of another file
        rule = replace(rule, **{"tests": tests, "remarks": (), **item.fields})
        rule = rule if item.made is None else item.made(rule)
    return rule


def missing(items: Readings, whole: Sequence[Path]) -> list[Problem]:
    """TC0220 for each name of an item that there is not, of items that lie in a `whole` repository; of a part
    of one, the others may lie in the rest. Derived rules are told apart from these."""
    known = {reading.id for reading in items.values() if reading.id}
    problems = []
    for file, reading in items.items():
        if reading.item is None or isinstance(reading.item, DerivedRule):
            continue
        if not any(file.is_relative_to(root) for root in whole):
            continue
        for name, line in reading.names:
            if name not in known:
                message = f'{reading.item.id} names "{name}", and nothing here has that id'
                hint = nearest(name, known - {reading.item.id}) or _perhaps(items)
                problems.append(_problem("missing_reference", message, file, line, hint))
    return problems


def _perhaps(items: Readings) -> str:
    """Where an id that nothing has may be: in a file so wrong that its own id cannot be read."""
    unread = sorted(file for file, reading in items.items() if reading.problems and not reading.id)
    return f"it may be the id in {unread[0]}, which cannot be read" if unread else ""


def circles(items: Readings) -> list[Problem]:
    """TC0222 for each correlation rule that looks at its own matches, by way of others or by itself."""
    rules = {
        reading.item.id: (file, reading, sources([reading.item.correlation]))
        for file, reading in items.items()
        if isinstance(reading.item, Rule) and reading.item.correlation is not None
    }
    problems = []
    for rule_id, (file, reading, _) in rules.items():
        seen: set[str] = set()
        ahead = [rule_id]
        while ahead:
            for name in rules[ahead.pop()][2] & rules.keys() - seen:
                seen.add(name)
                ahead.append(name)
        if rule_id in seen:
            others = ", ".join(sorted(seen - {rule_id}))
            by_way = f", by way of {others}" if others else ""
            message = f"{rule_id} looks at its own matches{by_way}"
            problems.append(_problem("rules_in_a_circle", message, file, reading.line))
    return problems


def _problem(name: str, message: str, path: Path, line: int, hint: str = "") -> Problem:
    return Problem(code=code(name), message=message, path=path, line=line, hint=hint)
