"""The longer path to the event type, by which helper modules and their tests import it."""

from trailcam.model.event import PantherEvent

__all__ = ["PantherEvent"]
