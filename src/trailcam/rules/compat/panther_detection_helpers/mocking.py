"""Tells a rule whether one of its names was replaced by the mock of an inline test."""

from typing import Any
from unittest.mock import MagicMock


def is_mock(func: Any) -> bool:
    """Whether `func` is the stand-in that an inline test put in place of a name of the rule's module."""
    return isinstance(func, MagicMock)
