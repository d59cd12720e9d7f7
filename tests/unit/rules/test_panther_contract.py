"""What Panther's rules rely on and what breaks without a sound: a repository of our own, loaded and run.

The risks, by the number that they have in the rule contract, and where each is held, here or elsewhere in
tests/unit (R = rules):

    1   classes and texts of wrapped values     here; model/test_event.py
    2   case of deep_get, deep_walk, paths      here; model/test_event.py, R/test_json_path.py, R/test_data_models.py
    3   panther_core and the helpers' names     here; R/test_compat_imports.py, R/test_inline_tests.py (mocks)
    5   what counts as yes and no               here; R/test_functions.py, R/test_run_rule.py, R/test_inline_tests.py
    6   globals between rule and title          here; R/test_run_rule.py, R/test_modules.py
    7   which data model, its paths and nulls   here; R/test_data_models.py, R/test_json_path.py
    8   dedup strings, cuts, windows            here; R/test_functions.py, R/test_run_rule.py, pipeline/test_window.py
    9   selectors with dots, lists of rows      here; pipeline/test_enrich.py
    10  forms of times                          here; model/test_event.py, pipeline/test_normalize.py
    11  what the caching helpers answer         here; R/test_caching_helpers.py
    12  YAML 1.2                                here; test_yaml12.py, R/test_format_panther.py
    13  what a file may hold                    here; R/test_format_panther.py, R/test_panther_kinds.py,
                                                R/test_references.py

4 and 14 are about runs that are compared. Of its clauses: loading (1.1) is held here, in R/test_modules.py and
in R/test_run_rule.py; the functions (2), their dedup strings (2.1), destinations (2.2) and errors (2.3) in
R/test_functions.py and R/test_run_rule.py; the event (3) in model/test_event.py; how tests run (8.3) here and in
R/test_inline_tests.py.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from tests.panther_items import KNOWN, no_samples
from tests.support import in_process, make_setup, record, write_log
from tests.tally import Tally

from trailcam.contracts.runner import Subject, Verdict
from trailcam.errors import TrailcamError
from trailcam.model.event import PantherEvent, UnifiedNames
from trailcam.model.match import Match
from trailcam.model.rule import Pack, Rule
from trailcam.model.timestamps import Micros
from trailcam.rules.data_models import by_log_type, executed
from trailcam.rules.inline_tests import Surroundings, TestResult, run_test
from trailcam.rules.keyvalue import InMemoryStore, use
from trailcam.rules.loader import load_packs
from trailcam.rules.modules import COMPAT_FOLDER, execute, helpers
from trailcam.rules.run import RuleRunner
from trailcam.sources.files import LocalBlob, claim

SUBJECT = Subject(row_id="row", log_type="AWS.CloudTrail", event_id="e", event_time=Micros(0), origin_id="o")

METADATA = """\
AnalysisType: rule
RuleID: Example.Rule
Filename: rule.py
Enabled: true
LogTypes: [AWS.CloudTrail]
Severity: Medium
"""

YES = "def rule(event):\n    return True\n"


class Repository:
    """A repository that is written, loaded and executed as one of Panther's is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("rules/rule.yml", METADATA)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def rule(self, python: str, *, yaml: str = "", tests: str = "") -> None:
        self.write("rules/rule.py", dedent(python))
        tests = f"Tests:\n{indent(dedent(tests), '  ')}" if tests else ""
        (self.folder / "rules" / "rule.yml").write_text(METADATA + dedent(yaml) + tests, encoding="utf-8")

    def pack(self) -> Pack:
        (pack,) = load_packs([self.folder], log_types=KNOWN.log_types, sample=no_samples)
        return pack

    def codes(self) -> list[str]:
        with pytest.raises(TrailcamError) as error:
            self.pack()
        return [problem.code for problem in error.value.problems]

    def results(self) -> list[TestResult]:
        """The results of all inline tests, each as it is run for `trailcam test`."""
        pack = self.pack()
        with helpers([pack]):
            around = Surroundings(line=_no_line, models=_models(pack))
            return [
                run_test(runner, test, around)
                for runner in map(_runner, pack.rules)
                for test in runner.rule.tests
            ]

    def verdicts(self, *events: Mapping[str, Any], rule_id: str = "Example.Rule") -> list[Verdict]:
        """What a rule says of events in the line, one after the other."""
        pack = self.pack()
        with helpers([pack]):
            models = _models(pack)
            (runner,) = (_runner(rule) for rule in pack.rules if rule.id == rule_id)
            return [
                runner.run(PantherEvent(event, models.get(event.get("p_log_type", ""))), SUBJECT)
                for event in events
            ]

    def match(self, event: Mapping[str, Any]) -> Match:
        (verdict,) = self.verdicts(event)
        assert verdict.match is not None, verdict.errors
        return verdict.match

    def title(self, event: Mapping[str, Any]) -> str:
        """The title of a match; that of the rule is no failure that was answered by another text."""
        found = self.match(event)
        assert found.fallbacks == ()
        return found.title

    def line(self, *records: Any) -> Tally:
        """What the whole line makes of records of CloudTrail."""
        write_log(self.folder.parent / "log.json", records)
        blob = claim(self.folder.parent / "log.json", spool=self.folder.parent)
        assert isinstance(blob, LocalBlob)
        pack = self.pack()
        with helpers([pack]):
            return in_process(make_setup(pack.rules, models=pack.data_models), [(blob,)])


