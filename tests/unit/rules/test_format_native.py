"""The native form: metadata and tests are read from the text, events come from samples with changes."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from trailcam.contracts.rule_format import Known, Reading
from trailcam.errors import Problem
from trailcam.model.rule import Mock, Rule, RuleTest
from trailcam.model.severity import Severity
from trailcam.rules.formats import native

SAMPLES: dict[str, dict[str, Any]] = {
    "console_login": {
        "eventName": "ConsoleLogin",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
        "resources": [{"arn": "a"}, {"arn": "b"}],
        "responseElements": None,
    },
    "stop_logging": {"eventName": "StopLogging"},
}


def sample(log_type: str, name: str) -> dict[str, Any]:
    if log_type == "AWS.CloudTrail" and name in SAMPLES:
        return SAMPLES[name]
    raise KeyError(name, *SAMPLES)


KNOWN = Known(log_types=frozenset({"AWS.CloudTrail", "AWS.CloudTrailDigest"}), sample=sample)

METADATA = """\
METADATA = {
    "id": "Example.Rule",
    "log_types": ["AWS.CloudTrail"],
    "severity": "high",
}
"""

RULE = "def rule(event): return True\n"


def read(folder: Path, text: str) -> Reading:
    file = folder / "example.py"
    file.write_text(dedent(text), encoding="utf-8")
    reading = native.read(file, known=KNOWN)
    assert reading is not None
    return reading


def rule(folder: Path, text: str) -> Rule:
    reading = read(folder, text)
    assert reading.problems == ()
    assert isinstance(reading.item, Rule)
    return reading.item


def only_problem(folder: Path, text: str) -> Problem:
    reading = read(folder, text)
    assert reading.item is None
    (problem,) = reading.problems
    assert problem.path == folder / "example.py"
    return problem


def with_test(clauses: str) -> str:
    """A rule whose only test, in line 6, has these clauses."""
    return f'{METADATA}TESTS = [{{"name": "x", "expect": True, {clauses}}}]\n{RULE}'


def only_test(folder: Path, clauses: str) -> RuleTest:
    (found,) = rule(folder, with_test(clauses)).tests
    return found


def test_a_test_may_say_what_lookup_tables_answer(tmp_path: Path) -> None:
    clauses = '"sample": "AWS.CloudTrail/console_login", "enrichment": {"t": {"sourceIPAddress": {"x": [1]}}}'
    assert only_test(tmp_path, clauses).enrichment == {"t": {"sourceIPAddress": {"x": [1]}}}
    assert only_test(tmp_path, '"event": {}').enrichment is None
    assert only_test(tmp_path, '"event": {}, "enrichment": {}').enrichment == {}


def test_what_lookup_tables_answer_is_a_dict(tmp_path: Path) -> None:
    found = only_problem(tmp_path, with_test('"event": {}, "enrichment": [1]'))
    assert (found.code, found.line) == ("TC0205", 6)
    assert found.message.endswith("found a list of 1")


@pytest.mark.parametrize(
    ("enrichment", "words"),
    [
        ('{"t": {"f": {"x": {1}}}}', "a mapping that holds a set"),
        ('{"t": {"f": [{"x": ()}, {"x": {1}}]}}', "a mapping that holds a tuple"),
        ('{"t": {5: 1}}', "a mapping that holds a key that is the number 5"),
        ('{"t": 1e999}', "a mapping that holds the number inf"),
        ("{1}", "a set"),
    ],
)
def test_what_json_cannot_hold_is_told_where_a_dict_of_json_is_asked(
    tmp_path: Path, enrichment: str, words: str
) -> None:
    found = only_problem(tmp_path, with_test(f'"event": {{}}, "enrichment": {enrichment}'))
    assert found.message.endswith(f"; found {words}")


def test_a_test_may_say_what_the_match_has(tmp_path: Path) -> None:
    clauses = '"event": {}, "severity": "critical", "dedup": "x", "title": "A title"'
    wanted = (("severity", "CRITICAL"), ("title", "A title"), ("dedup", "x"))
    assert only_test(tmp_path, clauses).wanted == wanted


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ('"severity": "grave"', "TESTS.0.severity must be one of"),
        ('"title": 5', "TESTS.0.title must be a text"),
        ('"dedup": "x"', "dedup is that of a match, and none is expected"),
    ],
)
def test_what_no_match_can_have_is_told(tmp_path: Path, clause: str, message: str) -> None:
    found = only_problem(tmp_path, with_test(f'"event": {{}}, {clause}').replace("True", "False"))
    assert (found.code, found.line) == ("TC0205", 6)
    assert message in found.message


def test_a_rule_with_every_key_is_read_whole(tmp_path: Path) -> None:
    text = '''\
        """Docstring title.

        Docstring text.
        """
        METADATA: dict[str, object] = {
            "id": "Example.Rule",
            "log_types": ["AWS.CloudTrail", "AWS.CloudTrailDigest"],
            "severity": "CRITICAL",
            "title": "A title of its own.",
            "description": "A text of its own.",
            "reference": "https://docs.example.com",
            "runbook": "1. Look. "
                       "2. Ask.",
            "destinations": ["on-call"],
            "tags": ["a", "b"],
            "reports": {"MITRE ATT&CK": ["TA0005:T1562"]},
            "summary_attributes": ["awsRegion"],
            "dedup_period_minutes": 3,
            "threshold": 7,
            "enabled": False,
            "create_alert": False,
        }

        def rule(event):
            return False

        TESTS = [
            {
                "name": "one",
                "expect": True,
                "sample": "AWS.CloudTrail/console_login",
                "mocks": {"lookup": ("a", 1)},
            },
            {"name": "two", "expect": False, "event": {"a": -1, "b": [1.5, None, True]}},
        ]
        '''
    body = dedent(text)
    assert rule(tmp_path, text) == Rule(
        id="Example.Rule",
        format="native",
        path=tmp_path / "example.py",
        metadata_path=tmp_path / "example.py",
        body=body,
        log_types=("AWS.CloudTrail", "AWS.CloudTrailDigest"),
        severity=Severity.CRITICAL,
        enabled=False,
        title="A title of its own.",
        description="A text of its own.",
        reference="https://docs.example.com",
        runbook="1. Look. 2. Ask.",
        destinations=("on-call",),
        tags=("a", "b"),
        reports=(("MITRE ATT&CK", ("TA0005:T1562",)),),
        summary_attributes=("awsRegion",),
        period_minutes=5,
        threshold=7,
        create_alert=False,
        tests=(
            RuleTest(
                name="one",
                expected=True,
                event=SAMPLES["console_login"],
                log_type="AWS.CloudTrail",
                mocks=(Mock(name="lookup", return_value=("a", 1)),),
                line=28,
            ),
            RuleTest(name="two", expected=False, event={"a": -1, "b": [1.5, None, True]}, line=34),
        ),
    )


def test_title_and_description_come_from_the_docstring(tmp_path: Path) -> None:
    text = '"""Somebody signed in.\n\n    Misses keys.\n\n    Expect noise.\n    """\n' + METADATA + RULE
    found = rule(tmp_path, text)
    assert found.title == "Somebody signed in"
    assert found.description == "Misses keys.\n\nExpect noise."


def test_a_rule_that_says_the_least_has_the_documented_defaults(tmp_path: Path) -> None:
    found = rule(tmp_path, METADATA + RULE)
    assert (found.title, found.description) == ("", "")
    assert (found.period_minutes, found.threshold, found.create_alert, found.enabled) == (60, 1, True, True)


def test_the_reading_names_the_line_of_the_id(tmp_path: Path) -> None:
    assert read(tmp_path, METADATA + RULE).line == 2


@pytest.mark.parametrize(
    "text",
    [
        "X = 1\n",
        "def f():\n    METADATA = {}\n",
        "if True:\n    METADATA = {}\n",
        "METADATA: dict\n",
        '"""About METADATA."""\n',
        "print(METADATA)\n",
        "TESTS = []\nMETADATAS = {}\n",
    ],
)
def test_a_file_whose_top_level_assigns_no_metadata_is_not_of_this_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "helper.py").write_text(text, encoding="utf-8")
    assert native.read(tmp_path / "helper.py", known=KNOWN) is None


def test_nothing_of_a_rule_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    rule(tmp_path, f"open({str(marker)!r}, 'w')\n{METADATA}{RULE}")
    problem = only_problem(tmp_path, f"METADATA = [open({str(marker)!r}, 'w'), {{}}][1]\n{RULE}")
    assert "not a literal value" in problem.message
    assert not marker.exists()


@pytest.mark.parametrize(
    "case",
    [
        ('"id"', '"ID"', 2, "TC0203", 'did you mean "id"?'),
        ('"Example.Rule"', "'a\"b'", 2, "TC0205", ""),
        ('"Example.Rule"', "''", 2, "TC0205", ""),
        ('"high"', '"hihg"', 4, "TC0205", 'did you mean "High"?'),
        ('"high"', "3", 4, "TC0205", ""),
        ('["AWS.CloudTrail"]', '"AWS.CloudTrail"', 3, "TC0205", ""),
        ('["AWS.CloudTrail"]', '("AWS.CloudTrail",)', 3, "TC0205", ""),
        ('["AWS.CloudTrail"]', "[]", 3, "TC0205", ""),
        ('["AWS.CloudTrail"]', '["AWS.CloudTrail", "AWS.CloudTrail"]', 3, "TC0205", "remove one of the two"),
        ('["AWS.CloudTrail"]', '["AWS.CLoudTrail"]', 3, "TC0209", 'did you mean "AWS.CloudTrail"?'),
        ('"severity"', '"severity": "low", "severity"', 4, "TC0213", ""),
    ],
)
def test_a_mistake_in_the_metadata_is_told(tmp_path: Path, case: tuple[str, str, int, str, str]) -> None:
    old, new, line, code, hint = case
    reading = read(tmp_path, METADATA.replace(old, new) + RULE)
    told = [problem for problem in reading.problems if problem.code != "TC0204"]
    assert [(problem.code, problem.path, problem.line) for problem in told] == [
        (code, tmp_path / "example.py", line)
    ]
    assert told[0].hint == hint or not hint


@pytest.mark.parametrize("key", ["id", "log_types", "severity"])
def test_a_required_key_that_is_absent_is_told(tmp_path: Path, key: str) -> None:
    text = "".join(line for line in METADATA.splitlines(keepends=True) if f'"{key}"' not in line)
    problem = only_problem(tmp_path, text + RULE)
    assert (problem.code, problem.line) == ("TC0204", 1)
    assert problem.message == f'missing key "{key}" in METADATA'


@pytest.mark.parametrize(
    ("clause", "code", "hint"),
    [
        ('"treshold": 3', "TC0203", 'did you mean "threshold"?'),
        ('"threshold": True', "TC0205", ""),
        ('"dedup_period_minutes": 1.5', "TC0205", ""),
        ('"tags": ["a", "A"]', "TC0205", "remove one of the two"),
        ('"reports": ["a"]', "TC0205", ""),
        ('"enabled": "yes"', "TC0205", ""),
        ('"description": f"{1}"', "TC0205", "this part of the file is read without running it"),
        ('"tags": TAGS', "TC0205", "this part of the file is read without running it"),
        ('"tags": ["a", TAG]', "TC0205", "this part of the file is read without running it"),
        ('"tags": ["a", *TAGS]', "TC0205", "this part of the file is read without running it"),
        ('"tags": [x for x in ()]', "TC0205", "this part of the file is read without running it"),
        ('"tags": {[]}', "TC0205", "this part of the file is read without running it"),
        ("**COMMON", "TC0205", "this part of the file is read without running it"),
        ('KEY: "x"', "TC0205", "this part of the file is read without running it"),
    ],
)
def test_a_mistake_in_another_key_is_told(tmp_path: Path, clause: str, code: str, hint: str) -> None:
    problem = only_problem(tmp_path, METADATA.replace("}", f"    {clause},\n}}") + RULE)
    assert (problem.code, problem.line) == (code, 5)
    assert problem.hint.startswith(hint)


def test_what_a_spread_may_bring_is_not_called_missing(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, f'METADATA = {{"id": "x",\n  **COMMON}}\n{RULE}')
    assert (problem.code, problem.line) == ("TC0205", 2)


def test_an_expression_of_any_length_is_told(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, f"METADATA = {' + '.join(['A'] * 900)}\n{RULE}")
    assert problem.message == "not a literal value: a very long expression"


@pytest.mark.parametrize("value", ["None", "dict(id='x')", "[]", "COMMON | {}"])
def test_metadata_that_is_no_literal_dict_is_told(tmp_path: Path, value: str) -> None:
    problem = only_problem(tmp_path, f"X = 1\nMETADATA = {value}\n{RULE}")
    assert (problem.code, problem.line) == ("TC0205", 2)


def test_metadata_and_tests_assigned_twice_are_told(tmp_path: Path) -> None:
    reading = read(tmp_path, f"{METADATA}TESTS = []\n{RULE}METADATA = {{}}\nTESTS = []\n")
    assert [(problem.code, problem.line, problem.message) for problem in reading.problems] == [
        ("TC0213", 8, "METADATA was assigned before, in line 1"),
        ("TC0213", 9, "TESTS was assigned before, in line 6"),
    ]


def test_a_rule_file_without_the_function_is_told(tmp_path: Path) -> None:
    assert only_problem(tmp_path, METADATA).code == "TC0208"


def test_python_that_does_not_parse_is_told_with_line_and_column(tmp_path: Path) -> None:
    problem = only_problem(tmp_path, METADATA + "def rule(event:\n    pass\n")
    assert (problem.code, problem.line, problem.column) == ("TC0201", 6, 9)


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_bytes(b"METADATA = {}\n# \xff\n")
    reading = native.read(tmp_path / "example.py", known=KNOWN)
    assert reading is not None
    assert [(problem.code, problem.line) for problem in reading.problems] == [("TC0214", 2)]


def test_a_helper_that_is_not_utf8_is_not_of_this_form(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_bytes(b"# coding: latin-1\nX = '\xff'\n")
    assert native.read(tmp_path / "helper.py", known=KNOWN) is None


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    text = """\
        METADATA = {
            "id": 5,
            "log_types": ["AWS.Cloudtrail"],
            "severity": LEVEL,
            "tresholt": 1,
        }
        TESTS = [
            {"name": "a", "expect": True, "sample": "AWS.CloudTrail/consol_login"},
            {"name": "b", "expect": True, "event": {}, "remove": ["x"]},
            {"name": "c", "expects": True, "event": {}},
            {"name": "d", "expect": True, "event": {"a": VALUE}, "remove": ["x"]},
            {"name": "e", "expect": True, "event": {}},
        ]
    """
    reading = read(tmp_path, text)
    assert sorted((problem.line, problem.code) for problem in reading.problems) == [
        (1, "TC0208"),
        (2, "TC0205"),
        (3, "TC0209"),
        (4, "TC0205"),
        (5, "TC0203"),
        (8, "TC0215"),
        (9, "TC0219"),
        (10, "TC0203"),
        (10, "TC0204"),
        (11, "TC0205"),
    ]


# -- tests ---------------------------------------------------------------------------------------------------


def test_a_sample_with_changes_is_a_raw_record_of_its_log_type(tmp_path: Path) -> None:
    found = only_test(
        tmp_path,
        '"sample": "AWS.CloudTrail/console_login", '
        '"override": {"userIdentity.type": "IAMUser", "userIdentity.userName": "ada", '
        '"resources.1.arn": "c", "new": {"a": [1]}, "new.a.0": 2}, '
        '"remove": ["userIdentity.accountId", "resources.0", "responseElements"]',
    )
    assert found.log_type == "AWS.CloudTrail"
    assert found.event == {
        "eventName": "ConsoleLogin",
        "userIdentity": {"type": "IAMUser", "userName": "ada"},
        "resources": [{"arn": "c"}],
        "new": {"a": [2]},
    }


def test_changes_leave_the_sample_as_it_is(tmp_path: Path) -> None:
    only_test(
        tmp_path, '"sample": "AWS.CloudTrail/console_login", "override": {"userIdentity.type": "IAMUser"}'
    )
    identity = SAMPLES["console_login"]["userIdentity"]
    assert identity == {"type": "Root", "accountId": "111122223333"}


def test_an_event_is_what_the_rule_sees_and_can_be_changed_too(tmp_path: Path) -> None:
    found = only_test(tmp_path, '"event": {"a": {"b": 1, "c": 2}}, "override": {"a.b": 3}, "remove": ["a.c"]')
    assert (found.event, found.log_type) == ({"a": {"b": 3}}, None)


def test_an_event_with_a_log_type_is_a_raw_record(tmp_path: Path) -> None:
    assert only_test(tmp_path, '"event": {}, "log_type": "AWS.CloudTrail"').log_type == "AWS.CloudTrail"


@pytest.mark.parametrize(
    ("clauses", "code", "message", "hint"),
    [
        ('"event": {}, "sample": "a/b"', "TC0205", "needs exactly one of sample, event", ""),
        ('"mocks": {}', "TC0204", "needs exactly one of sample, event", ""),
        ('"event": [], "mocks": {}', "TC0205", "event must be a dict", ""),
        ('"event": {"a": (1,)}', "TC0205", "event must be a dict of what JSON can hold", ""),
        ('"event": {"a": 1e999}', "TC0205", "event must be a dict of what JSON can hold", ""),
        ('"event": {1: 2}', "TC0205", "event must be a dict of what JSON can hold", ""),
        ('"event": {"a": b""}', "TC0205", "event must be a dict of what JSON can hold", ""),
        ('"event": {}, "override": {"a": {1}}', "TC0205", "override.a must be what JSON can hold", ""),
        ('"event": {}, "override": {1: 1}', "TC0205", "override.1 must be a dotted path", ""),
        ('"event": {}, "override": {"a..b": 1}', "TC0205", "must be a dotted path", ""),
        ('"event": {}, "remove": [""]', "TC0205", "remove.0 must be a dotted path", ""),
        ('"event": {}, "remove": "a"', "TC0205", "remove must be a list", ""),
        ('"event": {}, "mocks": {1: 2}', "TC0205", "mocks.1 must be a non-empty text", ""),
        ('"event": {}, "overide": {}', "TC0203", 'unknown key "overide"', 'did you mean "override"?'),
        ('"event": f()', "TC0205", "not a literal value: f()", "this part of the file is read"),
        ('"sample": "console_login"', "TC0205", 'a text like "AWS.CloudTrail/console_login"', ""),
        ('"sample": "AWS.CloudTrail/"', "TC0205", 'a text like "AWS.CloudTrail/console_login"', ""),
        (
            '"sample": "AWS.CloudTrail/consol_login"',
            "TC0215",
            'AWS.CloudTrail has no sample "consol_login"',
            'did you mean "console_login"?',
        ),
        (
            '"sample": "AWS.CloudTrail/xyz"',
            "TC0215",
            'AWS.CloudTrail has no sample "xyz"',
            "samples: console_login, stop_logging",
        ),
        (
            '"sample": "AWS.Cloudtrail/console_login"',
            "TC0209",
            'unknown log type "AWS.Cloudtrail"',
            'did you mean "AWS.CloudTrail"?',
        ),
        (
            '"event": {}, "log_type": "AWS.CloudTrai"',
            "TC0209",
            'unknown log type "AWS.CloudTrai"',
            'did you mean "AWS.CloudTrail"?',
        ),
        (
            '"sample": "AWS.CloudTrail/stop_logging", "log_type": "AWS.CloudTrail"',
            "TC0205",
            "log_type goes with event",
            "",
        ),
    ],
)
def test_a_mistake_in_a_test_is_told(
    tmp_path: Path, clauses: str, code: str, message: str, hint: str
) -> None:
    problem = only_problem(tmp_path, with_test(clauses))
    assert (problem.code, problem.line) == (code, 6)
    assert message in problem.message
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("clauses", "message", "hint"),
    [
        (
            '"override": {"userIdentty.type": 1}',
            'override "userIdentty.type" leads nowhere: the event has no "userIdentty"',
            'did you mean "userIdentity"?',
        ),
        ('"override": {"eventName.x": 1}', 'eventName is the text "ConsoleLogin"', ""),
        ('"override": {"responseElements.x": 1}', "responseElements is nothing", ""),
        ('"override": {"resources.2.arn": 1}', 'resources is a list of 2, without "2"', ""),
        ('"override": {"resources.2": 1}', 'resources is a list of 2, without "2"', ""),
        ('"override": {"resources.-1": 1}', 'resources is a list of 2, without "-1"', ""),
        ('"override": {"resources.arn": 1}', 'resources is a list of 2, without "arn"', ""),
        (
            '"remove": ["userIdentity.typ"]',
            'remove "userIdentity.typ" leads nowhere: userIdentity has no "typ"',
            'did you mean "type"?',
        ),
        ('"remove": ["resources.5"]', 'resources is a list of 2, without "5"', ""),
        ('"remove": ["eventName", "eventName"]', 'the event has no "eventName"', ""),
    ],
)
def test_a_path_that_leads_nowhere_is_told_with_where_it_stops(
    tmp_path: Path, clauses: str, message: str, hint: str
) -> None:
    problem = only_problem(tmp_path, with_test(f'"sample": "AWS.CloudTrail/console_login",\n{clauses}'))
    assert (problem.code, problem.line) == ("TC0219", 7)
    assert message in problem.message
    assert problem.hint.startswith(hint)


def test_every_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    reading = read(tmp_path, with_test('"event": {},\n"override": {"a.b": 1,\n"c.d": 2},\n"remove": ["e"]'))
    assert [(problem.code, problem.line) for problem in reading.problems] == [
        ("TC0219", 7),
        ("TC0219", 8),
        ("TC0219", 9),
    ]


def test_two_tests_of_one_name_cannot_be_told_apart(tmp_path: Path) -> None:
    test = '{"name": "x", "expect": True, "event": {}}'
    problem = only_problem(tmp_path, f"{METADATA}TESTS = [{test},\n{test}]\n{RULE}")
    assert (problem.code, problem.line) == ("TC0205", 7)
    assert 'TESTS holds "x" twice' in problem.message


@pytest.mark.parametrize("value", ["{}", "()", "None"])
def test_tests_that_are_no_list_are_told(tmp_path: Path, value: str) -> None:
    problem = only_problem(tmp_path, f"{METADATA}TESTS = {value}\n{RULE}")
    assert (problem.code, problem.line) == ("TC0205", 6)
