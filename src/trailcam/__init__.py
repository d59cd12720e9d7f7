"""Trailcam watches every audit trail: decode, normalise, detect, window, with nothing lost."""

__version__ = "0.1.0"
