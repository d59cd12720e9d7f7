"""Each kind of Panther's items: the right one is read whole, and every mistake is told with its line."""

import os
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from tests.panther_items import EXAMPLES, KNOWN, no_samples, read, read_file, told, write

from trailcam.contracts.rule_format import Item, Reading
from trailcam.errors import TrailcamError
from trailcam.model.data_model import DataModel, Mapping
from trailcam.model.lookup import DeclaredTable
from trailcam.model.query import Query, Schedule
from trailcam.model.rule import (
    RESOURCE,
    Collection,
    DerivedRule,
    HelperModule,
    Kind,
    Mock,
    Pack,
    Rule,
    RuleTest,
)
from trailcam.model.severity import Severity
from trailcam.rules.formats import panther
from trailcam.rules.formats.panther.schedule import is_cron
from trailcam.rules.loader import load_packs


def item(reading: Reading) -> Item:
    assert reading.problems == ()
    assert reading.item is not None
    return reading.item


def load(folder: Path) -> Pack:
    (pack,) = load_packs([folder], log_types=KNOWN.log_types, sample=no_samples)
    return pack


def refused(folder: Path) -> list[tuple[str, str, int | None]]:
    with pytest.raises(TrailcamError) as error:
        load(folder)
    return told(error.value.problems)


# -- what is read of a right one ---------------------------------------------------------------------------


SIMPLE_ROWS = (
    "Filename: rows.py\n",
    "Detection: [{Key: total, Condition: IsGreaterThan, Value: 5}]\nAlertTitle: '{total} rows'\n",
)


def test_a_scheduled_rule_may_be_a_simple_detection(tmp_path: Path) -> None:
    rule = item(read(tmp_path, "scheduled_rule", SIMPLE_ROWS))
    assert isinstance(rule, Rule)
    assert (rule.kind, rule.queries, rule.log_types) == (Kind.SCHEDULED_RULE, ("Example Query",), ())
    assert rule.conditions
    assert rule.path == rule.metadata_path == tmp_path / "rows.yml"
    module: dict[str, Any] = {}
    exec(rule.body, module)  # what was made of it
    assert [module["rule"]({"total": total}) for total in (7, 5)] == [True, False]
    assert [test.name for test in rule.tests] == ["a row"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (
            ("Filename: rows.py\n", "Filename: rows.py\nDetection: [{Key: a, Condition: Exists}]\n"),
            ("TC0203", 4),
        ),
        (("Filename: rows.py\n", "Detection: [{Key: a, Condition: Is}]\n"), ("TC0205", 3)),
        (("Filename: rows.py\n", ""), ("TC0204", 1)),
    ],
)
def test_a_scheduled_rule_is_in_python_or_in_yaml_and_not_both(
    tmp_path: Path, edit: tuple[str, str], expected: tuple[str, int]
) -> None:
    reading = read(tmp_path, "scheduled_rule", edit)
    assert [(problem.code, problem.line) for problem in reading.problems] == [expected]


def test_a_simple_scheduled_rule_names_queries_and_no_log_types(tmp_path: Path) -> None:
    edits = SIMPLE_ROWS, ("ScheduledQueries: [Example Query]", "LogTypes: [AWS.CloudTrail]")
    reading = read(tmp_path, "scheduled_rule", *edits)
    assert sorted(problem.code for problem in reading.problems) == ["TC0203", "TC0204"]


def test_a_file_that_is_no_regular_one_is_not_taken_for_a_misspelt_name(tmp_path: Path) -> None:
    write(tmp_path, EXAMPLES["scheduled_rule"])
    (tmp_path / "rows.py").unlink()
    os.mkfifo(tmp_path / "rows.py")
    (problem,) = read_file(tmp_path / "rows.yml").problems
    assert (problem.code, problem.message, problem.hint) == ("TC0207", "rows.py is no regular file", "")


