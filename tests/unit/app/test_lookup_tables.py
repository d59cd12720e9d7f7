"""Lookup tables as they are declared: what is refused, with its cure."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.app.declared import settings

from trailcam.app.lookup_tables import declared
from trailcam.app.restore import _LOOKUP
from trailcam.errors import TrailcamError
from trailcam.logtypes.loader import builtin, load
from trailcam.model.logtype import Field


def refused(tmp_path: Path, **keys: str) -> list[tuple[str, str]]:
    with pytest.raises(TrailcamError) as caught:
        declared(settings(tmp_path, **keys), builtin())
    assert {problem.code for problem in caught.value.problems} == {"TC0103"}
    assert {problem.path for problem in caught.value.problems} == {tmp_path / "trailcam.toml"}
    return [
        (problem.message.removeprefix("[lookup_tables.t]: "), problem.hint)
        for problem in caught.value.problems
    ]


def test_a_format_is_told_by_the_ending_or_by_its_name(tmp_path: Path) -> None:
    for keys, name in (
        ({}, "jsonl"),
        ({"path": "x.NDJSON"}, "jsonl"),
        ({"path": "x.txt", "format": "csv"}, "csv"),
    ):
        (table,) = declared(settings(tmp_path, **keys), builtin())
        assert (table.name, table.format, table.key) == ("t", name, "ip")
        assert table.selectors_of("AWS.CloudTrail") == ("sourceIPAddress",)
        assert table.selectors_of("AWS.GuardDuty") == ()


def test_what_cannot_be_meant_is_told_with_the_nearest_that_can(tmp_path: Path) -> None:
    assert refused(tmp_path, path="x.txt") == [
        ('the ending of "x.txt" tells no format', "name one with `format`: csv, json, jsonl, mmdb")
    ]
    assert refused(tmp_path, format="jsnol") == [('there is no format "jsnol"', 'did you mean "jsonl"?')]
    assert refused(tmp_path, key="") == [
        ("a file of the format jsonl needs `key`", "name the column by which a row is found")
    ]
    assert refused(tmp_path, path="x.mmdb") == [
        ("a file of the format mmdb has a key of its own", "take `key` out")
    ]
    assert refused(tmp_path, selectors='"AWS.CloudTrial" = ["x"]') == [
        ('unknown log type "AWS.CloudTrial"', 'did you mean "AWS.CloudTrail"?')
    ]


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("sourceIpAddress", "sourceIPAddress"),
        ("userIdentity.ARN", "arn"),
        ("p_any_ip_adresses", "p_any_ip_addresses"),
        ("p_row_id", "p_any"),
        ("nothing.like.it", "log-types.md"),
    ],
)
def test_a_selector_must_lead_to_a_field(tmp_path: Path, selector: str, hint: str) -> None:
    ((message, found),) = refused(tmp_path, selectors=f'"AWS.CloudTrail" = ["{selector}"]')
    assert message == f'AWS.CloudTrail has no field "{selector}"'
    assert hint in found


@pytest.mark.parametrize(
    ("selector", "message", "hint"),
    [
        ("userIdentity", "is an object, and objects are never looked up", '"userIdentity.type"'),
        ("userIdentity.sessionContext.attributes", "is an object", "sessionContext.attributes.creationDate"),
        ("resources", "is a list of objects", '"resources.ARN"'),
        ("eventName.x", 'leads below "eventName", which is of type string', 'name "eventName" itself'),
        ("resources.ARN.x.y", 'leads below "resources.ARN"', 'name "resources.ARN" itself'),
        ("requestParameters..x", "has an empty step", "one dot"),
        (".eventName", "has an empty step", "one dot"),
        ("requestParameters.", "has an empty step", "one dot"),
    ],
)
def test_a_selector_that_can_never_find_anything_is_refused(
    tmp_path: Path, selector: str, message: str, hint: str
) -> None:
    ((told, cure),) = refused(tmp_path, selectors=f'"AWS.CloudTrail" = ["{selector}"]')
    assert told.startswith(f'AWS.CloudTrail: "{selector}" {message}')
    assert hint in cure


def test_what_is_wrong_with_a_selector_is_told_once_for_log_types_of_another_run_too(tmp_path: Path) -> None:
    ((told, _),) = refused(tmp_path, selectors='"Custom.Elsewhere" = ["a..b"]')
    assert told == 'Custom.Elsewhere: "a..b" has an empty step'


def test_a_table_that_is_asked_for_nothing_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, selectors="") == [
        ("its selectors name no log type, so nothing would be looked up", 'say "LOG TYPE" = ["field"]')
    ]


NESTED = """
schema: Custom.Nested
description: Lists and objects of which little is declared.
signature: {requires: [a]}
fields:
  - {name: bare, type: object}
  - {name: texts, type: array, element: {type: string}}
  - {name: lists, type: array, element: {type: array, element: {type: object}}}
  - {name: any, type: array}
  - {name: loose, type: array, element: {type: json}}
