"""Items in Panther's form, as tests write them: one example of every kind, whole and right."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import Problem
from trailcam.rules.formats import panther


def no_samples(log_type: str, name: str) -> dict[str, Any]:
    raise KeyError(name)


KNOWN = Known(log_types=frozenset({"AWS.CloudTrail", "AWS.VPCFlow"}), sample=no_samples)

EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "rule": {
        "rule.yml": """\
            AnalysisType: rule
            RuleID: Example.Rule
            Filename: rule.py
            Enabled: true
            LogTypes: [AWS.CloudTrail]
            Severity: High
            Tests:
              - Name: a stop
                ExpectedResult: true
                Mocks: [{objectName: known, returnValue: "[]"}]
                Log: {eventName: StopLogging}
        """,
        "rule.py": "def known(): ...\ndef rule(event):\n    return event.get('eventName') == 'StopLogging'\n",
    },
    "scheduled_rule": {
        "rows.yml": """\
            AnalysisType: scheduled_rule
            RuleID: Example.Rows
            Filename: rows.py
            Enabled: true
            ScheduledQueries: [Example Query]
            Severity: Low
            Tests:
              - Name: a row
                ExpectedResult: true
                Log: {total: 7}
        """,
        "rows.py": "def rule(event):\n    return event['total'] > 5\n",
    },
    "policy": {
        "policy.yml": """\
            AnalysisType: policy
            PolicyID: Example.Policy
            Filename: policy.py
            Enabled: true
            ResourceTypes: [AWS.S3.Bucket]
            Suppressions: ["arn:aws:s3:::logs-*"]
            Severity: Medium
            Tests:
              - Name: an open bucket
                ExpectedResult: false
                Resource: {Public: true}
        """,
        "policy.py": "def policy(resource):\n    return not resource['Public']\n",
    },
    "datamodel": {
        "model.yml": """\
            AnalysisType: datamodel
            DataModelID: Example.Model
            Enabled: true
            LogTypes: [AWS.CloudTrail]
            Filename: model.py
            Mappings:
              - Name: source_ip
                Path: $.sourceIPAddress
              - Name: user
                Method: get_user
        """,
        "model.py": "def get_user(event):\n    return event.get('user')\n",
    },
    "global": {
        "names.yml": """\
            AnalysisType: global
            GlobalID: example_names
            Filename: names.py
            Description: Names of things.
            Tags: [Names]
        """,
        "names.py": "NAMES = ('a', 'b')\n",
    },
    "lookup_table": {
        "table.yml": """\
            AnalysisType: lookup_table
            LookupName: example_table
            Enabled: true
            Filename: table.jsonl
            Schema: Custom.Table
            LogTypeMap:
              PrimaryKey: ip
              AssociatedLogTypes:
                - LogType: AWS.CloudTrail
                  Selectors: [$.sourceIPAddress, p_any_ip_addresses]
        """,
        "table.jsonl": '{"ip": "192.0.2.1"}\n',
    },
    "saved_query": {
        "saved.yml": """\
            AnalysisType: saved_query
            QueryName: Example Saved
            Query: SELECT 1
            Description: One.
            Tags: [One]
        """,
    },
    "scheduled_query": {
        "query.yml": """\
            AnalysisType: scheduled_query
            QueryName: Example Query
            Enabled: true
            SnowflakeQuery: SELECT count(*) AS total FROM a
            AthenaQuery: SELECT count(1) AS total FROM a
            Lookback: true
            LookbackWindowSeconds: 3600
            Schedule:
              RateMinutes: 60
              TimeoutMinutes: 5
            EmailConfig: {Recipients: [a@example.com], SendEmpty: false, PreferAttachment: true}
        """,
    },
    "pack": {
        "pack.yml": """\
            AnalysisType: pack
            PackID: Example.Pack
            DisplayName: A few
            Description: What belongs together.
            PackDefinition:
              IDs: [Example.Rule, Example.Policy, example_names]
        """,
    },
    "scheduled_prompt": {
        "prompt.yml": """\
            AnalysisType: scheduled_prompt
            PromptName: example_prompt
            DisplayName: What happened
            PromptText: Tell what happened.
            RunAsUser: a@example.com
            Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
            OutputLength: small
            Enabled: false
            Private: false
        """,
    },
    "correlation_rule": {
        "correlation.yml": """\
            AnalysisType: correlation_rule
            RuleID: Example.Correlation
            Enabled: true
            Severity: High
            Detection:
              - Group:
                  - ID: One
                    RuleID: Example.Rule
                MatchCriteria:
                  name:
                    - GroupID: One
                      Match: eventName
                Schedule: {RateMinutes: 60, TimeoutMinutes: 5}
                LookbackWindowMinutes: 90
        """,
    },
    "derived": {
        "derived.yml": """\
            AnalysisType: rule
            RuleID: Example.Derived
            BaseDetection: Example.Rule
            Severity: Info
            Tests:
              - Name: another stop
                ExpectedResult: true
                Log: {eventName: StopLogging}
        """,
    },
    "simple": {
        "simple.yml": """\
            AnalysisType: rule
            RuleID: Example.Simple
            Enabled: true
            LogTypes: [AWS.CloudTrail]
            Severity: Info
            Detection:
              - Key: eventName
                Condition: Equals
                Value: StopLogging
        """,
    },
}
"""By kind, a derived rule and a simple detection apart: file name to text, the metadata first."""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes files into a folder; the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return folder / next(iter(files))


def read(folder: Path, kind: str, *edits: tuple[str, str], **known: Any) -> Reading:
    """What is made of the example of a kind, each (old, new) of `edits` made in its metadata."""
    files = dict(EXAMPLES[kind])
    name = next(iter(files))
    for old, new in edits:
        assert old in files[name], old
        files[name] = dedent(files[name]).replace(old, new, 1)
    return read_file(write(folder, files), **known)


def read_file(path: Path, **known: Any) -> Reading:
    """What is made of a file."""
    reading = panther.read(path, known=Known(log_types=KNOWN.log_types, sample=no_samples, **known))
    assert reading is not None
    assert reading.item is None or not reading.problems
    return reading


def told(problems: Iterable[Problem]) -> list[tuple[str, str, int | None]]:
    """(code, file name, line) of each problem."""
    return [(problem.code, Path(problem.path or "").name, problem.line) for problem in problems]