def test_a_scheduled_rule_is_a_rule_over_the_rows_of_its_queries(tmp_path: Path) -> None:
    reading = read(tmp_path, "scheduled_rule")
    assert item(reading) == Rule(
        id="Example.Rows",
        format="panther",
        kind=Kind.SCHEDULED_RULE,
        path=tmp_path / "rows.py",
        metadata_path=tmp_path / "rows.yml",
        body=EXAMPLES["scheduled_rule"]["rows.py"],
        severity=Severity.LOW,
        queries=("Example Query",),
        tests=(RuleTest(name="a row", expected=True, event={"total": 7}, line=8),),
    )
    assert (reading.line, reading.names) == (2, (("Example Query", 5),))
    assert reading.companions == (tmp_path / "rows.py",)


def test_a_policy_is_a_rule_over_resources(tmp_path: Path) -> None:
    reading = read(tmp_path, "policy")
    assert item(reading) == Rule(
        id="Example.Policy",
        format="panther",
        kind=Kind.POLICY,
        path=tmp_path / "policy.py",
        metadata_path=tmp_path / "policy.yml",
        body=EXAMPLES["policy"]["policy.py"],
        severity=Severity.MEDIUM,
        log_types=(RESOURCE,),
        resource_types=("AWS.S3.Bucket",),
        suppressions=("arn:aws:s3:::logs-*",),
        tests=(RuleTest(name="an open bucket", expected=False, event={"Public": True}, line=9),),
    )
    assert (reading.line, reading.names) == (2, ())


def test_a_data_model_has_its_names_and_the_source_of_its_methods(tmp_path: Path) -> None:
    reading = read(tmp_path, "datamodel")
    assert item(reading) == DataModel(
        id="Example.Model",
        log_types=("AWS.CloudTrail",),
        mappings=(
            Mapping(name="source_ip", path="$.sourceIPAddress"),
            Mapping(name="user", method="get_user"),
        ),
        path=tmp_path / "model.py",
        metadata_path=tmp_path / "model.yml",
        body=EXAMPLES["datamodel"]["model.py"],
    )
    assert reading.companions == (tmp_path / "model.py",)


def test_a_data_model_without_methods_needs_no_file(tmp_path: Path) -> None:
    edits = (("Filename: model.py\n", ""), ("Method: get_user", "Path: $.user"))
    model = item(read(tmp_path, "datamodel", *edits))
    assert isinstance(model, DataModel)
    assert (model.body, model.path) == ("", tmp_path / "model.yml")


def test_a_lookup_table_has_its_key_its_selectors_and_its_file(tmp_path: Path) -> None:
    assert item(read(tmp_path, "lookup_table")) == DeclaredTable(
        id="example_table",
        path=tmp_path / "table.yml",
        key="ip",
        selectors=(("AWS.CloudTrail", ("sourceIPAddress", "p_any_ip_addresses")),),
        file=tmp_path / "table.jsonl",
    )


@pytest.mark.parametrize(
    "source",
    [
        "Refresh: {ObjectPath: s3://a/b, PeriodMinutes: 15, AlarmPeriodMinutes: 1440, RoleARN: r}",
        "Refresh: {ObjectPath: gs://a/b, ObjectKMSKey: k, StorageProvider: GCS, GCSCredentials: {a: b}}",
        "Query: SELECT 1\nRefresh: {CronExpression: 0 1 * * *}",
        "SnowflakeQuery: SELECT 1\nAthenaQuery: SELECT 1\nIndicators: []\nValidations: []",
    ],
)
def test_the_rows_of_a_lookup_table_may_be_brought_by_somebody_else(tmp_path: Path, source: str) -> None:
    table = item(read(tmp_path, "lookup_table", ("Filename: table.jsonl", source)))
    assert isinstance(table, DeclaredTable)
    assert (table.file, table.key) == (None, "ip")


def test_a_saved_query_is_kept_by_name(tmp_path: Path) -> None:
    assert item(read(tmp_path, "saved_query")) == Query(
        id="Example Saved",
        path=tmp_path / "saved.yml",
        texts=(("", "SELECT 1"),),
        description="One.",
        tags=("One",),
    )


