"""Data models: unified names of a log type, each a JSONPath or a function of the file beside."""

from dataclasses import replace

from trailcam.contracts.rule_format import Reading
from trailcam.errors import Problem
from trailcam.forms import NAME, TEXT, TRUTH, WHOLE, Form, Key, ListOf
from trailcam.model.data_model import DataModel, Mapping
from trailcam.rules import json_path
from trailcam.rules.formats.panther.written import Written
from trailcam.rules.log_type_names import misspelt
from trailcam.rules.values import METADATA

MAPPING_FORM = Form(
    "a mapping of a data model",
    {
        "Name": Key(NAME, required=True, doc="What rules call it: `event.udm(NAME)`."),
        "Path": Key(NAME, doc="A JSONPath into the event, as `$.client.ipAddress`."),
        "Method": Key(NAME, doc="A function of the model's file that takes the event."),
    },
    exactly_one=(("Path", "Method"),),
)

FORM = Form(
    "a data model",
    {
        "AnalysisType": Key(NAME, required=True, doc="`datamodel`."),
        "DataModelID": METADATA["id"],
        "DisplayName": Key(TEXT, doc="Its name for people."),
        "Enabled": Key(TRUTH, required=True, doc="Whether it is asked."),
        "LogTypes": replace(METADATA["log_types"], doc="The kinds of log it speaks for."),
        "Filename": Key(NAME, doc="The Python file beside this one, where a mapping has a method."),
        "Mappings": Key(ListOf(MAPPING_FORM), required=True, doc="The names."),
        "BaseVersion": Key(WHOLE, doc="Kept by Panther's tools."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The data model."""
    problems = written.check(FORM) + misspelt(written.document, ("LogTypes",), known=written.known)
    if problems:
        return written.reading(None, "DataModelID", problems=problems)
    value = written.value
    methods = [mapping["Method"] for mapping in value["Mappings"] if "Method" in mapping]
    body = ""
    if methods and "Filename" not in value:
        problems.append(
            written.problem("missing_key", (), f"{methods[0]} is a method, and there is no Filename")
        )
    elif "Filename" in value:
        body, problems = written.python(*dict.fromkeys(methods))
    problems += _bad_paths(written)
    model = DataModel(
        id=value["DataModelID"],
        log_types=tuple(value["LogTypes"]),
        mappings=tuple(
            Mapping(name=it["Name"], path=it.get("Path", ""), method=it.get("Method", ""))
            for it in value["Mappings"]
        ),
        path=written.companions[0] if body else written.path,
        metadata_path=written.path,
        body=body,
        enabled=value["Enabled"],
    )
    return written.reading(model, "DataModelID", problems=problems)


def _bad_paths(written: Written) -> list[Problem]:
    return [
        written.problem("bad_value", ("Mappings", index, "Path"), f"not a JSONPath: {wrong}")
        for index, mapping in enumerate(written.value["Mappings"])
        if "Path" in mapping and (wrong := json_path.wrong(mapping["Path"]))
    ]
