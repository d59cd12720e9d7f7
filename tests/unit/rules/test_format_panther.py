"""Panther's form: every key of its rules is taken, every mistake is told, what is not run is named."""

from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import Problem
from trailcam.model.rule import HelperModule, Mock, Rule, RuleTest
from trailcam.model.severity import Severity
from trailcam.rules.formats import panther

RULE_PY = 'def rule(event):\n    return event.get("eventName") == "StopLogging"\n'

LEAST = """\
AnalysisType: rule
RuleID: Example.StopLogging
Filename: stop_logging.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: High
"""


def no_samples(log_type: str, name: str) -> dict[str, Any]:
    raise KeyError(name)


KNOWN = Known(log_types=frozenset({"AWS.CloudTrail", "AWS.CloudTrailDigest"}), sample=no_samples)


def read(folder: Path, text: str, *, python: str | None = RULE_PY) -> Reading:
    """What the form makes of a YAML text with `stop_logging.py` beside it."""
    file = folder / "stop_logging.yml"
    file.write_text(dedent(text), encoding="utf-8")
    if python is not None:
        (folder / "stop_logging.py").write_text(python, encoding="utf-8")
    reading = panther.read(file, known=KNOWN)
    assert reading is not None
    return reading


def rule(folder: Path, text: str, *, python: str = RULE_PY) -> Rule:
    reading = read(folder, text, python=python)
    assert reading.problems == ()
    assert isinstance(reading.item, Rule)
    return reading.item


def only_problem(folder: Path, text: str, *, python: str | None = RULE_PY) -> Problem:
    reading = read(folder, text, python=python)
    assert reading.item is None
    (problem,) = reading.problems
    return problem


def test_a_rule_with_every_key_is_read_whole(tmp_path: Path) -> None:
    text = """\
        AnalysisType: rule
        RuleID: "Example.StopLogging"
        DisplayName: A trail was stopped
        Filename: stop_logging.py
        Enabled: false
        LogTypes:
          - AWS.CloudTrail
          - AWS.CloudTrailDigest
        Severity: critical
        Description: Somebody stopped a trail.
        Reference: https://docs.example.com/stop
        Runbook: Ask who did it.
        OutputIds: [on-call, archive]
        Tags: [Trail, Defence Evasion]
        Reports:
          MITRE ATT&CK:
            - TA0005:T1562
          CIS: [3.1, 2]
        SummaryAttributes: [awsRegion, "userIdentity:arn"]
        DedupPeriodMinutes: 30
        Threshold: 4
        CreateAlert: false
        Status: Experimental
        BaseVersion: 3
        CreatedBy: someone
        OnlyUseBaseRiskScore: false
        InlineFilters:
          - All: []
        DynamicSeverities: []
        AlertTitle: unused
        AlertContext: []
        GroupBy: []
        Tests:
          - Name: A stop
            ExpectedResult: true
            LogType: AWS.CloudTrail
            ExpectedDestinations: []
            Mocks:
              - objectName: lookup
                returnValue: '{"a": 1}'
              - objectName: known
                returnValue: false
            Log: {eventName: StopLogging, eventTime: 2026-01-01T00:00:00Z}
          - Name: An older form
            ExpectedResult: false
            ResourceType: AWS.CloudTrail
            Resource: {}
    """
    assert rule(tmp_path, text) == Rule(
        id="Example.StopLogging",
        format="panther",
        path=tmp_path / "stop_logging.py",
        metadata_path=tmp_path / "stop_logging.yml",
        body=RULE_PY,
        log_types=("AWS.CloudTrail", "AWS.CloudTrailDigest"),
        severity=Severity.CRITICAL,
        enabled=False,
        title="A trail was stopped",
        description="Somebody stopped a trail.",
        reference="https://docs.example.com/stop",
        runbook="Ask who did it.",
        destinations=("on-call", "archive"),
        status="Experimental",
        tags=("Trail", "Defence Evasion"),
        reports=(("MITRE ATT&CK", ("TA0005:T1562",)), ("CIS", ("3.1", "2"))),
        summary_attributes=("awsRegion", "userIdentity:arn"),
        period_minutes=30,
        threshold=4,
        create_alert=False,
        tests=(
            RuleTest(
                name="A stop",
                expected=True,
                event={"eventName": "StopLogging", "eventTime": "2026-01-01T00:00:00Z"},
                mocks=(
                    Mock(name="lookup", return_value='{"a": 1}'),
                    Mock(name="known", return_value=False),
                ),
                wanted=(("destinations", ()),),
                line=34,
            ),
            RuleTest(name="An older form", expected=False, event={}, line=44),
        ),
    )


