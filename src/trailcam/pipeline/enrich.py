"""Between normalise and detect: what lookup tables say of the values in an event.

A pure function of events and versions of tables: neither order nor split of events changes an answer.
"""

from collections.abc import Sequence
from typing import Any

from trailcam.contracts.enrichment import Lookup
from trailcam.model.batch import EventBatch
from trailcam.model.selector import selected

MOST_ROWS = 5_000
"""Rows that one selector gets: a record of some kilobytes must not become one of gigabytes. It is counted for
each selector, so that a field which others fill does not keep another from being looked up."""

MOST_VALUES = 100_000
"""Values that are looked up for one selector, whether they are found or not: some tenths of a second."""

LEFT_OUT = "p_left_out"
"""Stands beside the selectors of a table, with the number of values by selector that were not looked up."""


def enrich(batch: EventBatch, lookups: Sequence[Lookup]) -> "Enrichments":
    """`p_enrichment` of each row: table, then selector, to the row of the table; None when nothing is found.

    A selector that names many values, a list or what lies in one, has the list of the rows that were found.
    After `MOST_ROWS` rows or `MOST_VALUES` values nothing more is looked up for a selector, and `LEFT_OUT`
    tells how much was not.
    """
    return Enrichments(batch, lookups)


class Enrichments(Sequence[dict[str, Any] | None]):
    """Answers by row, found when they are asked for; only the last is held."""

    def __init__(self, batch: EventBatch, lookups: Sequence[Lookup]) -> None:
        self._batch = batch
        self._lookups = lookups
        self._last: tuple[int | None, dict[str, Any] | None] = (None, None)

    def __len__(self) -> int:
        """The number of rows."""
        return len(self._batch)

    def __getitem__(self, row: Any) -> Any:
        """The answer of a row, by its number."""
        if row != self._last[0]:
            self._last = (row, _enrichment(self._batch, range(len(self))[row], self._lookups))
        return self._last[1]


def _enrichment(batch: EventBatch, row: int, lookups: Sequence[Lookup]) -> dict[str, Any] | None:
    tables: dict[str, Any] = {}
    for lookup in lookups:
        answers: dict[str, Any] = {}
        left_out: dict[str, int] = {}
        for selector in lookup.selectors:
            values, many = selected(batch.values[row], batch.indicators[row], selector)
            rows: list[Any] = []
            for number, (text, value) in enumerate(values.items()):
                if len(rows) == MOST_ROWS or number == MOST_VALUES:
                    left_out[selector] = len(values) - number
                    break
                answer = lookup.row(text, batch.event_time[row])
                if answer is not None:
                    rows.append({**answer, "p_match": value})
            if rows:
                answers[selector] = rows if many else rows[0]
        if left_out:
            answers[LEFT_OUT] = left_out
        if answers:
            tables[lookup.table] = answers
    return tables or None
