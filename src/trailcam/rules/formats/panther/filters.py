"""Inline filters: conditions on events that a rule does not see unless all of them hold."""

from collections.abc import Mapping
from typing import Any

from trailcam.forms import Key
from trailcam.rules.conditions import form, source

FILTERS = Key(form.FILTERS, doc="Conditions on events; what does not meet all of them does not reach it.")


def filtered(value: Mapping[str, Any]) -> str:
    """The source of the filters of a checked detection; see `Rule.filters`."""
    return source.filter_source(value.get("InlineFilters", []))