def _no_line(record: Any, log_type: str) -> PantherEvent:
    raise AssertionError("no test of Panther's form is a sample")


def _models(pack: Pack) -> Mapping[str, UnifiedNames]:
    return by_log_type([(model, executed(model)) for model in pack.data_models])


def _runner(rule: Rule) -> RuleRunner:
    return RuleRunner(rule, execute(rule))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def reasons(repository: Repository) -> list[str]:
    return [result.reason for result in repository.results()]


# -- 1: classes and texts of wrapped values ----------------------------------------------------------------


def test_risk_1_wrapped_values_are_no_dicts_and_lists_and_their_class_names_reach_titles_and_dedup_strings(
    repository: Repository,
) -> None:
    repository.rule("""\
        from collections.abc import Mapping, Sequence
        def rule(event):
            a, b = event["list"], event["dict"]
            plain = isinstance(a, list) or isinstance(b, dict) or isinstance(event, dict)
            return not plain and isinstance(a, Sequence) and isinstance(b, Mapping)
        def title(event):
            return f"{event['list']} {event.deep_get('dict', 'inner')} {[x for x in event['list']][1]}"
        def description(event):
            return str(event.get("list")[0:1])
        def alert_context(event):
            return {"a": event["list"], "b": event["dict"], "c": [event["dict"]["inner"]]}
        def runbook(event):
            return event["list"] + ["more"]
    """)
    found = repository.match({"list": ["a", {"K": [1]}], "dict": {"inner": {"K": None}}})
    assert found.title == (
        "ImmutableList(('a', {'K': [1]})) ImmutableCaseInsensitiveDict({'K': None})"
        " ImmutableCaseInsensitiveDict({'K': [1]})"
    )
    assert found.dedup == found.title
    assert found.description == "('a',)"
    assert found.alert_context == '{"a": ["a", {"K": [1]}], "b": {"inner": {"K": null}}, "c": [{"K": null}]}'
    assert (found.runbook, [name for name, _ in found.fallbacks]) == ("", ["runbook"])


def test_risk_1_an_event_prints_its_class(repository: Repository) -> None:
    repository.rule(YES + "def title(event):\n    return f'{event}'\n")
    assert repository.title({"a": [1]}) == "PantherEvent({'a': [1]})"


# -- 2: case -----------------------------------------------------------------------------------------------

MODEL = """\
AnalysisType: datamodel
DataModelID: Example.Model
Enabled: true
LogTypes: [AWS.CloudTrail]
Filename: model.py
Mappings:
  - {Name: ip, Path: $.client.ipAddress}
  - {Name: ips, Path: "$.clients[*].ip"}
  - {Name: second, Path: "$.clients[?(@.kind == 'b')].ip"}
  - {Name: who, Method: get_who}
"""


def with_model(repository: Repository) -> Repository:
    repository.write("data_models/model.yml", MODEL)
    repository.write("data_models/model.py", "def get_who(event):\n    return event.get('WHO')\n")
    return repository