"""


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("bare", "is an object"),
        ("bare.a.b", ""),
        ("texts", ""),
        ("texts.a", 'leads below "texts", which is of type string'),
        ("lists", "is a list of objects"),
        ("lists.a", ""),
        ("any", ""),
        ("any.a", ""),
        ("loose", ""),
        ("loose.a.b", ""),
    ],
)
def test_what_is_not_declared_may_hold_anything(tmp_path: Path, selector: str, said: str) -> None:
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested/schema.yml").write_text(NESTED)
    log_types = load([tmp_path / "nested"])
    made = settings(tmp_path, selectors=f'"Custom.Nested" = ["{selector}"]')
    if said:
        with pytest.raises(TrailcamError, match=said):
            declared(made, log_types)
    else:
        assert declared(made, log_types)[0].selectors_of("Custom.Nested") == (selector,)


@pytest.mark.parametrize(
    "selector",
    [
        "userIdentity.sessionContext.sessionIssuer.arn",
        "resources.ARN",
        "requestParameters",
        "requestParameters.a.b",
        "p_any_usernames",
    ],
)
def test_a_selector_may_lead_into_objects_lists_and_what_is_not_declared(
    tmp_path: Path, selector: str
) -> None:
    (table,) = declared(settings(tmp_path, selectors=f'"AWS.CloudTrail" = ["{selector}"]'), builtin())
    assert table.selectors_of("AWS.CloudTrail") == (selector,)


def test_a_selector_leads_through_lists_of_lists(tmp_path: Path) -> None:
    row = Field(name="", type="object", fields=(Field(name="arn", type="string"),))
    rows = Field(name="", type="array", element=row)
    (cloudtrail,) = (one for one in builtin() if one.name == "AWS.CloudTrail")
    deep = replace(cloudtrail, fields=(Field(name="tables", type="array", element=rows),))
    (table,) = declared(settings(tmp_path, selectors='"AWS.CloudTrail" = ["tables.arn"]'), (deep,))
    assert table.selectors_of("AWS.CloudTrail") == ("tables.arn",)
    with pytest.raises(TrailcamError, match=r'has no field "tables\.arm"') as caught:
        declared(settings(tmp_path, selectors='"AWS.CloudTrail" = ["tables.arm"]'), (deep,))
    assert caught.value.problems[0].hint == 'did you mean "arn"?'


def test_a_log_type_of_another_run_is_no_mistake(tmp_path: Path) -> None:
    (table,) = declared(settings(tmp_path, selectors='"Custom.Elsewhere" = ["x"]'), builtin())
    assert table.selectors_of("Custom.Elsewhere") == ("x",)


@pytest.mark.parametrize(
    "name", ["t", "9 lives_of-a cat ", "x" * 100, " t", "-t", "x" * 101, "a/b", "..", "\u0663", "t\n"]
)
def test_what_a_table_may_be_called_is_what_a_backup_may_hold(tmp_path: Path, name: str) -> None:
    """Else a home could be saved that cannot be restored."""
    held = _LOOKUP.fullmatch(f"{name}/{'0' * 64}.csv")
    if name in ("t", "9 lives_of-a cat ", "x" * 100):
        assert settings(tmp_path, name=json.dumps(name)).lookup_tables[0].name == name
        assert held
    else:
        with pytest.raises(TrailcamError, match="must be a name of letters"):
            settings(tmp_path, name=json.dumps(name))
        assert not held