def test_a_rule_that_says_the_least_has_the_documented_defaults(tmp_path: Path) -> None:
    found = rule(tmp_path, LEAST)
    assert (found.period_minutes, found.threshold, found.create_alert, found.enabled) == (60, 1, True, True)
    assert (found.title, found.description, found.tests, found.tags, found.reports) == ("", "", (), (), ())


def test_the_reading_names_the_line_of_the_id_and_the_python_file(tmp_path: Path) -> None:
    reading = read(tmp_path, LEAST)
    assert reading.line == 2
    assert reading.companions == (tmp_path / "stop_logging.py",)


@pytest.mark.parametrize(("given", "minutes"), [(0, 5), (4, 5), (5, 5), (6, 6), (1440, 1440)])
def test_a_period_under_five_minutes_is_five(tmp_path: Path, given: int, minutes: int) -> None:
    assert rule(tmp_path, f"{LEAST}DedupPeriodMinutes: {given}\n").period_minutes == minutes


@pytest.mark.parametrize("given", ["info", "INFO", "Info", "iNfO"])
def test_a_severity_may_be_in_any_case(tmp_path: Path, given: str) -> None:
    assert rule(tmp_path, LEAST.replace("High", given)).severity is Severity.INFO


@pytest.mark.parametrize(
    "python",
    [
        "async def rule(event): ...",
        "rule = lambda event: True",
        "rule: object = print",
        "from elsewhere import rule",
        "from elsewhere import other as rule",
        "from elsewhere import *",
        "try:\n    from a import rule\nexcept ImportError:\n    def rule(event): return False",
        "a, (rule, b) = 1, (2, 3)",
        "class rule: ...",
        "if (rule := print): pass",
    ],
)
def test_whatever_binds_rule_at_the_top_level_counts(tmp_path: Path, python: str) -> None:
    assert rule(tmp_path, LEAST, python=python).body == python


@pytest.mark.parametrize(
    "python",
    [
        "",
        "def rules(event): ...",
        "class A:\n    def rule(self): ...",
        "def make():\n    def rule(event): ...",
        "import elsewhere.rule",
        "x = [rule for rule in ()]",
        "x = lambda rule: rule",
        "rule.x = 1",
        "rule",
    ],
)
def test_a_file_without_rule_at_the_top_level_is_refused(tmp_path: Path, python: str) -> None:
    problem = only_problem(tmp_path, LEAST, python=python)
    assert (problem.code, problem.path, problem.line) == ("TC0208", tmp_path / "stop_logging.py", 1)


@pytest.mark.parametrize(
    ("python", "line", "column"),
    [
        ("def rule(event):\n    return (\n", 2, 12),
        ("x = 1\nreturn x\n", 2, 1),
        ("def rule(event, event): ...\n", 1, None),
        ("x = 1\n  y = 2\n", 2, None),
    ],
)
def test_python_that_does_not_parse_is_told_with_line_and_column(
    tmp_path: Path, python: str, line: int, column: int | None
) -> None:
    problem = only_problem(tmp_path, LEAST, python=python)
    assert (problem.code, problem.path, problem.line) == ("TC0201", tmp_path / "stop_logging.py", line)
    assert column is None or problem.column == column