def test_risk_2_get_and_deep_get_take_any_case_and_deep_walk_and_paths_of_data_models_the_exact_one(
    repository: Repository,
) -> None:
    with_model(repository).rule(
        YES
        + "def title(event):\n"
        + "    said = [event.get('CLIENT', {}).get('IPADDRESS'), event.deep_get('Client', 'IpAddress'),\n"
        + "            event.deep_walk('client', 'ipAddress'), event.deep_walk('client', 'ipaddress'),\n"
        + "            event.udm('ip'), 'CLIENT' in event]\n"
        + "    return str(said)\n"
    )
    here = {"p_log_type": "AWS.CloudTrail"}
    assert repository.title(here | {"client": {"ipAddress": "1"}}) == "['1', '1', '1', None, '1', True]"
    assert repository.title(here | {"Client": {"ipAddress": "1"}}) == "['1', '1', None, None, None, True]"


def test_risk_2_deep_walk_adds_its_default_for_elements_and_cannot_tell_dicts_apart(
    repository: Repository,
) -> None:
    repository.rule(
        YES
        + "def title(event):\n    return str(event.deep_walk('a', 'b', default='none'))\n"
        + "def description(event):\n    return str(event.deep_walk('a', 'c'))\n"
    )
    found = repository.match({"a": [{"b": 1, "c": {}}, {"b": 2}, {"x": 3}, {"b": True}]})
    assert found.title == "[1, 2, 'none']"
    assert [name for name, _ in found.fallbacks] == ["description"]
    assert found.fallbacks[0][1].startswith("TypeError(")


# -- 3: names that can be imported -------------------------------------------------------------------------


def test_risk_3_what_rules_import_of_panther_is_trailcams_own(repository: Repository) -> None:
    repository.rule("""\
        import sys
        from panther_core import PantherEvent
        from panther_core.immutable import ImmutableList
        from panther_detection_helpers.caching import get_counter
        from panther_detection_helpers.mocking import is_mock
        from panther_detection_helpers.monitoring import wrap
        from panther_oss_helpers import get_string_set
        from panther_base_helpers import deep_get
        FILES = [sys.modules[name].__file__ for name in sorted(sys.modules) if name.startswith("panther_")]
        def rule(event):
            return isinstance(event, PantherEvent) and isinstance(event["a"], ImmutableList)
        def title(event):
            return "\\n".join(FILES)
    """)
    for file in repository.title({"a": []}).splitlines():
        assert Path(file).is_relative_to(COMPAT_FOLDER)


def test_risk_3_a_mock_is_a_magic_mock_that_returns_a_text(repository: Repository) -> None:
    repository.rule(
        """\
        import json
        from unittest.mock import MagicMock
        from panther_detection_helpers.mocking import is_mock
        from panther_detection_helpers.caching import get_string_set
        def rule(event):
            seen = get_string_set("key")
            if isinstance(get_string_set, MagicMock) and is_mock(get_string_set):
                seen = set(json.loads(seen))
            return event["a"] in seen
        def title(event):
            return f"{type(get_string_set).__name__} {is_mock(get_string_set)}"
        """,
        tests="""\
        - Name: mocked
          ExpectedResult: true
          ExpectedTitle: MagicMock True
          Mocks: [{objectName: get_string_set, returnValue: '["x", "y"]'}]
          Log: {a: x}
        - Name: not mocked
          ExpectedResult: false
          Log: {a: x}
        - Name: a dotted name
          ExpectedResult: false
          Mocks: [{objectName: json.loads, returnValue: ''}]
          Log: {a: x}
        """,
    )
    assert reasons(repository) == ["", "", "it mocks json.loads, which the rule's module does not have"]


# -- 5: yes and no -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["1", "0", "''", "'x'", "[]", "event", "event.get('a')", "lambda: True"])
def test_risk_5_what_is_no_truth_value_is_a_rule_error_and_fails_either_test(
    repository: Repository, said: str
) -> None:
    repository.rule(
        f"def rule(event):\n    return {said}\n",
        tests="- {Name: a, ExpectedResult: true, Log: {a: [1]}}\n- {Name: b, ExpectedResult: false, Log: {a: [1]}}",
    )
    (verdict,) = repository.verdicts({"a": [1]})
    assert (verdict.match, [error.error_class for error in verdict.errors]) == (
        None,
        ["FunctionReturnTypeError"],
    )
    assert all(reason.startswith("rule() failed") for reason in reasons(repository))


