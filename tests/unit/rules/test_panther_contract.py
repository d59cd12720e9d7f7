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

"Here" from 7 on is test_panther_contract_data.py, for loading and running test_panther_contract_running.py.

4 and 14 are about runs that are compared. Of its clauses: loading (1.1) is held here, in R/test_modules.py and
in R/test_run_rule.py; the functions (2), their dedup strings (2.1), destinations (2.2) and errors (2.3) in
R/test_functions.py and R/test_run_rule.py; the event (3) in model/test_event.py; how tests run (8.3) here and in
R/test_inline_tests.py.
"""

from pathlib import Path

import pytest
from tests.panther_repository import METADATA, YES, Repository, reasons, with_model
from tests.support import record

from trailcam.rules.modules import COMPAT_FOLDER


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


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
