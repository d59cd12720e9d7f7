"""The loader: what a schema says becomes a log type, and what it says wrongly is told with its line."""

from pathlib import Path

import pytest

from trailcam.errors import Problem, TrailcamError
from trailcam.logtypes import loader
from trailcam.model.logtype import Anywhere, Field, LogType, Signature

MINIMAL = """\
schema: Custom.Billing
description: Bills.
signature:
  requires: [bill]
fields:
  - name: bill
    type: string
"""


def write(folder: Path, text: str, name: str = "billing") -> Path:
    """A log type folder with this schema."""
    (folder / name).mkdir()
    (folder / name / "schema.yml").write_text(text, encoding="utf-8")
    return folder / name


def load(folder: Path, text: str) -> LogType:
    (log_type,) = loader.load([write(folder, text)])
    return log_type


def problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(TrailcamError) as refused:
        loader.load([write(folder, text)])
    return list(refused.value.problems)


def problem(folder: Path, text: str) -> Problem:
    (only,) = problems(folder, text)
    return only


# -- what it gives -----------------------------------------------------------------------------------------


def test_a_schema_becomes_a_log_type_with_all_that_it_declares(tmp_path: Path) -> None:
    log_type = load(
        tmp_path,
        """\
schema: Custom.Billing
version: 3
description: Bills.
referenceURL: https://example.com/bills
records: [Bills, "Pages[].Bill"]
identity: id
revision: at
any_case: true
signature:
  requires: [id]
  values: {kind: [bill, 1]}
  excludes: {draft: [], state: [void]}
  some: [a, b]
  at_least: 2
fields:
  - {name: id, type: string, required: true, column: true, description: Its number.}
  - {name: at, type: timestamp, isEventTime: true}
  - name: lines
    type: array
    element:
      type: object
      fields:
        - {name: host, type: string, indicators: [hostname, url]}
anywhere:
  - {scanner: ip}
  - {scanner: username, keys: [payer, "*User"]}
""",
    )
    assert log_type == LogType(
        name="Custom.Billing",
        version=3,
        description="Bills.",
        reference="https://example.com/bills",
        records=("Bills", "Pages[].Bill"),
        signature=Signature(
            requires=("id",),
            values=(("kind", ("bill", 1)),),
            excludes=(("draft", ()), ("state", ("void",))),
            some=("a", "b"),
            at_least=2,
            any_case=True,
        ),
        event_time="at",
        identity="id",
        revision="at",
        any_case=True,
        fields=(
            Field(name="id", type="string", required=True, column=True, description="Its number."),
            Field(name="at", type="timestamp", event_time=True),
            Field(
                name="lines",
                type="array",
                element=Field(
                    name="",
                    type="object",
                    fields=(Field(name="host", type="string", indicators=("hostname", "url")),),
                ),
            ),
        ),
        anywhere=(
            Anywhere(scanner="ip"),
            Anywhere(scanner="username", keys=("payer", "*User")),
        ),
        folder=tmp_path / "billing",
    )


def test_a_schema_that_says_the_least_has_version_1_and_neither_id_nor_time(tmp_path: Path) -> None:
    log_type = load(tmp_path, MINIMAL)
    assert (log_type.version, log_type.identity, log_type.event_time) == (1, None, None)
    assert (log_type.revision, log_type.any_case) == (None, False)
    assert (log_type.records, log_type.anywhere, log_type.reference) == ((), (), "")


def test_the_log_types_that_come_with_trailcam_are_found_where_they_lie() -> None:
    found = {log_type.name: log_type.folder.name for log_type in loader.builtin()}
    assert found["AWS.CloudTrail"] == "aws_cloudtrail"
    assert found["AWS.CloudTrailDigest"] == "aws_cloudtrail_digest"
    assert found["AWS.CloudTrailInsight"] == "aws_cloudtrail_insight"


def test_log_types_come_sorted_by_name_whatever_the_order_of_the_folders(tmp_path: Path) -> None:
    one = write(tmp_path, MINIMAL, "one")
    two = write(tmp_path, MINIMAL.replace("Billing", "Access"), "two")
    names = [log_type.name for log_type in loader.load([one, two])]
    assert (
        names
        == [log_type.name for log_type in loader.load([two, one])]
        == ["Custom.Access", "Custom.Billing"]
    )


