"""What Panther's rules rely on, continued: data models, dedup strings, enrichment, times, state, YAML, forms.

See `test_panther_contract.py` for the risks by their numbers.
"""

from functools import partial
from pathlib import Path

import pytest
from tests.panther_repository import METADATA, YES, Repository, reasons, with_model
from tests.support import record

from trailcam.model.timestamps import Micros
from trailcam.rules.keyvalue import InMemoryStore, use


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


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