def test_risk_5_a_policy_matches_on_no_and_a_test_of_a_match_fails_with_any_function(
    repository: Repository,
) -> None:
    repository.write(
        "policies/policy.yml",
        """\
        AnalysisType: policy
        PolicyID: Example.Policy
        Filename: policy.py
        Enabled: true
        Severity: Low
        Tests:
          - {Name: in order, ExpectedResult: true, Resource: {open: false}}
          - {Name: open, ExpectedResult: false, Resource: {open: true, name: a}}
          - {Name: open without a name, ExpectedResult: false, Resource: {open: true}}
        """,
    )
    repository.write(
        "policies/policy.py",
        "def policy(resource):\n    return not resource['open']\ndef title(resource):\n    return resource['name']\n",
    )
    repository.rule(YES)
    assert reasons(repository) == ["", "", "title() failed"]
    said = repository.verdicts({"open": False}, {"open": True, "name": "a"}, rule_id="Example.Policy")
    assert [verdict.match.title if verdict.match else None for verdict in said] == [None, "a"]


# -- 6: globals --------------------------------------------------------------------------------------------

COUNTING = """\
BEFORE = None
COUNT = 0
def rule(event):
    global BEFORE, COUNT
    BEFORE = event["eventID"][-1]
    COUNT += 1
    return True
def title(event):
    return f"{BEFORE} {event['eventID'][-1]} {COUNT}"
"""


def test_risk_6_what_rule_keeps_in_globals_is_what_title_finds_and_two_rules_share_none(
    repository: Repository,
) -> None:
    repository.rule(COUNTING)
    repository.write("rules/other.yml", METADATA.replace("Example.Rule", "Example.Other"))
    tally = repository.line(*(record(number) for number in range(4)))
    titles = {rule_id: [m.title for m in tally.matches if m.rule_id == rule_id] for rule_id in
              ("Example.Rule", "Example.Other")}  # fmt: skip
    assert list(titles.values()) == [["0 0 1", "1 1 2", "2 2 3", "3 3 4"]] * 2


def test_risk_6_tests_of_a_rule_run_over_one_module_each_with_an_event_of_its_own(
    repository: Repository,
) -> None:
    tests = "".join(f"- {{Name: a{n}, ExpectedResult: true, Log: {{eventID: '{n}'}}}}\n" for n in range(3))
    repository.rule(COUNTING, tests=tests)
    said = [
        {found.name: found.output for found in result.functions}["title"] for result in repository.results()
    ]
    assert said == ["0 0 1", "1 1 2", "2 2 3"]


# -- 7: data models ----------------------------------------------------------------------------------------

ASKING = YES + (
    "def title(event):\n    return f\"{event.udm('ip', default='none')} {event.udm('who')} {event.udm('other')}\"\n"
    "def reference(event):\n    return str(event.udm_path('ip'))\n"
)


def test_risk_7_the_data_model_is_that_of_the_events_own_log_type(repository: Repository) -> None:
    with_model(repository).rule(
        ASKING,
        yaml="DisplayName: x\n",
        tests="""\
        - Name: of the log type
          ExpectedResult: true
          ExpectedTitle: 1 w 5
          Log: {p_log_type: AWS.CloudTrail, client: {ipAddress: "1"}, who: w, other: 5}
        - Name: a null is a value
          ExpectedResult: true
          ExpectedTitle: None None None
          Log: {p_log_type: AWS.CloudTrail, client: {ipAddress: null}, other: 0}
        - Name: found nowhere, and not elsewhere
          ExpectedResult: true
          ExpectedTitle: none None None
          Log: {p_log_type: AWS.CloudTrail, ip: "2", p_udm: {ip: "3"}}
        - Name: of another log type
          ExpectedResult: true
          Log: {p_log_type: Other.Log, client: {ipAddress: "1"}, ip: "2", who: w}
        - Name: of none
          ExpectedResult: true
          Log: {client: {ipAddress: "1"}, ip: "2", p_udm: {ip: "3"}}
        """,
    )
    results = repository.results()
    assert [result.reason for result in results] == ["", "", "", "reference() failed", "reference() failed"]
    titles = [{found.name: found.output for found in result.functions}["title"] for result in results]
    assert titles[3:] == ["2 w None", "3 None None"]
    path = results[0].functions
    assert {found.name: found.output for found in path}["reference"] == "client.ipAddress"


