"""The types of nested values of an event, for rules that test a value with `isinstance`."""

from trailcam.model.event import ImmutableCaseInsensitiveDict, ImmutableList

__all__ = ["ImmutableCaseInsensitiveDict", "ImmutableList"]
