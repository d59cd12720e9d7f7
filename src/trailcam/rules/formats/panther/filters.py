"""Inline filters: conditions on events that a rule does not see unless all of them hold."""

from collections.abc import Mapping
from typing import Any

from trailcam.forms import ANYTHING, Key

FILTERS = Key(ANYTHING, doc="Must be empty; a rule with filters is not run.")


def filtered(value: Mapping[str, Any]) -> str:
    """The source of the filters; see `Rule.filters`."""
    return ""
