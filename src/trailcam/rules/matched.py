"""What a test says of lookup tables, as rules see it: each row beside the value that it was found by."""

from collections.abc import Mapping
from typing import Any

from trailcam.model.selector import selected
from trailcam.model.standard_fields import is_reserved


def matched(enrichment: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    """`p_enrichment` of a test's event: the rows as they are written, with `p_match` as the line sets it.

    A row has it where it has none of its own and its selector names one value of the event; where it names
    none or several, only the test can tell which was meant. What is no row stays as it is.

    >>> matched({"t": {"a.b": {"x": 1}}}, {"a": {"b": "y"}})
    {'t': {'a.b': {'x': 1, 'p_match': 'y'}}}
    """
    return {
        table: {selector: _rows(rows, selector, event) for selector, rows in answers.items()}
        if isinstance(answers, dict)
        else answers
        for table, answers in enrichment.items()
    }


def _rows(rows: Any, selector: str, event: Mapping[str, Any]) -> Any:
    lists = {
        name: [item for item in value if isinstance(item, str)]
        for name, value in event.items()
        if is_reserved(name) and isinstance(value, list)
    }
    values, _ = selected(event, lists, selector)
    if len(values) != 1:
        return rows
    (value,) = values.values()
    if isinstance(rows, list):
        return [_row(row, value) for row in rows]
    return _row(rows, value)


def _row(row: Any, value: Any) -> Any:
    return {**row, "p_match": value} if isinstance(row, dict) and "p_match" not in row else row
