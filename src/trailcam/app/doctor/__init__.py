"""`trailcam doctor`: what sources that are followed need, and why nothing arrives.

`home` looks at what all sources share, `standing` at what is kept of each; the type of a source looks at the
rest by itself. Nothing is changed.
"""

from trailcam.app.doctor.examination import Examined, examine
from trailcam.app.doctor.sentence import sentence

__all__ = ["Examined", "examine", "sentence"]