def test_a_scheduled_query_has_its_texts_by_dialect_and_its_schedule(tmp_path: Path) -> None:
    assert item(read(tmp_path, "scheduled_query")) == Query(
        id="Example Query",
        path=tmp_path / "query.yml",
        texts=(
            ("snowflake", "SELECT count(*) AS total FROM a"),
            ("athena", "SELECT count(1) AS total FROM a"),
        ),
        lookback_seconds=3600,
        schedule=Schedule(rate_minutes=60, timeout_minutes=5),
    )


def test_a_query_that_does_not_look_back_looks_back_by_nothing(tmp_path: Path) -> None:
    query = item(read(tmp_path, "scheduled_query", ("Lookback: true", "Lookback: false")))
    assert isinstance(query, Query)
    assert query.lookback_seconds == 0


def test_a_scheduled_query_may_run_by_cron(tmp_path: Path) -> None:
    query = item(read(tmp_path, "scheduled_query", ("RateMinutes: 60", "CronExpression: 0 1 * * *")))
    assert isinstance(query, Query)
    assert query.schedule == Schedule(cron="0 1 * * *", timeout_minutes=5)


def test_a_pack_is_a_named_list_whose_members_are_asked_for_with_their_lines(tmp_path: Path) -> None:
    reading = read(tmp_path, "pack", ("[Example.Rule, Example.Policy, example_names]", "\n    - a\n    - b"))
    assert item(reading) == Collection(
        id="Example.Pack", title="A few", description="What belongs together.", members=("a", "b")
    )
    assert reading.names == (("a", 7), ("b", 8))


def test_a_global_is_a_helper_module(tmp_path: Path) -> None:
    assert item(read(tmp_path, "global")) == HelperModule(id="example_names", path=tmp_path / "names.py")


def test_a_scheduled_prompt_is_checked_and_not_run(tmp_path: Path) -> None:
    reading = read(tmp_path, "scheduled_prompt")
    assert (reading.item, reading.problems, reading.not_run) == (None, (), "scheduled prompt")


def test_a_derived_rule_has_the_fields_that_it_gives_and_no_others(tmp_path: Path) -> None:
    reading = read(tmp_path, "derived")
    assert item(reading) == DerivedRule(
        id="Example.Derived",
        base="Example.Rule",
        fields={
            "id": "Example.Derived",
            "severity": Severity.INFO,
            "metadata_path": tmp_path / "derived.yml",
            "tests": (
                RuleTest(name="another stop", expected=True, event={"eventName": "StopLogging"}, line=6),
            ),
        },
    )
    assert reading.names == (("Example.Rule", 3),)


def test_what_a_test_says_of_the_match_is_kept_as_functions_give_it(tmp_path: Path) -> None:
    said = """\
        ExpectedSeverity: high
            ExpectedTitle: A
            ExpectedDedup: B
            ExpectedDestinations: [b, a]
            ExpectedAlertContext: {a: [1, null], 2: x}
            Log:"""
    rule = item(read(tmp_path, "rule", ("Log:", dedent(said).replace("\n        ", "\n    "))))
    assert isinstance(rule, Rule)
    assert rule.tests[0].wanted == (
        ("severity", "HIGH"),
        ("title", "A"),
        ("dedup", "B"),
        ("destinations", ("a", "b")),
        ("alert_context", {"a": [1, None], "2": "x"}),
    )
    assert rule.tests[0].mocks == (Mock(name="known", return_value="[]"),)


# -- mistakes ----------------------------------------------------------------------------------------------

SEVERAL = ["rule", "scheduled_rule", "policy"]
FILED = [*SEVERAL, "datamodel", "global"]

