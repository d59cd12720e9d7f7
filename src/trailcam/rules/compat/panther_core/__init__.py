"""The event type under the name by which rules import it: `from panther_core import PantherEvent`.

The classes are Trailcam's own; the name of the package is all it shares with another project.
"""

from trailcam.model.event import PantherEvent

__all__ = ["PantherEvent"]