def test_risk_7_paths_have_the_grammar_of_the_library_with_its_filters(repository: Repository) -> None:
    with_model(repository).rule(
        YES + "def title(event):\n    return f\"{event.udm('second')} {event.udm('ips')}\"\n"
    )
    event = {"p_log_type": "AWS.CloudTrail", "clients": [{"kind": "b", "ip": "1"}]}
    assert repository.title(event) == "1 1"
    several = event | {"clients": [{"kind": "b", "ip": "1"}, {"kind": "a", "ip": "2"}]}
    (name, shown), *_ = repository.match(several).fallbacks
    assert name == "title"
    assert "JSONPath [$.clients[*].ip] in DataModel [Example.Model], matched multiple fields." in shown


def test_risk_7_the_line_asks_the_data_model_of_the_log_type_that_it_has_found_out(
    repository: Repository,
) -> None:
    with_model(repository).rule(ASKING)
    (match,) = repository.line(record(1, client={"ipAddress": "1"}, who="w")).matches
    assert match.title == "1 w None"


def test_risk_7_a_scheduled_rule_has_no_data_model(repository: Repository) -> None:
    with_model(repository)
    repository.write(
        "rules/rule.yml",
        METADATA.replace("rule\n", "scheduled_rule\n", 1).replace(
            "LogTypes: [AWS.CloudTrail]", "ScheduledQueries: []"
        )
        + "Tests: [{Name: a, ExpectedResult: true, Log: {p_log_type: AWS.CloudTrail, ip: '2', client: {ipAddress: '1'}}}]",
    )
    repository.write("rules/rule.py", "def rule(event):\n    return event.udm('ip') == '2'\n")
    assert reasons(repository) == [""]


# -- 8: dedup strings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "title", "dedup"),
    [
        ("", "Shown", "defaultDedupString:Example.Rule"),
        ("def title(event): return 't'", "t", "t"),
        ("def title(event): return ''", "", "defaultDedupString:Example.Rule"),
        ("def title(event): return 1", "Example.Rule", "Example.Rule"),
        (
            "def title(event): return 'x' * 1_001",
            "x" * 985 + "... (truncated)",
            "x" * 985 + "... (truncated)",
        ),
        ("def title(event): return 't'\ndef dedup(event): return ''", "t", "defaultDedupString:Example.Rule"),
        (
            "def title(event): return 't'\ndef dedup(event): return None",
            "t",
            "defaultDedupString:Example.Rule",
        ),
        ("def dedup(event): return 'y' * 1_001", "Shown", "y" * 985 + "... (truncated)"),
        ("def dedup(event): return 'y' * 1_000", "Shown", "y" * 1_000),
    ],
)
def test_risk_8_titles_and_dedup_strings(repository: Repository, python: str, title: str, dedup: str) -> None:
    repository.rule(YES + python + "\n", yaml="DisplayName: Shown\n")
    found = repository.match({})
    assert (found.title, found.dedup) == (title, dedup)


def test_risk_8_a_match_carries_the_period_the_threshold_and_the_unique_value_by_which_windows_are_cut(
    repository: Repository,
) -> None:
    repository.rule(
        YES + "def unique(event):\n    return event['user']\n", yaml="DedupPeriodMinutes: 15\nThreshold: 5\n"
    )
    found = repository.match({"user": "a"})
    assert (found.period_minutes, found.threshold, found.counts_unique, found.unique) == (15, 5, True, "a")


# -- 9: enrichment -----------------------------------------------------------------------------------------

ENRICHED = {
    "p_log_type": "AWS.CloudTrail",
    "client": {"ipAddress": "192.0.2.1"},
    "p_enrichment": {
        "privacy": {
            "client.ipAddress": {"service": "vpn", "p_match": "192.0.2.1"},
            "p_any_ip_addresses": [{"service": "a", "p_match": "1"}, {"service": "b", "p_match": "2"}],
        }
    },
}


