"""Values of an event in titles and dedup strings."""

import json
from typing import Any

from trailcam.model.event import PantherEvent
from trailcam.rules.conditions.finding import is_list

UNKNOWN = "<unknown>"
"""What a title says for a value that is missing or null."""


def shown(value: Any) -> str:
    """A value in words: a text as it is, a list with commas, the rest as JSON.

    >>> shown(["a", True, None, {"b": 1}])
    'a, true, <unknown>, {"b":1}'
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if is_list(value):
        return ", ".join(json_text(item) if is_list(item) else shown(item) for item in value)
    return json_text(value)


def dedup_string(*values: Any) -> str:
    """One text for one combination of values: their JSON list, keys sorted, so that no two are confused.

    >>> dedup_string("a", None, 5)
    '["a",null,5]'
    """
    return json_text(list(values))


def json_text(value: Any) -> str:
    """Compact JSON; what JSON cannot say, which no event that was decoded holds, by its kind."""
    try:
        return json.dumps(
            value,
            default=PantherEvent.json_encoder,
            sort_keys=True,
            ensure_ascii=False,
            separators=(",", ":"),
        )
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"