MISTAKES: list[tuple[str, str, str, tuple[str, int], str]] = [
    ("scheduled_rule", "[Example Query]", "Example Query", ("TC0205", 5), ""),
    ("scheduled_rule", "[Example Query]", "[a, a]", ("TC0205", 5), "remove one of the two"),
    ("scheduled_rule", "[Example Query]", "[a, 5]", ("TC0205", 5), ""),
    ("scheduled_rule", "ScheduledQueries: [Example Query]\n", "", ("TC0204", 1), ""),
    ("scheduled_rule", "ScheduledQueries: ", "LogTypes: [a]\nScheduledQuries: ", ("TC0203", 5), ""),
    ("policy", "[AWS.S3.Bucket]", "[a, a]", ("TC0205", 5), "remove one of the two"),
    ("policy", "[AWS.S3.Bucket]", "AWS.S3.Bucket", ("TC0205", 5), ""),
    ("policy", '["arn:aws:s3:::logs-*"]', "[a, a]", ("TC0205", 6), "remove one of the two"),
    ("policy", '["arn:aws:s3:::logs-*"]', "[5]", ("TC0205", 6), ""),
    ("policy", "PolicyID: Example.Policy", "PolicyID: a<b", ("TC0205", 2), ""),
    ("policy", "PolicyID: ", "RuleID: ", ("TC0203", 2), ""),
    ("policy", "Resource:", "Log: {}\n    Resource:", ("TC0205", 9), ""),
    ("policy", "Resource:", "Resorce:", ("TC0203", 11), 'did you mean "Resource"?'),
    ("datamodel", "[AWS.CloudTrail]", "[]", ("TC0205", 4), ""),
    ("datamodel", "[AWS.CloudTrail]", "[AWS.Cloudtrail]", ("TC0209", 4), 'did you mean "AWS.CloudTrail"?'),
    ("datamodel", "Enabled: true\n", "", ("TC0204", 1), "it holds true or false"),
    ("datamodel", "Path: $.source", "Pth: $.source", ("TC0203", 8), 'did you mean "Path"?'),
    ("datamodel", "Path: $.source", "Method: a\n    Path: $.source", ("TC0205", 7), ""),
    ("datamodel", "$.sourceIPAddress", "''", ("TC0205", 8), ""),
    ("datamodel", "$.sourceIPAddress", "$.a[", ("TC0205", 8), ""),
    ("datamodel", "$.sourceIPAddress", "$.a[?(@.b ==)]", ("TC0205", 8), ""),
    ("datamodel", "Filename: model.py\n", "", ("TC0204", 1), ""),
    ("datamodel", "Mappings:", "Mapings:", ("TC0203", 6), 'did you mean "Mappings"?'),
    ("global", "GlobalID: example_names", "GlobalID: example-names", ("TC0205", 2), ""),
    ("global", "GlobalID: example_names", "GlobalID: 5", ("TC0205", 2), ""),
    ("global", "Tags: [Names]", "Tags: [Names, NAMES]", ("TC0205", 5), "remove one of the two"),
    ("lookup_table", "LookupName: example_table", "LookupName: ../table", ("TC0205", 2), ""),
    ("lookup_table", "LookupName: example_table", f"LookupName: {'a' * 101}", ("TC0205", 2), ""),
    ("lookup_table", "table.jsonl", "table.json", ("TC0207", 4), ""),
    ("lookup_table", "table.jsonl", "tabel.jsonl", ("TC0207", 4), 'did you mean "table.jsonl"?'),
    ("lookup_table", "table.jsonl", "../table.jsonl", ("TC0205", 4), ""),
    ("lookup_table", "Filename: table.jsonl\n", "", ("TC0204", 1), ""),
    ("lookup_table", "PrimaryKey: ip", "PrimaryKey: ''", ("TC0205", 7), ""),
    ("lookup_table", "PrimaryKey", "PrimryKey", ("TC0203", 7), 'did you mean "PrimaryKey"?'),
    ("lookup_table", "LogType: AWS", "LogTyp: AWS", ("TC0203", 9), 'did you mean "LogType"?'),
    ("lookup_table", "[$.sourceIPAddress, p_any_ip_addresses]", "[a, a]", ("TC0205", 10), ""),
    ("lookup_table", "Filename: table.jsonl", "Refresh: {PeriodMinutes: 0}", ("TC0205", 4), ""),
    ("lookup_table", "Filename: table.jsonl", "Refresh: {CronExpression: daily}", ("TC0205", 4), ""),
    ("lookup_table", "Filename: table.jsonl", "Refresh: {AlarmPeriodMinutes: 1441}", ("TC0205", 4), ""),
    ("lookup_table", "Filename: table.jsonl", "Refresh: {ObjctPath: a}", ("TC0203", 4), 'did you mean "ObjectPath"?'),
    ("saved_query", "Query: SELECT 1\n", "", ("TC0204", 1), ""),
    ("saved_query", "Query: SELECT 1", "Query: ''", ("TC0205", 3), ""),
    ("saved_query", "Query: SELECT 1", "Qury: SELECT 1\nAthenaQuery: a", ("TC0203", 3), 'did you mean "Query"?'),
    ("saved_query", "QueryName: Example Saved", "QueryName: 5", ("TC0205", 2), ""),
    ("saved_query", "Tags:", "Schedule: {RateMinutes: 5, TimeoutMinutes: 5}\nTags:", ("TC0203", 5), ""),
    ("saved_query", "Tags:", "LookbackWindowSeconds: -1\nTags:", ("TC0205", 5), ""),
    ("scheduled_query", "RateMinutes: 60", "RateMinutes: 1", ("TC0205", 9), ""),
    ("scheduled_query", "RateMinutes: 60", "RateMinutes: 4", ("TC0205", 9), ""),
    ("scheduled_query", "RateMinutes: 60", "CronExpression: 0 1 * *", ("TC0205", 9), ""),
    ("scheduled_query", "RateMinutes: 60\n", "RateMinutes: 60\n  CronExpression: 0 1 * * *\n", ("TC0205", 8), ""),
    ("scheduled_query", "  TimeoutMinutes: 5\n", "", ("TC0204", 8), "it holds a whole number above zero"),
    ("scheduled_query", "  RateMinutes: 60\n", "", ("TC0204", 8), ""),
    ("scheduled_query", "Enabled: true\n", "", ("TC0204", 1), ""),
    ("scheduled_query", "[a@example.com]", "a@example.com", ("TC0205", 11), ""),
    ("pack", "PackDefinition", "PackDefinitions", ("TC0203", 5), 'did you mean "PackDefinition"?'),
    ("pack", "IDs: [Example.Rule, Example.Policy, example_names]", "IDs: a", ("TC0205", 6), ""),
    ("pack", "IDs: [Example.Rule, Example.Policy, example_names]", "IDs: [a, 5]", ("TC0205", 6), ""),
    ("pack", "DisplayName: A few", "Enabled: true", ("TC0203", 3), ""),
    ("scheduled_prompt", "example_prompt", "Example Prompt", ("TC0205", 2), ""),
    ("scheduled_prompt", "small", "huge", ("TC0205", 7), ""),
    ("scheduled_prompt", "PromptText: Tell what happened.\n", "", ("TC0204", 1), ""),
    ("derived", "BaseDetection: Example.Rule", "BaseDetection: ''", ("TC0205", 3), ""),
    ("derived", "Severity: Info", "Severity: Infos", ("TC0205", 4), 'did you mean "Info"?'),
    ("derived", "Severity: Info", "Filename: a.py", ("TC0203", 4), ""),
    ("derived", "Severity: Info", "LogTypes: [AWS.Cloudtrail]", ("TC0209", 4), 'did you mean "AWS.CloudTrail"?'),
    *[(kind, "Name: a", "Nme: a", ("TC0203", 8), 'did you mean "Name"?') for kind in ["scheduled_rule", "rule"]],
    *[(kind, "Severity: ", "Severty: ", ("TC0203", line), 'did you mean "Severity"?') for kind, line in
      (("rule", 6), ("scheduled_rule", 6), ("policy", 7), ("derived", 4))],
]  # fmt: skip


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{kind}: {new[:40]!r} for {old[:30]!r}" for kind, old, new, *_ in MISTAKES]
)
def test_a_mistake_is_told_with_its_line_and_a_hint(
    tmp_path: Path, mistake: tuple[str, str, str, tuple[str, int], str]
) -> None:
    kind, old, new, (code, line), hint = mistake
    reading = read(tmp_path, kind, (old, new))
    assert reading.item is None
    assert reading.not_run == ""
    name = next(iter(EXAMPLES[kind]))
    mine = [problem for problem in reading.problems if (problem.code, problem.line) == (code, line)]
    assert [problem.path for problem in mine] == [tmp_path / name], told(reading.problems)
    assert mine[0].hint == hint or not hint
    consequences = {"TC0204"} if code == "TC0203" else set()
    assert {problem.code for problem in reading.problems} <= {code} | consequences