def test_risk_9_a_selector_is_one_key_with_its_dots_that_udm_path_gives_and_a_list_selector_has_rows(
    repository: Repository,
) -> None:
    with_model(repository).rule(
        YES
        + "def title(event):\n    where = event.udm_path('ip')\n"
        + "    rows = event.deep_walk('p_enrichment', 'privacy', 'p_any_ip_addresses', 'service')\n"
        + "    return f\"{event.deep_get('p_enrichment', 'privacy', where, 'service')} {rows}\"\n"
    )
    assert repository.title(ENRICHED) == "vpn ['a', 'b']"


# -- 10: times ---------------------------------------------------------------------------------------------


def test_risk_10_times_of_trailcam_have_panthers_form_and_those_of_the_vendor_stay(
    repository: Repository,
) -> None:
    repository.rule(
        YES
        + "def title(event):\n    return f\"{event['p_event_time']} {event['eventTime']} {event.event_time_epoch()}\"\n"
    )
    (match,) = repository.line(record(61)).matches
    assert match.title == "2026-03-01 10:01:01.000000000 2026-03-01T10:01:01Z 1772359261"
    assert repository.title({"p_event_time": "2026-03-01T10:01:01Z", "eventTime": 1}).endswith(" 0")


# -- 11: state ---------------------------------------------------------------------------------------------


def test_risk_11_counters_are_decimals_that_expire_by_the_time_in_hand(repository: Repository) -> None:
    repository.rule("""\
        from panther_detection_helpers.caching import get_counter, increment_counter
        def rule(event):
            return True
        def title(event):
            said = [get_counter("k"), increment_counter("k", 1, epoch_seconds=60)]
            said += [get_counter("k", force_ttl_check=True)]
            return str(said)
    """)
    store, titles = InMemoryStore(), []
    for seconds in (0, 1, 120):
        now = Micros(1_700_000_000_000_000 + seconds * 1_000_000)
        with use(store, partial(Micros, now)):
            titles.append(repository.title({}))
    assert titles == [
        "[0, 1, Decimal('1')]",
        "[Decimal('1'), Decimal('2'), Decimal('2')]",
        "[Decimal('2'), 1, Decimal('3')]",
    ]


# -- 12: YAML ----------------------------------------------------------------------------------------------


def test_risk_12_words_times_and_numbers_of_a_test_are_what_yaml_1_2_says(repository: Repository) -> None:
    repository.rule(
        "def rule(event):\n    return event.to_dict() == {\n"
        "        'time': '2026-03-01T10:01:01Z', 'day': '2026-03-01', 'clock': '1:30:00', 'on': 'on', 'yes': 'yes',\n"
        "        'no': 'No', 'octal': 10, 'true': True, 'null': None, 'account': 123456789012, 'text': '012'}\n",
        tests="""\
        - Name: yes
          ExpectedResult: true
          Log:
            time: 2026-03-01T10:01:01Z
            day: 2026-03-01
            clock: 1:30:00
            on: on
            yes: yes
            no: No
            octal: 010
            "true": true
            "null": null
            account: 123456789012
            text: "012"
        """,
    )
    assert reasons(repository) == [""]


# -- 13: what a file may hold ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yaml", "code"),
    [
        ("Tag: [a]\n", "TC0203"),
        ("Tags: [Identity, identity]\n", "TC0205"),
        ("OutputIds: [a, a]\n", "TC0205"),
        ("SummaryAttributes: [a, a]\n", "TC0205"),
        ("Severity: Urgent\n", "TC0213"),
        ("Tests: [{Name: a, ExpectedResult: yes, Log: {}}]\n", "TC0205"),
        ("Tests: [{Name: a, ExpectedResult: true, Log: {}, Mocks: [{objectName: a}]}]\n", "TC0204"),
    ],
)
def test_risk_13_one_mistake_in_one_file_refuses_the_whole_repository(
    repository: Repository, yaml: str, code: str
) -> None:
    repository.rule(YES)
    repository.write("rules/bad.yml", METADATA.replace("Example.Rule", "Example.Bad") + yaml)
    assert repository.codes() == [code]


