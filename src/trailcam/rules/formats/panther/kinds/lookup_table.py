"""Lookup tables: what events are looked up by, with the rows in a file or brought by somebody else."""

from trailcam.contracts.rule_format import Reading
from trailcam.forms import ANYTHING, COUNT, NAME, TEXT, TRUTH, Form, Key, ListOf, Plain, is_whole, same_text
from trailcam.model.lookup import TABLE_NAME, DeclaredTable
from trailcam.rules.formats.panther.queries import DIALECTS
from trailcam.rules.formats.panther.schedule import CRON
from trailcam.rules.formats.panther.written import Written

ASSOCIATED_FORM = Form(
    "a log type of a lookup table",
    {
        "LogType": Key(NAME, required=True, doc="Whose events are looked up."),
        "Selectors": Key(
            ListOf(NAME, 0, same_text), required=True, doc="The fields whose values are looked up."
        ),
    },
)

MAP_FORM = Form(
    "what a lookup table is asked for",
    {
        "PrimaryKey": Key(NAME, required=True, doc="The column by which a row is found."),
        "AssociatedLogTypes": Key(ListOf(ASSOCIATED_FORM), required=True, doc="Whose events are looked up."),
    },
)

REFRESH_FORM = Form(
    "how a lookup table is refreshed",
    {
        "ObjectPath": Key(NAME, doc="The object with the rows."),
        "PeriodMinutes": Key(COUNT, doc="Every so many minutes."),
        "CronExpression": Key(CRON, doc="By the five fields of cron, in UTC."),
        "AlarmPeriodMinutes": Key(
            Plain("a whole number from 1 to 1440", lambda value: is_whole(value) and 1 <= value <= 1440),
            doc="After how long without rows it is an alarm.",
        ),
        "RoleARN": Key(NAME, doc="Who may read the object."),
        "ObjectKMSKey": Key(NAME, doc="What it is encrypted with."),
        "GCSCredentials": Key(ANYTHING, doc="Who may read the object."),
        "StorageProvider": Key(NAME, doc="Where the object lies."),
    },
)

FORM = Form(
    "a lookup table",
    {
        "AnalysisType": Key(NAME, required=True, doc="`lookup_table`."),
        "LookupName": Key(
            Plain(
                "letters, digits, blanks, _ and -",
                lambda value: isinstance(value, str) and TABLE_NAME.fullmatch(value) is not None,
            ),
            required=True,
            doc="What rules call it.",
        ),
        "DisplayName": Key(TEXT, doc="Its name for people."),
        "Enabled": Key(TRUTH, required=True, doc="Whether events are looked up in it."),
        "Description": Key(TEXT, doc="What it holds."),
        "Reference": Key(TEXT, doc="A page about it."),
        "Tags": Key(ListOf(TEXT), doc="Words to find it by."),
        "Filename": Key(NAME, doc="The file beside this one that has the rows; else a `Refresh` or a query."),
        "Schema": Key(NAME, doc="The schema of its rows; read, and of no effect."),
        "Refresh": Key(REFRESH_FORM, doc="Whence the rows come otherwise."),
        **{key: Key(NAME, doc="A query that gives the rows.") for key in DIALECTS},
        "Indicators": Key(ANYTHING, doc="Read, and of no effect."),
        "Validations": Key(ANYTHING, doc="Read, and of no effect."),
        "LogTypeMap": Key(MAP_FORM, required=True, doc="What it is asked for."),
        "BaseVersion": Key(COUNT, doc="Kept by Panther's tools."),
    },
)

FORMS = (FORM,)


def read(written: Written) -> Reading:
    """The table as it is declared."""
    problems = written.check(FORM)
    file, found = written.file()
    problems += found
    value = written.value
    sources = [key for key in ("Filename", "Refresh", *DIALECTS) if key in value]
    if not sources:
        problems.append(
            written.problem("missing_key", (), "a lookup table needs Filename, Refresh or a query")
        )
    if problems:
        return written.reading(None, "LookupName", problems=problems)
    asked = value["LogTypeMap"]
    table = DeclaredTable(
        id=value["LookupName"],
        path=written.path,
        key=asked["PrimaryKey"],
        selectors=tuple(
            (it["LogType"], tuple(name.removeprefix("$.") for name in it["Selectors"]))
            for it in asked["AssociatedLogTypes"]
        ),
        file=file,
        enabled=value["Enabled"],
    )
    return written.reading(table, "LookupName")