@pytest.mark.parametrize("kind", FILED)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../a.py", "TC0205"),
        ("a/../../a.py", "TC0205"),
        ("/etc/a.py", "TC0205"),
        (".", "TC0205"),
        ("..", "TC0205"),
        ('"a\\0.py"', "TC0205"),
        ("a.txt", "TC0205"),
        ("''", "TC0205"),
        ("5", "TC0205"),
        ("[a.py]", "TC0205"),
        ("nothing.py", "TC0207"),
        ("nowhere/nothing.py", "TC0207"),
        (f"{'a' * 300}.py", "TC0207"),
        (f"{'a' * 300}/a.py", "TC0207"),
    ],
)
def test_a_filename_is_that_of_a_python_file_beside_the_item(
    tmp_path: Path, kind: str, name: str, code: str
) -> None:
    metadata = next(iter(EXAMPLES[kind]))
    old = next(file for file in EXAMPLES[kind] if file != metadata)
    reading = read(tmp_path, kind, (f"Filename: {old}", f"Filename: {name}"))
    line = dedent(EXAMPLES[kind][metadata]).splitlines().index(f"Filename: {old}") + 1
    assert told(reading.problems) == [(code, metadata, line)]
    assert all(tmp_path in file.parents for file in reading.companions)
    (tmp_path / old).unlink()
    assert (code, metadata, line) in refused(tmp_path)


