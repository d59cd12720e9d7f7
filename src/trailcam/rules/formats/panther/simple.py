"""Simple detections: rules without Python."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, Form, Key
from trailcam.rules.formats.panther.written import Written

FORM = Form("a simple detection", {"AnalysisType": Key(NAME, required=True, doc="`rule`.")})


def read(written: Written) -> Reading:
    """The rule."""
    return Reading(companions=written.companions, not_run="simple detection")