# -- loading (1.1), errors (2.3), tests (8.3) --------------------------------------------------------------


def test_a_module_is_executed_once_under_the_id_of_its_rule_and_stays_out_of_the_modules(
    repository: Repository,
) -> None:
    count = repository.folder / "count"
    count.touch()
    repository.rule(
        f"import sys\nfrom pathlib import Path\ncount = Path({str(count)!r})\n"
        "count.write_text(count.read_text() + 'x')\ndef rule(event):\n    return __name__ == 'Example.Rule' and __name__ not in sys.modules\n",
        tests="- {Name: a, ExpectedResult: true, Log: {}}\n- {Name: b, ExpectedResult: true, Log: {}}\n",
    )
    assert reasons(repository) == ["", ""]
    assert count.read_text(encoding="utf-8") == "x"


def test_a_global_is_imported_by_its_id_and_not_by_the_name_of_its_file(repository: Repository) -> None:
    repository.write(
        "elsewhere/names.yml", "AnalysisType: global\nGlobalID: example_names\nFilename: file_name.py\n"
    )
    repository.write("elsewhere/file_name.py", "NAME = 'a'\n")
    repository.rule("from example_names import NAME\ndef rule(event):\n    return event['n'] == NAME\n")
    assert repository.verdicts({"n": "a"})[0].match is not None
    repository.rule("import file_name\ndef rule(event):\n    return True\n")
    with pytest.raises(ModuleNotFoundError):
        repository.verdicts({})


def test_the_packs_own_helper_wins_over_the_one_of_trailcam(repository: Repository) -> None:
    repository.write("global_helpers/panther_base_helpers.py", "def deep_get(*_):\n    return 'own'\n")
    repository.rule(
        YES + "from panther_base_helpers import deep_get\ndef title(event):\n    return deep_get()\n"
    )
    assert repository.title({}) == "own"


@pytest.mark.parametrize("name", ["rule", "title", "dedup", "severity", "alert_context", "unique"])
def test_ending_the_process_is_an_error_like_others(repository: Repository, name: str) -> None:
    repository.rule(("" if name == "rule" else YES) + f"def {name}(event):\n    raise SystemExit(3)\n")
    (verdict,) = repository.verdicts({})
    assert (verdict.match is None) is (name == "rule")
    assert [error.error_class for error in verdict.errors] == ["SystemExit"] * (name in ("rule", "unique"))


def test_the_error_of_a_rule_says_what_was_raised_and_where(repository: Repository) -> None:
    repository.rule(
        "def inner(event):\n    return event['gone']\ndef rule(event):\n    return inner(event)\n"
    )
    ((error,),) = (verdict.errors for verdict in repository.verdicts({"a": 1}))
    assert (error.error_class, error.error) == ("KeyError", "KeyError('gone')")
    assert error.message == "'gone': rule.py\", line 2, in inner"


def test_a_test_passes_by_the_match_alone_where_none_is_expected_and_else_by_every_function(
    repository: Repository,
) -> None:
    repository.rule(
        "def rule(event):\n    return event['yes']\ndef title(event):\n    return event['name']\n"
        "def unique(event):\n    return event['user']\ndef destinations(event):\n    return ['nobody knows it']\n",
        tests="""\
        - {Name: all there, ExpectedResult: true, Log: {"yes": true, name: a, user: b}}
        - {Name: no match, ExpectedResult: false, Log: {"yes": false}}
        - {Name: no title, ExpectedResult: true, Log: {"yes": true, user: b}}
        - {Name: no unique, ExpectedResult: true, Log: {"yes": true, name: a}}
        """,
    )
    assert reasons(repository) == ["", "", "title() failed", "unique() failed"]


def test_tests_of_a_rule_that_is_switched_off_are_loaded_too(repository: Repository) -> None:
    repository.rule(YES, tests="- {Name: a, ExpectedResult: true, Log: {}}\n")
    path = repository.folder / "rules" / "rule.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Enabled: true", "Enabled: false"), encoding="utf-8"
    )
    assert reasons(repository) == [""]
    assert not repository.pack().rules[0].enabled
