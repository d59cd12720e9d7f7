"""Between normalise and detect: what lookup tables say of the values in an event.

A pure function of events and versions of tables: neither order nor split of events changes an answer.
"""

import json
from collections.abc import Sequence
from typing import Any

from trailcam.contracts.enrichment import Lookup
from trailcam.model.batch import EventBatch
from trailcam.model.logtype import spelling
from trailcam.model.standard_fields import is_reserved


def enrich(batch: EventBatch, lookups: Sequence[Lookup]) -> list[dict[str, Any] | None]:
    """`p_enrichment` of each row: table, then selector, to the row of the table; None when nothing is found.

    A selector that names many values, a list or what lies in one, has the list of the rows that were found.
    """
    found: list[dict[str, Any] | None] = [None] * len(batch)
    for row in sorted(range(len(batch)), key=batch.event_time.__getitem__):  # versions are opened one by one
        found[row] = _enrichment(batch, row, lookups)
    return found


def _enrichment(batch: EventBatch, row: int, lookups: Sequence[Lookup]) -> dict[str, Any] | None:
    tables: dict[str, Any] = {}
    for lookup in lookups:
        answers: dict[str, Any] = {}
        for selector in lookup.selectors:
            values, many = selected(batch.values[row], batch.indicators[row], selector)
            rows = []
            for text, value in values.items():
                answer = lookup.row(text, batch.event_time[row])
                if answer is not None:
                    rows.append({**answer, "p_match": value})
            if rows:
                answers[selector] = rows if many else rows[0]
        if answers:
            tables[lookup.table] = answers
    return tables or None


def selected(
    record: dict[str, Any], indicators: dict[str, list[str]], selector: str
) -> tuple[dict[str, Any], bool]:
    """The values that a selector names, by their texts and each once; and whether it may name many.

    Keys are found as rules find them: as they are written, else in another case.
    """
    found: dict[str, Any] = {}
    if is_reserved(selector):
        return {text: text for text in indicators.get(selector, ())}, True
    many = _collect(record, selector.split("."), found)
    return found, many


def _collect(node: Any, steps: Sequence[str], found: dict[str, Any]) -> bool:
    """Adds the values at the end of a path, which also enters lists; whether it entered one."""
    if isinstance(node, list):
        for item in node:
            _collect(item, steps, found)
        return True
    if steps and isinstance(node, dict):
        key = spelling(node, steps[0])
        return key in node and _collect(node[key], steps[1:], found)
    if not steps and isinstance(node, str | int | float):
        found.setdefault(node if isinstance(node, str) else json.dumps(node), node)
    return False
