"""Correlation rules: matches of several rules, together."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import Form
from trailcam.rules.formats.panther.written import Written

FORMS: tuple[Form, ...] = ()


def read(written: Written) -> Reading:
    """The rule."""
    return Reading(companions=written.companions, not_run="correlation rule")
