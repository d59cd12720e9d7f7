"""What the metadata of a rule holds, declared once for all formats, by the names of the native one."""

from collections.abc import Mapping
from typing import Any

from trailcam.forms import (
    NAME,
    TEXT,
    TRUTH,
    Key,
    ListOf,
    MappingOf,
    OneOf,
    Plain,
    same_text,
    same_word,
    whole_between,
)
from trailcam.model.rule import LEAST_PERIOD_MINUTES
from trailcam.model.severity import Severity

_FORBIDDEN = frozenset('<>&"%')

RULE_ID = Plain(
    'a printable text without < > & " %',
    lambda value: (
        isinstance(value, str) and value.strip() != "" and value.isprintable() and not _FORBIDDEN & {*value}
    ),
)

_TEXT_OR_NUMBER = Plain(
    "a text or a number", lambda value: isinstance(value, str | int | float) and not isinstance(value, bool)
)

SEVERITY = OneOf(("Info", "Low", "Medium", "High", "Critical"), fold=True)

METADATA: Mapping[str, Key] = {
    "id": Key(RULE_ID, required=True, doc="Names the rule for ever; unique over all packs."),
    "log_types": Key(ListOf(NAME, 1, same_text), required=True, doc="The kinds of log it sees."),
    "severity": Key(
        SEVERITY,
        required=True,
        doc="How grave a match is, unless `severity(event)` says otherwise.",
    ),
    "title": Key(TEXT, doc="What happened, when there is no `title(event)`."),
    "description": Key(TEXT, doc="What it finds, what it misses, what noise to expect."),
    "reference": Key(TEXT, doc="A page that explains the threat."),
    "runbook": Key(TEXT, doc="What to do about an alert, step by step."),
    "destinations": Key(ListOf(NAME, 0, same_text), doc="Where its alerts go instead of the default."),
    "tags": Key(ListOf(TEXT, 0, same_word), doc="Words to find it by."),
    "status": Key(TEXT, doc="Maturity, in a word."),
    "reports": Key(MappingOf(ListOf(_TEXT_OR_NUMBER)), doc="Framework to its sections: `MITRE ATT&CK`."),
    "summary_attributes": Key(
        ListOf(NAME, 0, same_text), doc="Fields whose values are summed up beside an alert."
    ),
    "dedup_period_minutes": Key(
        whole_between(0, 1_000_000), doc=f"Length of a window; less than {LEAST_PERIOD_MINUTES} is that."
    ),
    "threshold": Key(whole_between(0, 1_000_000_000), doc="Matches a window needs for an alert; 0 is 1."),
    "enabled": Key(TRUTH, doc="Whether it runs."),
    "create_alert": Key(TRUTH, doc="With false it makes matches and no alert."),
}


def rule_fields(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for `Rule` from checked metadata; what is absent is left to the defaults of `Rule`."""
    fields = dict(metadata)
    if "severity" in fields:
        fields["severity"] = Severity.parse(fields["severity"])
    for name in ("log_types", "destinations", "tags", "summary_attributes"):
        if name in fields:
            fields[name] = tuple(fields[name])
    if "reports" in fields:
        fields["reports"] = tuple(
            (str(name), tuple(str(section) for section in sections))
            for name, sections in fields["reports"].items()
        )
    if "dedup_period_minutes" in fields:
        fields["period_minutes"] = max(fields.pop("dedup_period_minutes"), LEAST_PERIOD_MINUTES)
    if "threshold" in fields:
        fields["threshold"] = max(fields["threshold"], 1)
    return fields