@pytest.mark.parametrize(
    ("kind", "function"), [("scheduled_rule", "rule"), ("policy", "policy"), ("datamodel", "get_user")]
)
def test_a_file_must_define_what_its_kind_asks_for(tmp_path: Path, kind: str, function: str) -> None:
    metadata, python = EXAMPLES[kind]
    write(tmp_path, {**EXAMPLES[kind], python: "def other(event): ...\n"})
    reading = read_file(tmp_path / metadata)
    assert told(reading.problems) == [("TC0208", python, 1)]
    assert function in reading.problems[0].message
    write(tmp_path, {**EXAMPLES[kind], python: "def other(event:\n"})
    assert told(read_file(tmp_path / metadata).problems) == [("TC0201", python, 1)]


@pytest.mark.parametrize("named", ["rule.yml", "policy.yml", "POLICY.YAML"])
def test_an_item_that_a_filename_names_stays_an_item_of_its_own(tmp_path: Path, named: str) -> None:
    write(tmp_path, EXAMPLES["policy"])
    (tmp_path / "policy.yml").rename(tmp_path / ("POLICY.YAML" if named.isupper() else "policy.yml"))
    read(tmp_path, "rule", ("Filename: rule.py", f"Filename: {named}"))
    assert refused(tmp_path) == [("TC0205", "rule.yml", 3)]
    (tmp_path / "rule.yml").unlink()
    assert [rule.id for rule in load(tmp_path).rules] == ["Example.Policy"]
    (tmp_path / "policy.py").unlink()
    read(tmp_path, "rule", ("Filename: rule.py", f"Filename: {named}"))
    assert {code for code, _, _ in refused(tmp_path)} == {"TC0205", "TC0207"}


def test_every_missing_method_of_a_data_model_is_told_once(tmp_path: Path) -> None:
    more = "Method: get_user\n  - Name: a\n    Method: get_a\n  - Name: b\n    Method: get_a"
    reading = read(tmp_path, "datamodel", ("Method: get_user", more))
    assert told(reading.problems) == [("TC0208", "model.py", 1)]