def test_samples_are_named_by_their_files(tmp_path: Path) -> None:
    log_type = load(tmp_path, MINIMAL)
    assert loader.samples(log_type) == {}
    (log_type.folder / "samples").mkdir()
    (log_type.folder / "samples" / "paid.json").write_text('{"bill": "ü"}', encoding="utf-8")
    assert loader.samples(log_type) == {"paid": {"bill": "ü"}}


# -- where a user's log types lie --------------------------------------------------------------------------


def test_a_users_folder_may_be_one_log_type(tmp_path: Path) -> None:
    folder = write(tmp_path, MINIMAL)
    assert loader.find(folder) == (folder,)


def test_a_users_folder_may_hold_several_log_types(tmp_path: Path) -> None:
    two, one = write(tmp_path, MINIMAL, "b"), write(tmp_path, MINIMAL, "a")
    (tmp_path / "notes").mkdir()
    assert loader.find(tmp_path) == (one, two)


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as refused:
        loader.find(tmp_path / "nowhere")
    assert refused.value.problems[0].code == "TC0101"


def test_a_folder_without_log_types_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as refused:
        loader.find(tmp_path)
    assert refused.value.problems[0].code == "TC0303"


# -- what it refuses ---------------------------------------------------------------------------------------


def test_an_unknown_key_is_refused_with_its_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "    requird: true\n")
    assert (found.code, found.line) == ("TC0203", 8)
    assert found.hint == 'did you mean "required"?'


def test_all_problems_of_all_schemas_come_at_once(tmp_path: Path) -> None:
    folders = [
        write(tmp_path, MINIMAL.replace("type: string", "type: text"), "a"),
        write(tmp_path, "schema: [", "b"),
        write(tmp_path, MINIMAL.replace("requires: [bill]", "{}"), "c"),
    ]
    with pytest.raises(TrailcamError) as refused:
        loader.load(folders)
    assert [found.code for found in refused.value.problems] == ["TC0205", "TC0202", "TC0301"]
    assert [found.path for found in refused.value.problems] == [folder / "schema.yml" for folder in folders]


def test_two_log_types_of_one_name_are_refused_and_both_places_named(tmp_path: Path) -> None:
    one, two = write(tmp_path, MINIMAL, "one"), write(tmp_path, MINIMAL, "two")
    with pytest.raises(TrailcamError) as refused:
        loader.load([one, two])
    (found,) = refused.value.problems
    assert (found.code, found.path) == ("TC0302", two / "schema.yml")
    assert str(one) in found.message


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    assert problem(tmp_path, "- schema\n").code == "TC0205"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert problem(tmp_path, "").code == "TC0205"


def test_a_signature_that_asks_for_nothing_is_refused(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL.replace("requires: [bill]", "excludes: {draft: []}"))
    assert (found.code, found.line) == ("TC0301", 3)


@pytest.mark.parametrize("at_least", [0, 3, -1])
def test_a_signature_cannot_ask_for_more_or_fewer_keys_than_it_names(tmp_path: Path, at_least: int) -> None:
    signature = f"some: [bill, note]\n  at_least: {at_least}"
    found = problem(tmp_path, MINIMAL.replace("requires: [bill]", signature))
    assert (found.code, found.line) == ("TC0301", 5)
    assert found.message.endswith(f"2; found {at_least}")


def test_a_number_of_keys_without_the_keys_is_refused(tmp_path: Path) -> None:
    text = MINIMAL.replace("requires: [bill]", "requires: [bill]\n  at_least: 1")
    assert problem(tmp_path, text).message.endswith("0; found 1")


def test_only_one_field_can_be_the_event_time(tmp_path: Path) -> None:
    times = "".join(f"  - {{name: {name}, type: timestamp, isEventTime: true}}\n" for name in ("at", "till"))
    found = problem(tmp_path, MINIMAL + times)
    assert (found.line, found.message) == (9, "only one field can be the event time")