@pytest.mark.parametrize("python", ["x = 1\0\n", "x = " + "(" * 10_000, "x = " + "-" * 100_000 + "1"])
def test_python_that_no_parser_takes_is_refused_and_does_not_end_the_process(
    tmp_path: Path, python: str
) -> None:
    assert only_problem(tmp_path, LEAST, python=python).code == "TC0201"


def test_a_doubtful_escape_in_a_pattern_is_no_mistake(tmp_path: Path) -> None:
    python = 'import re\nX = re.compile("\\d")\ndef rule(event): return False\n'
    assert rule(tmp_path, LEAST, python=python).body == python


def test_nothing_of_a_rule_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    rule(tmp_path, LEAST, python=f"open({str(marker)!r}, 'w')\ndef rule(event): ...\n")
    assert not marker.exists()


def test_a_byte_order_mark_is_no_part_of_the_source(tmp_path: Path) -> None:
    assert rule(tmp_path, LEAST, python="\ufeff" + RULE_PY).body == RULE_PY


BAD_CLAUSES = [
    ("Severity: High", "Severity: Hihg", 6, "TC0205", 'did you mean "High"?'),
    ("Severity: High", "Severty: High", 6, "TC0203", 'did you mean "Severity"?'),
    ("Enabled: true", "Enabled: yes", 4, "TC0205", ""),
    ("RuleID: Example.StopLogging", "RuleID: a<b", 2, "TC0205", ""),
    ("RuleID: Example.StopLogging", "RuleID: a&b", 2, "TC0205", ""),
    ("RuleID: Example.StopLogging", "RuleID: ' '", 2, "TC0205", ""),
    ("RuleID: Example.StopLogging", 'RuleID: "a\\nb"', 2, "TC0205", ""),
    ("RuleID: Example.StopLogging", "RuleID: 5", 2, "TC0205", ""),
    ("[AWS.CloudTrail]", "[]", 5, "TC0205", ""),
    ("[AWS.CloudTrail]", "AWS.CloudTrail", 5, "TC0205", ""),
    ("[AWS.CloudTrail]", "[AWS.CloudTrail, AWS.CloudTrail]", 5, "TC0205", "remove one of the two"),
    ("[AWS.CloudTrail]", "[AWS.Cloudtrail]", 5, "TC0209", 'did you mean "AWS.CloudTrail"?'),
    ("[AWS.CloudTrail]", "[AWS.ClouTrl]", 5, "TC0209", 'did you mean "AWS.CloudTrail"?'),
    ("Filename: stop_logging.py", "Filename: stop_loging.py", 3, "TC0207", 'did you mean "stop_logging.py"?'),
    ("Filename: stop_logging.py", "Filename: ../stop_logging.py", 3, "TC0205", ""),
    ("Filename: stop_logging.py", "Filename: a/../../stop_logging.py", 3, "TC0205", ""),
    ("Filename: stop_logging.py", "Filename: /etc/stop_logging.py", 3, "TC0205", ""),
    ("Filename: stop_logging.py", "Filename: stop_logging.yml", 3, "TC0205", ""),
    ("Filename: stop_logging.py", "Filename: ''", 3, "TC0205", ""),
    ("Filename: stop_logging.py", "Filename: 5", 3, "TC0205", ""),
]


@pytest.mark.parametrize("case", BAD_CLAUSES)
def test_a_mistake_in_a_required_key_is_told(tmp_path: Path, case: tuple[str, str, int, str, str]) -> None:
    old, new, line, code, hint = case
    reading = read(tmp_path, LEAST.replace(old, new))
    told = [problem for problem in reading.problems if problem.code != "TC0204"]
    assert [(problem.code, problem.path, problem.line) for problem in told] == [
        (code, tmp_path / "stop_logging.yml", line)
    ]
    assert told[0].hint == hint or not hint


