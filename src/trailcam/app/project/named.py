"""What of a project is called after its name."""

from dataclasses import dataclass

RULES = "detections"
"""The folder of the rules; what they share lies beside it."""
HELPERS = "helpers"
REPORT = "report.xml"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project by its name, its first rule, and the module which that imports."""

    name: str
    rule_id: str
    helper: str