@pytest.mark.parametrize(
    ("kind", "extra", "codes"),
    [
        ("policy", "Typ: a\nTags: [a, A]\nThreshold: -1\n", ["TC0203", "TC0205", "TC0205", "TC0208"]),
        ("scheduled_rule", "Typ: a\nStatus: 5\nReports: []\n", ["TC0203", "TC0205", "TC0205", "TC0208"]),
        ("datamodel", "Typ: a\nDisplayName: 5\n", ["TC0203", "TC0205"]),
        ("lookup_table", "Typ: a\nReference: 5\nQuery: ''\n", ["TC0203", "TC0205", "TC0205"]),
        ("scheduled_query", "Typ: a\nLookbackWindowSecond: 5\nTags: a\n", ["TC0203", "TC0203", "TC0205"]),
        ("pack", "Typ: a\nID: 5\n", ["TC0203", "TC0203"]),
        ("scheduled_prompt", "Typ: a\nPrivat: no\n", ["TC0203", "TC0203"]),
    ],
)
def test_all_mistakes_of_a_file_come_at_once_in_the_order_of_their_lines(
    tmp_path: Path, kind: str, extra: str, codes: list[str]
) -> None:
    files = {name: dedent(text) for name, text in EXAMPLES[kind].items()}
    metadata, *python = files
    lines = len(files[metadata].splitlines())
    files[metadata] += extra
    for name in python:
        files[name] = "x = 1\n"
    reading = read_file(write(tmp_path, files))
    assert [problem.code for problem in reading.problems] == codes
    assert [problem.line for problem in reading.problems if problem.path == tmp_path / metadata] == [
        lines + number for number in range(1, extra.count("\n") + 1)
    ]
    assert reading.item is None


@pytest.mark.parametrize("kind", EXAMPLES)
def test_keys_that_no_form_knows_are_passed_over_where_that_is_asked_for(tmp_path: Path, kind: str) -> None:
    files = {name: dedent(text) for name, text in EXAMPLES[kind].items()}
    metadata = next(iter(files))
    files[metadata] += "NobodysKey: 1\n"
    path = write(tmp_path, files)
    assert read_file(path, ignores_extra_keys=True).problems == ()
    assert [problem.code for problem in read_file(path).problems] == ["TC0203"]


def test_a_whole_number_that_cannot_be_written_in_digits_is_a_value_like_any_other(tmp_path: Path) -> None:
    huge = "0x" + "f" * 5_000
    for new in (f"ExpectedAlertContext: {{a: {huge}}}\n    Log:", f"Log: {{a: {huge}}}\n    LogType:"):
        reading = read(tmp_path, "rule", ("Log:", new))
        assert bool(reading.item) is not bool(reading.problems)


def test_items_in_a_folder_of_templates_are_named_and_not_run(tmp_path: Path) -> None:
    folder = tmp_path / panther.TEMPLATES
    reading = read(folder, "rule", ("rule.py", "nothing.py"), ("Severity: High", "Severity: None"))
    assert (reading.item, reading.problems, reading.not_run) == (None, (), "template")
    write(tmp_path / "rules", EXAMPLES["policy"])
    pack = load(tmp_path)
    assert [rule.id for rule in pack.rules] == ["Example.Policy"]
    assert pack.not_loaded == (("template", 1),)
    assert pack.helper_modules == ()


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *", "0 0 1 1 0", "59 23 31 12 7", "*/15 * * * *", "0-59/5 1,2,3 * * MON-FRI", "0 1 ? * *",
        "0 1 * * ?", "0 1 * jan sun", "  0   1 * * *  ", "5/10 * * * *", "0 1 1-15,20 * *", "0 22-2 * * fri-mon",
    ],
)  # fmt: skip
def test_a_cron_expression_of_five_fields_is_taken(text: str) -> None:
    assert is_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *",
        "* * * 13 *", "* * * * 8", "*/0 * * * *", "*/٣ * * * *", "٣ * * * *", "? * * * *", "* * * ? *", "1,, * * * *",
        "1- * * * *", "-1 * * * *", "a * * * *", "* * * mon *", "@daily", "1.5 * * * *", "0001 * * * *",
        "*/1٣ * * * *", None, 5, ["* * * * *"],
    ],
)  # fmt: skip
def test_what_is_no_cron_expression_is_refused(text: Any) -> None:
    assert not is_cron(text)