@pytest.mark.parametrize(
    ("clause", "code", "hint"),
    [
        ("DedupPeriodMinutes: '60'", "TC0205", ""),
        ("DedupPeriodMinutes: -1", "TC0205", ""),
        ("Threshold: 1.5", "TC0205", ""),
        ("Tags: [a, b, A]", "TC0205", "remove one of the two"),
        ("OutputIds: [a, a]", "TC0205", "remove one of the two"),
        ("SummaryAttributes: [a, a]", "TC0205", "remove one of the two"),
        ("Reports: {CIS: x}", "TC0205", ""),
        ("Description:", "TC0205", ""),
        ("CreateAlert: off", "TC0205", ""),
        ("DedupPeriodMinute: 60", "TC0203", 'did you mean "DedupPeriodMinutes"?'),
        ("ScheduledQueries: [x]", "TC0203", ""),
        ("Suppressions: []", "TC0203", ""),
        ("Tests: {}", "TC0205", ""),
        ("Tests: [{Name: x, ExpectedResult: true}]", "TC0204", ""),
        ("Tests: [{Name: x, ExpectedResult: true, Log: {}, Resource: {}}]", "TC0205", ""),
        ("Tests: [{Name: x, ExpectedResult: yes, Log: {}}]", "TC0205", ""),
        ("Tests: [{Name: x, Log: {}}]", "TC0204", ""),
        ("Tests: [{ExpectedResult: true, Log: {}}]", "TC0204", ""),
        ("Tests: [{Name: x, ExpectedResult: true, Log: '{}'}]", "TC0205", ""),
        ("Tests: [{Name: x, ExpectedResult: true, Log: {}, Mock: []}]", "TC0203", 'did you mean "Mocks"?'),
        ("Tests: [{Name: x, ExpectedResult: true, Log: {}, Mocks: [{objectName: a}]}]", "TC0204", ""),
        ("RuleID: again", "TC0213", ""),
        ("Tests: [", "TC0202", ""),
    ],
)
def test_a_mistake_in_another_key_is_told(tmp_path: Path, clause: str, code: str, hint: str) -> None:
    problem = only_problem(tmp_path, f"{LEAST}{clause}\n")
    assert (problem.code, problem.path) == (code, tmp_path / "stop_logging.yml")
    assert problem.line == (8 if code == "TC0202" else 7)
    assert problem.hint == hint or not hint


@pytest.mark.parametrize("key", ["RuleID", "Enabled", "LogTypes", "Severity", "Filename"])
def test_a_required_key_that_is_absent_is_told(tmp_path: Path, key: str) -> None:
    text = "".join(line for line in LEAST.splitlines(keepends=True) if not line.startswith(key))
    problem = only_problem(tmp_path, text)
    assert (problem.code, problem.line, problem.message) == ("TC0204", 1, f'missing key "{key}" in a rule')


def test_all_mistakes_of_an_item_come_at_once(tmp_path: Path) -> None:
    text = """\
        AnalysisType: rule
        RuleID: a%b
        Filename: stop_logging.py
        Enable: true
        LogTypes: [AWS.cloudtrail]
        Severity: High
        Tests:
          - Name: x
            ExpectedResult: 1
            Log: {}
    """
    reading = read(tmp_path, text, python="def rle(event): ...\n")
    assert {(problem.code, problem.line) for problem in reading.problems} == {
        ("TC0205", 2),
        ("TC0203", 4),
        ("TC0204", 1),
        ("TC0209", 5),
        ("TC0205", 9),
        ("TC0208", 1),
    }


def test_keys_given_twice_keep_no_other_mistake_from_being_told(tmp_path: Path) -> None:
    text = LEAST.replace("Severity: High", "Severity: Grave\nSeverity: High\nTresh: 1")
    reading = read(tmp_path, text, python="def rle(event): ...\n")
    assert reading.item is None
    assert {(problem.code, problem.line) for problem in reading.problems} == {
        ("TC0205", 6),
        ("TC0213", 7),
        ("TC0203", 8),
        ("TC0208", 1),
    }
    (problem,) = read(tmp_path, LEAST + "Severity: High\n").problems
    assert (problem.code, problem.line) == ("TC0213", 7)


