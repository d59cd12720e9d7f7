"""Packs in Panther's sense: named lists of ids."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import NAME, TEXT, Form, Key, ListOf
from trailcam.model.rule import Collection
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.values import METADATA

DEFINITION_FORM = Form(
    "the definition of a pack",
    {"IDs": Key(ListOf(NAME), required=True, doc="What belongs to it, by id.")},
)

FORM = Form(
    "a pack",
    {
        "AnalysisType": Key(NAME, required=True, doc="`pack`."),
        "PackID": METADATA["id"],
        "DisplayName": Key(TEXT, doc="Its name for people."),
        "Description": Key(TEXT, doc="What it is for."),
        "PackDefinition": Key(DEFINITION_FORM, required=True, doc="What belongs to it."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The collection."""
    problems = written.check(FORM)
    if problems:
        return written.reading(None, "PackID", problems=problems)
    value = written.value
    members = value["PackDefinition"]["IDs"]
    collection = Collection(
        id=value["PackID"],
        title=value.get("DisplayName", ""),
        description=value.get("Description", ""),
        members=tuple(members),
    )
    return written.reading(collection, "PackID", names=written.names((("PackDefinition", "IDs"), members)))
