"""What saved and scheduled queries have in common: the text in one dialect or several."""

from collections.abc import Mapping
from typing import Any

from trailcam.forms import COUNT, NAME, TEXT, TRUTH, Form, Key, Report
from trailcam.model.query import Query, Schedule
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA
from trailcam.yaml12 import Steps

DIALECTS: Mapping[str, str] = {
    "Query": "",
    "SnowflakeQuery": "snowflake",
    "AthenaQuery": "athena",
    "DatabricksQuery": "databricks",
}
"""Keys that hold SQL, by the dialect it is in; empty where the file does not say."""

COMMON: Mapping[str, Key] = {
    "QueryName": Key(NAME, required=True, doc="Names the query for ever."),
    **{key: Key(NAME, doc="The SQL; one such key is needed.") for key in DIALECTS},
    "Description": Key(TEXT, doc="What it finds."),
    "Tags": METADATA["tags"],
    "Lookback": Key(TRUTH, doc="Whether it looks back by `LookbackWindowSeconds`."),
    "LookbackWindowSeconds": Key(COUNT, doc="How far back it looks."),
}


class QueryForm(Form):
    """A form one of whose SQL keys must be given."""

    def check(self, value: Any, steps: Steps, report: Report) -> None:
        """Reports what any form does, and a query without a text."""
        super().check(value, steps, report)
        if isinstance(value, dict) and not any(key in value for key in DIALECTS):
            report("missing_key", steps, f"{self.name} needs one of {', '.join(DIALECTS)}", "")


def query(written: Written, *, schedule: Schedule | None = None) -> Query:
    """The query of a checked document."""
    value = written.value
    return Query(
        id=value["QueryName"],
        path=written.path,
        texts=tuple((dialect, value[key]) for key, dialect in DIALECTS.items() if key in value),
        description=value.get("Description", ""),
        tags=tuple(value.get("Tags", ())),
        enabled=value.get("Enabled", True),
        lookback_seconds=value.get("LookbackWindowSeconds", 0) if value.get("Lookback", True) else 0,
        schedule=schedule,
    )