@pytest.mark.parametrize("text", ["a: AnalysisType\na: 2\n", "templates"])
def test_keys_given_twice_are_told_of_what_is_no_item_or_not_run(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    reading = read(folder, text if text != "templates" else LEAST + "Severity: Low\n")
    assert [problem.code for problem in reading.problems] == ["TC0213"]


@pytest.mark.parametrize("name", ["AWS.VPCFlow", "AWS.CTrail", "Custom.Billing", "GitHub.Audit"])
def test_a_log_type_that_is_like_no_known_one_is_no_mistake(tmp_path: Path, name: str) -> None:
    assert rule(tmp_path, LEAST.replace("AWS.CloudTrail", name)).log_types == (name,)


def test_python_bytes_that_are_not_utf8_are_told(tmp_path: Path) -> None:
    (tmp_path / "stop_logging.py").write_bytes(b"# \xff\n")
    problem = only_problem(tmp_path, LEAST, python=None)
    assert (problem.code, problem.path, problem.line) == ("TC0214", tmp_path / "stop_logging.py", 1)


def test_logic_both_in_python_and_in_yaml_is_a_mistake(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, f"{LEAST}Detection: []\n")
    assert (problem.code, problem.line) == ("TC0203", 7)


def test_an_unknown_kind_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, "# comment\nAnalysisType: scheduled-rule\n")
    assert (problem.code, problem.line) == ("TC0205", 2)
    assert problem.hint == 'did you mean "scheduled_rule"?'


@pytest.mark.parametrize("kind", ["", "[rule]", "{a: b}", "5"])
def test_a_kind_that_is_no_text_is_told(tmp_path: Path, kind: str) -> None:
    assert only_problem(tmp_path, f"AnalysisType: {kind}\n").code == "TC0205"


@pytest.mark.parametrize(
    "text", ["a: 1\n", "", "- AnalysisType: rule\n", "about: AnalysisType\n", "{{ broken: [template\n"]
)
def test_yaml_without_a_kind_is_not_of_this_form(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.yml"
    file.write_text(text, encoding="utf-8")
    assert panther.read(file, known=KNOWN) is None


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_an_item_in_another_encoding_is_told_and_not_passed_over(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "rule.yml"
    file.write_bytes(f"{LEAST}Description: für\n".encode(encoding))
    reading = panther.read(file, known=KNOWN)
    assert reading is not None
    assert [problem.code for problem in reading.problems] == ["TC0214"]


GLOBAL = "AnalysisType: global\nGlobalID: example_names\nFilename: stop_logging.py\nDescription: Names.\n"


def test_a_global_is_a_helper_module_under_its_own_name(tmp_path: Path) -> None:
    reading = read(tmp_path, GLOBAL, python="NAMES = ()\n")
    assert reading.item == HelperModule(id="example_names", path=tmp_path / "stop_logging.py")
    assert (reading.line, reading.problems) == (2, ())


def test_mistakes_of_a_global_come_at_once(tmp_path: Path) -> None:
    text = GLOBAL.replace("example_names", "example-names") + "Tgs: []\n"
    reading = read(tmp_path, text, python="NAMES = (\n")
    assert [(problem.code, problem.line) for problem in reading.problems] == [
        ("TC0205", 2),
        ("TC0203", 5),
        ("TC0201", 1),
    ]
    assert reading.problems[1].hint == 'did you mean "Tags"?'
    assert reading.item is None


def test_an_event_keeps_nulls_texts_and_order_as_they_are_written(tmp_path: Path) -> None:
    log = dedent("""\
        z: null
        a: "10"
        b: 010
        c: on
        d: {e: [1, 2.5, ~]}
    """)
    tests = f"Tests:\n  - Name: x\n    ExpectedResult: true\n    Log:\n{indent(log, ' ' * 6)}"
    (test,) = rule(tmp_path, LEAST + tests).tests
    assert list(test.event.items()) == [
        ("z", None),
        ("a", "10"),
        ("b", 10),
        ("c", "on"),
        ("d", {"e": [1, 2.5, None]}),
    ]
