"""What a selector of a lookup table names in an event: a path with dots, or one of the `p_any_*` lists."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trailcam.model.logtype import spelling
from trailcam.model.standard_fields import is_reserved


def selected(
    record: Mapping[str, Any], indicators: Mapping[str, list[str]], selector: str
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