def test_an_event_time_inside_an_object_is_refused_rather_than_overlooked(tmp_path: Path) -> None:
    inner = "  - name: meta\n    type: object\n    fields:\n"
    found = problem(tmp_path, f"{MINIMAL}{inner}    - {{name: at, type: timestamp, isEventTime: true}}\n")
    assert (found.code, found.line) == ("TC0301", 11)
    assert '"at" is not' in found.message


def test_an_event_time_that_is_no_timestamp_is_refused(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "    isEventTime: true\n")
    assert "the event time is a timestamp" in found.message


def test_a_column_must_be_a_scalar(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL.replace("type: string", "type: json\n    column: true"))
    assert found.message == 'a column holds one scalar a record, but "bill" is of type json'


def test_a_scalar_inside_an_object_can_be_a_column(tmp_path: Path) -> None:
    inner = "  - name: meta\n    type: object\n    fields:\n    - {name: by, type: string, column: true}\n"
    assert load(tmp_path, MINIMAL + inner).fields[1].fields[0].column


def test_what_lies_in_a_list_cannot_be_a_column_however_deep(tmp_path: Path) -> None:
    inner = """\
  - name: lines
    type: array
    element:
      type: object
      fields:
        - name: payer
          type: object
          fields:
            - {name: by, type: string, column: true}
"""
    found = problem(tmp_path, MINIMAL + inner)
    assert (found.line, found.message) == (
        16,
        'a column holds one scalar a record, but "by" lies in a list',
    )


def test_the_items_of_a_list_have_no_name_no_column_and_are_not_required(tmp_path: Path) -> None:
    element = "element: {type: string, name: x, column: true, required: true}"
    found = problems(tmp_path, f"{MINIMAL}  - name: lines\n    type: array\n    {element}\n")
    assert [one.message for one in found] == [
        f'unknown key "{key}" in an element' for key in ("name", "column", "required")
    ]


def test_a_field_declared_twice_is_refused(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "  - {name: bill, type: int}\n")
    assert (found.line, found.message) == (8, 'field "bill" is declared twice')


def test_two_spellings_of_a_field_are_two_fields(tmp_path: Path) -> None:
    assert len(load(tmp_path, MINIMAL + "  - {name: Bill, type: int}\n").fields) == 2


@pytest.mark.parametrize(
    ("key", "value", "needed"),
    [("fields", "[{name: a, type: int}]", "object"), ("element", "{type: int}", "array")],
)
def test_what_lies_inside_a_field_must_fit_its_type(
    tmp_path: Path, key: str, value: str, needed: str
) -> None:
    found = problem(tmp_path, MINIMAL + f"    {key}: {value}\n")
    assert found.message == f"`{key}` needs the type {needed}, not string"


def test_an_identity_that_is_no_field_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "identity: Bil\n")
    assert (found.code, found.line, found.hint) == ("TC0301", 8, 'did you mean "bill"?')


def test_a_revision_is_a_field_and_one_of_an_id(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "identity: bill\nrevision: bil\n")
    assert (found.code, found.line, found.hint) == ("TC0301", 9, 'did you mean "bill"?')


def test_a_revision_needs_an_id(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "revision: bill\n")
    assert found.message == "a revision is one of an id: it needs `identity`"


def test_a_scanner_without_a_shape_needs_keys(tmp_path: Path) -> None:
    found = problem(tmp_path, MINIMAL + "anywhere:\n  - scanner: username\n")
    assert (found.code, found.line) == ("TC0301", 9)
    assert found.message.startswith("username has no shape of its own")


@pytest.mark.parametrize("key", ["a*b", "*a*", "*", "**"])
def test_a_pattern_that_would_match_nothing_or_everything_is_refused(tmp_path: Path, key: str) -> None:
    found = problem(tmp_path, MINIMAL + f'anywhere:\n  - scanner: username\n    keys: ["{key}"]\n')
    assert found.message == f'a key has one `*` at most, at an end; found "{key}"'


def test_problems_are_told_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = MINIMAL.replace("requires: [bill]", "{}") + "  - {name: bill, type: int}\nidentity: id\n"
    assert [found.line for found in problems(tmp_path, text)] == [3, 8, 9]
