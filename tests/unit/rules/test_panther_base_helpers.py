"""The helper functions that most rules import, on plain values and on the event."""

import base64
import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import trailcam.rules.compat
from trailcam.model.event import PantherEvent

RECORD = {
    "eventName": "PutObject",
    "requestParameters": {"bucketName": "payroll", "acl": "", "versions": 0, "grants": None},
    "resources": [{"arn": "arn:a", "tags": ["x", "y"]}, {"arn": "arn:b", "tags": ["y"]}, {"type": "bucket"}],
}


@pytest.fixture(scope="module")
def base() -> Iterator[Any]:
    path, modules = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(Path(trailcam.rules.compat.__path__[0])))
    yield importlib.import_module("panther_base_helpers")
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("panther_"):
            del sys.modules[name]


@pytest.fixture(params=["plain", "event"])
def record(request: pytest.FixtureRequest) -> Any:
    return PantherEvent(RECORD) if request.param == "event" else RECORD


# -- deep_get ------------------------------------------------------------------------------------------------


def test_deep_get_gives_the_value_at_the_end_of_the_path(base: Any, record: Any) -> None:
    assert base.deep_get(record, "requestParameters", "bucketName") == "payroll"


@pytest.mark.parametrize(
    "path", [("missing",), ("missing", "key"), ("eventName", "key"), ("resources", "arn")]
)
def test_deep_get_gives_the_default_where_the_path_breaks(
    base: Any, record: Any, path: tuple[str, ...]
) -> None:
    assert base.deep_get(record, *path) is None
    assert base.deep_get(record, *path, default="none") == "none"


def test_deep_get_takes_null_for_absent(base: Any, record: Any) -> None:
    assert base.deep_get(record, "requestParameters", "grants", default="none") == "none"


@pytest.mark.parametrize(("key", "value"), [("acl", ""), ("versions", 0)])
def test_deep_get_gives_values_that_are_falsy(base: Any, record: Any, key: str, value: Any) -> None:
    assert base.deep_get(record, "requestParameters", key, default="none") == value


def test_deep_get_looks_up_the_rest_of_a_broken_path_in_the_default(base: Any) -> None:
    assert base.deep_get({}, "a", "b", default={"b": 1}) == 1


def test_deep_get_without_a_path_gives_what_it_was_given(base: Any) -> None:
    assert base.deep_get({"a": 1}) == {"a": 1}


# -- deep_walk -----------------------------------------------------------------------------------------------


def test_deep_walk_gives_one_value_as_it_is(base: Any, record: Any) -> None:
    assert base.deep_walk(record, "requestParameters", "bucketName") == "payroll"


def test_deep_walk_enters_lists_and_gives_distinct_values_in_order(base: Any, record: Any) -> None:
    assert base.deep_walk(record, "resources", "arn") == ["arn:a", "arn:b"]
    assert base.deep_walk(record, "resources", "tags") == ["x", "y"]


def test_deep_walk_gives_a_single_distinct_value_bare(base: Any, record: Any) -> None:
    assert base.deep_walk(record, "resources", "type") == "bucket"


@pytest.mark.parametrize(("which", "value"), [("first", "arn:a"), ("last", "arn:b"), ("other", "all")])
def test_deep_walk_gives_the_first_or_the_last(base: Any, record: Any, which: str, value: str) -> None:
    assert base.deep_walk(record, "resources", "arn", return_val=which) == value


def test_deep_walk_counts_an_element_without_the_key_as_the_default(base: Any, record: Any) -> None:
    assert base.deep_walk(record, "resources", "arn", default="none") == ["arn:a", "arn:b", "none"]


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({}, ("a",)),
        ({"a": None}, ("a",)),
        ({"a": "text"}, ("a", "b")),
        ({"a": []}, ("a",)),
        ({"a": [[], [[]]]}, ("a",)),
        ({"a": []}, ("a", "b")),
        ([], ()),
    ],
)
def test_deep_walk_gives_the_default_when_nothing_is_found(
    base: Any, value: Any, path: tuple[str, ...]
) -> None:
    assert base.deep_walk(value, *path, default="none") == "none"


def test_deep_walk_gives_a_list_at_the_end_of_dictionaries_as_it_lies_there(base: Any) -> None:
    assert base.deep_walk({"a": {"b": [1, 1, 2]}}, "a", "b", return_val="first") == [1, 1, 2]


def test_deep_walk_cannot_tell_dictionaries_apart(base: Any) -> None:
    with pytest.raises(TypeError):
        base.deep_walk([{"a": {"b": 1}}], "a")


# -- patterns, networks, lists -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("PutObject", "Put*", True),
        ("PutObject", "put*", False),
        ("PutObject", "Put", False),
        ("a.b", "a?b", True),
        ("b", "[ab]", True),
        ("anything", "*", True),
    ],
)
def test_a_pattern_fits_the_whole_text_in_its_case(base: Any, text: str, pattern: str, fits: bool) -> None:
    assert base.pattern_match(text, pattern) is fits


def test_one_fitting_pattern_of_a_list_is_enough(base: Any) -> None:
    assert base.pattern_match_list("PutObject", ["Get*", "Put*"]) is True
    assert base.pattern_match_list("PutObject", ["Get*"]) is False
    assert base.pattern_match_list("PutObject", []) is False


def test_patterns_may_come_from_the_event(base: Any) -> None:
    assert base.pattern_match_list("PutObject", PantherEvent({"patterns": ["Put*"]}).get("patterns")) is True


def test_an_address_lies_in_one_of_the_networks(base: Any) -> None:
    networks = ["10.0.0.0/8", "2001:db8::/32"]

    assert base.is_ip_in_network("10.1.2.3", networks) is True
    assert base.is_ip_in_network("2001:db8::1", networks) is True
    assert base.is_ip_in_network("192.0.2.1", networks) is False


@pytest.mark.parametrize(("address", "network"), [("a host name", "10.0.0.0/8"), ("10.0.0.1", "10.0.0.1/8")])
def test_what_is_no_address_or_no_network_is_an_error(base: Any, address: str, network: str) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8|a host name"):
        base.is_ip_in_network(address, [network])


def test_indicators_that_are_known_stay_in_order(base: Any) -> None:
    assert base.ioc_match(["c", "x", "a"], {"a", "b", "c"}) == ["c", "a"]
    assert base.ioc_match(None, {"a"}) == []


@pytest.mark.parametrize("one", ["text", b"bytes", 5, None, {"a": 1}])
def test_one_thing_becomes_a_list_of_one(base: Any, one: Any) -> None:
    assert base.listify(one) == [one]


def test_a_part_of_an_event_becomes_a_list_of_one(base: Any, record: Any) -> None:
    assert base.listify(record["requestParameters"]) == [record["requestParameters"]]


def test_a_list_stays_as_it_is(base: Any, record: Any) -> None:
    resources = record["resources"]

    assert base.listify(resources) is resources


def test_a_list_of_keys_and_values_becomes_a_dictionary(base: Any) -> None:
    tags = [{"Key": "env", "Value": "prod"}, {"Key": "team", "Value": "blue"}]

    assert base.key_value_list_to_dict(tags, "Key", "Value") == {"env": "prod", "team": "blue"}
    assert base.key_value_list_to_dict(PantherEvent({"t": tags})["t"], "Key", "Value") == {
        "env": "prod",
        "team": "blue",
    }


def test_the_values_of_those_that_compare_equal_are_picked(base: Any) -> None:
    people = [{"id": 1, "role": "admin"}, {"id": 2, "role": "user"}, {"id": 3, "role": "admin"}, {}]

    assert base.get_val_from_list(people, "id", "role", "admin") == {1, 3}
    assert base.get_val_from_list(people, "id", "unknown", "admin") == set()


# -- texts ---------------------------------------------------------------------------------------------------


def test_a_defanged_link_leads_nowhere(base: Any) -> None:
    assert base.defang_ioc("https://evil.example/a http://b") == "hxxps://evil[.]example/a hxxp://b"


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
@pytest.mark.parametrize("padding", ["=", ""])
def test_encoded_text_is_decoded(base: Any, encoding: str, padding: str) -> None:
    text = "Invoke-WebRequest http://192.0.2.1/a.ps1"
    encoded = base64.b64encode(text.encode(encoding)).decode().rstrip("=")

    assert base.is_base64(encoded + padding * (-len(encoded) % 4)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2hvcnQ=",
        "not base64 at all, but long enough",
        "0123456789abcdef0123456789abcdef",
        "é" * 28,
        base64.b64encode(bytes(range(30))).decode(),
        base64.b64encode(("漢字" * 20).encode()).decode(),
        base64.b64encode(("ж" * 20).encode("utf-16-le")).decode(),
        "a" * 29,
    ],
)
def test_what_is_not_meant_as_base64_decodes_to_nothing(base: Any, text: str) -> None:
    assert base.is_base64(text) == ""


def test_the_least_length_of_base64_is_the_rules_to_choose(base: Any) -> None:
    assert base.is_base64("c2hvcnQ=", min_length=8) == "short"


def test_id_like_text_is_no_base64_though_it_decodes(base: Any) -> None:
    encoded = base64.b64encode(b"twenty-four bytes here!!").decode()

    assert len(encoded) == 32
    assert encoded.isalnum()
    assert base.is_base64(encoded) == ""
    assert base.is_base64(base64.b64encode(b"twenty-five bytes here!!!").decode()) != ""


def test_an_address_is_found_in_a_text(base: Any) -> None:
    assert base.EMAIL_REGEX.findall("to ann.b+c@mail.example.com, not to @x or a@b") == [
        "ann.b+c@mail.example.com"
    ]


# -- times ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-11-05 06:50:24", datetime(2021, 11, 5, 6, 50, 24)),
        ("2021-11-05 06:50:24.123456789", datetime(2021, 11, 5, 6, 50, 24, 123456)),
        ("2021-11-05T06:50:24Z", datetime(2021, 11, 5, 6, 50, 24)),
        ("2021-11-05T06:50:24.5Z", datetime(2021, 11, 5, 6, 50, 24, 500000)),
        ("2021-11-05T06:50:24", datetime(2021, 11, 5, 6, 50, 24)),
        ("05/Nov/2021:06:50:24", datetime(2021, 11, 5, 6, 50, 24)),
        ("21/11/05 06:50:24", datetime(2021, 11, 5, 6, 50, 24)),
        ("Nov 05, 2021 06:50:24 PM", datetime(2021, 11, 5, 18, 50, 24)),
        ("2021-11-05T06:50:'24'", datetime(2021, 11, 5, 6, 50, 24)),
        ("06:50:24", datetime(1900, 1, 1, 6, 50, 24)),
        ("5 November 2021", datetime(2021, 11, 5)),
        ("1636095024", datetime(2021, 11, 5, 6, 50, 24)),
        ("1636095024.5 s", datetime(2021, 11, 5, 6, 50, 24, 500000)),
    ],
)
def test_a_time_is_read_in_the_form_it_has(base: Any, text: str, moment: datetime) -> None:
    assert base.resolve_timestamp_string(text) == moment


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2021-11-05T06:50:24+02:00", timezone(timedelta(hours=2))),
        ("2021-11-05 06:50:24 +0000", UTC),
        ("2021-11-05 06:50:24Z", UTC),
        ("2021-11-05T06:50:24.123456789Z", UTC),
        ("05/Nov/2021:06:50:24 -0500", timezone(timedelta(hours=-5))),
    ],
)
def test_a_time_that_names_its_zone_keeps_it(base: Any, text: str, zone: timezone) -> None:
    moment = base.resolve_timestamp_string(text)

    assert moment.replace(microsecond=0, tzinfo=None) == datetime(2021, 11, 5, 6, 50, 24)
    assert moment.utcoffset() == zone.utcoffset(None)


@pytest.mark.parametrize(
    "text", ["", None, "'", "garbage", "1636095024123", "9" * 40, "2021-11-05T25:50:24Z"]
)
def test_what_is_no_time_is_none(base: Any, text: Any) -> None:
    assert base.resolve_timestamp_string(text) is None


def test_what_a_time_leaves_out_does_not_come_from_today(base: Any) -> None:
    assert base.resolve_timestamp_string("06:50") == datetime(1900, 1, 1, 6, 50)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2021-11-05 06:50:24", "2021-11-05 06:50:31.416", "7 second(s)"),
        ("2021-11-05 06:50:24.000000000", "2021-11-05 06:55:24.000000000", "5 minute(s) "),
        ("2021-11-05 06:50:24", "2021-11-06 08:53:28", "1 day(s) 2 hour(s) 3 minute(s) 4 second(s)"),
        ("2021-11-05 06:50:24", "2021-11-05 06:50:24", ""),
    ],
)
def test_the_time_between_two_times_is_told_in_words(base: Any, start: str, end: str, words: str) -> None:
    assert base.time_delta(start, end) == words


@pytest.mark.parametrize("time", ["2021-11-05T06:50:24Z", "garbage:1"])
def test_the_time_between_needs_two_times_that_end_in_seconds(base: Any, time: str) -> None:
    with pytest.raises(ValueError, match=r"24Z|garbage"):
        base.time_delta(time, "2021-11-05 06:50:24")


def test_nanoseconds_become_microseconds(base: Any) -> None:
    assert base.nano_to_micro("2021-11-05 06:50:24.123456789") == "2021-11-05 06:50:24.123457"
    assert base.nano_to_micro("2021-11-05 06:50:24") == "2021-11-05 06:50:24.000000"


def test_the_delay_of_parsing_is_added_to_the_context(base: Any) -> None:
    event = PantherEvent(
        {"p_event_time": "2021-11-05 06:50:24", "p_parse_time": "2021-11-05 06:55:07.416000000"}
    )
    context = {"a": 1}

    assert base.add_parse_delay(event, context) is context
    assert context == {"a": 1, "parseDelay": "4 minute(s) 43 second(s)"}


def test_digits_past_microseconds_are_cut_off(base: Any) -> None:
    moment = datetime(2021, 11, 5, 6, 50, 24, 123456)

    assert base.panther_nanotime_to_python_datetime("2021-11-05 06:50:24.123456789") == moment
    assert base.golang_nanotime_to_python_datetime("2021-11-05T06:50:24.123456789Z") == moment
    assert base.golang_nanotime_to_python_datetime("2021-11-05T06:50:24.123456Z") == moment


# -- severities, investigations, debugging -------------------------------------------------------------------


def test_severities_compare_by_gravity_and_unknown_ones_are_least(base: Any) -> None:
    assert base.severity_greater_than("HIGH", "LOW") is True
    assert base.severity_greater_than("LOW", "HIGH") is False
    assert base.severity_greater_than("HIGH", "HIGH") is False
    assert base.severity_greater_than("INFO", "DEFAULT") is True
    assert base.SEVERITY_LEVELS == {"INFO": 0, "LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}


def test_an_investigation_asks_for_the_events_indicators_around_its_time(base: Any) -> None:
    query = base.pantherflow_investigation(
        PantherEvent(
            {
                "p_log_type": "AWS.CloudTrail",
                "p_event_time": "2021-11-05 06:50:24",
                "p_any_ip_addresses": ["192.0.2.1"],
                "p_any_usernames": ["ann", "bob"],
                "p_any_aws_account_ids": ["123456789012"],
            }
        ),
        interval="1h",
    )

    assert "panther_logs.public.aws_cloudtrail" in query
    assert query.count("time.parse_timestamp('2021-11-05 06:50:24')") == 2
    assert query.count("time.parse_timespan('1h')") == 2
    assert "arrays.overlap(p_any_ip_addresses, ['192.0.2.1'])" in query
    assert " or arrays.overlap(p_any_usernames, ['ann', 'bob'])" in query
    assert "account_ids" not in query


def test_an_investigation_of_an_event_without_indicators_asks_for_its_time_alone(base: Any) -> None:
    query = base.pantherflow_investigation({"p_log_type": "A.B", "p_event_time": "2021-11-05 06:50:24"})

    assert query.count("where") == 1
    assert query.endswith("sort p_event_time")


def test_debug_output_goes_nowhere(base: Any, capsys: pytest.CaptureFixture[str]) -> None:
    base.dbprint("secret", sep="", end="")

    assert capsys.readouterr() == ("", "")


# -- names that older rules import ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [dict, PantherEvent])
def test_the_context_of_a_cloudtrail_event_has_markers_for_what_is_missing(base: Any, kind: Any) -> None:
    assert base.aws_rule_context(kind({"eventName": "PutObject", "userIdentity": {"type": "Root"}})) == {
        "eventName": "PutObject",
        "eventSource": "<MISSING_ACCOUNT_ID>",
        "awsRegion": "<MISSING_AWS_REGION>",
        "recipientAccountId": "<MISSING_ACCOUNT_ID>",
        "sourceIPAddress": "<MISSING_SOURCE_IP>",
        "userAgent": "<MISSING_USER_AGENT>",
        "userIdentity": {"type": "Root"},
    }


def test_changing_a_context_does_not_change_the_next_one(base: Any) -> None:
    base.okta_alert_context({})["target"].append("x")

    assert base.okta_alert_context({})["target"] == []


@pytest.mark.parametrize(
    ("context", "event", "part"),
    [
        ("aws_guardduty_context", {"severity": 8}, {"severity": 8, "id": "<MISSING ID>", "service": {}}),
        ("okta_alert_context", {"eventtype": "login"}, {"event_type": "login", "ips": []}),
        ("slack_alert_context", {"context": {"ua": "x"}}, {"user-agent": "x", "actor-ip": "<MISSING_IP>"}),
        (
            "github_alert_context",
            {"actor_location": {"country_code": "DE"}},
            {"actor_location": "DE", "org": ""},
        ),
        ("msft_graph_alert_context", {"category": "x"}, {"category": "x", "userStates": []}),
        ("m365_alert_context", {"ClientIp": "192.0.2.1"}, {"client_ip": "192.0.2.1", "actor": []}),
        (
            "crowdstrike_detection_alert_context",
            {"event": {"UserName": "ann"}},
            {"user": "ann", "filename": ""},
        ),
        ("crowdstrike_process_alert_context", {"SHA256HashData": "ab"}, {"SHA256Hash": "ab", "aid": ""}),
        (
            "crowdstrike_network_detection_alert_context",
            {"unknown_payload": {"LocalPort": 22}},
            {"LocalPort": 22},
        ),
    ],
)
@pytest.mark.parametrize("kind", [dict, PantherEvent])
def test_contexts_pick_their_fields(
    base: Any, kind: Any, context: str, event: dict[str, Any], part: dict[str, Any]
) -> None:
    picked = getattr(base, context)(kind(event))

    assert {name: picked[name] for name in part} == part


def test_the_session_is_stripped_from_the_arn_of_an_assumed_role(base: Any) -> None:
    role = "arn:aws:sts::123456789012:assumed-role/Admin"

    assert base.aws_strip_role_session_id(f"{role}/ann@example.com") == role
    assert base.aws_strip_role_session_id(role) == role


@pytest.mark.parametrize("kind", [dict, PantherEvent])
def test_a_kubernetes_event_names_actor_and_object(base: Any, kind: Any) -> None:
    event = {
        "user": {"username": "ann"},
        "verb": "create",
        "objectRef": {"name": "pod-1", "resource": "pods", "subresource": "exec"},
    }

    assert base.eks_panther_obj_ref(kind(event)) == {
        "actor": "ann",
        "ns": "<NO_OBJECT_NAMESPACE>",
        "object": "pod-1",
        "resource": "pods/exec",
        "sourceIPs": ["0.0.0.0"],
        "verb": "create",
        "p_source_label": "<NO_P_SOURCE_LABEL>",
    }


def test_a_kubernetes_object_without_subresource_is_named_bare(base: Any) -> None:
    assert base.eks_panther_obj_ref({"objectRef": {"resource": "pods"}})["resource"] == "pods"


@pytest.mark.parametrize(
    ("tags", "in_scope"), [(None, True), ({}, False), ({"environment": "pci"}, True), ({"a": "b"}, False)]
)
def test_a_resource_without_tags_counts_as_in_pci_scope(base: Any, tags: Any, in_scope: bool) -> None:
    assert base.IN_PCI_SCOPE({"Tags": tags}) is in_scope


def test_a_resource_without_tags_does_not_count_as_dmz(base: Any) -> None:
    assert base.IS_DMZ({"Tags": None}) is False
    assert base.IS_DMZ({"Tags": {"environment": "dmz"}}) is True
    assert base.is_dmz_tags({"Tags": {"zone": "edge"}}, [("zone", "edge")]) is True
    assert base.is_dmz_tags({"Tags": {"environment": "dmz"}}, [("zone", "edge")]) is False


@pytest.mark.parametrize("kind", [dict, PantherEvent])
def test_binding_deltas_are_those_of_a_policy_change(base: Any, kind: Any) -> None:
    deltas = [{"action": "ADD", "role": "roles/owner"}]
    payload = {"methodName": "SetIamPolicy", "serviceData": {"policyDelta": {"bindingDeltas": deltas}}}

    assert base.get_binding_deltas(kind({"protoPayload": payload})) == deltas
    assert base.get_binding_deltas(kind({"protoPayload": payload | {"methodName": "other"}})) == []
    assert base.get_binding_deltas(kind({"protoPayload": payload | {"serviceData": None}})) == []


@pytest.mark.parametrize("kind", [dict, PantherEvent])
def test_workspace_details_are_found_by_type_and_name(base: Any, kind: Any) -> None:
    event = kind({"events": [{"type": "a", "name": "x"}, {"type": "b", "name": "x", "n": 1}]})

    assert base.gsuite_details_lookup("b", ["x", "y"], event) == {"type": "b", "name": "x", "n": 1}
    assert base.gsuite_details_lookup("b", ["y"], event) == {}
    assert base.gsuite_details_lookup("b", ["y"], kind({})) == {}


def test_a_workspace_parameter_is_found_whatever_kind_its_value_has(base: Any) -> None:
    parameters = [{"name": "a"}, {"name": "b", "boolValue": False}, {"name": "c", "multiValue": ["x"]}]

    assert base.gsuite_parameter_lookup(parameters, "a") is None
    assert base.gsuite_parameter_lookup(parameters, "b") is False
    assert base.gsuite_parameter_lookup(parameters, "c") == ["x"]
    assert base.gsuite_parameter_lookup(parameters, "d") is None


@pytest.mark.parametrize(
    ("details", "parsed"), [('{"a": 1}', {"a": 1}), ("{", {}), ("", {}), ({"a": 1}, {"a": 1})]
)
def test_box_details_are_parsed_when_they_are_text(base: Any, details: Any, parsed: Any) -> None:
    assert base.box_parse_additional_details({"additional_details": details}) == parsed
    assert base.box_parse_additional_details({}) == {}


def test_a_crowdstrike_field_is_the_first_that_says_something(base: Any) -> None:
    event = {"aid": "", "event": {"aid": "inner"}, "unknown_payload": {"aid": "last", "x": 1}}

    assert base.get_crowdstrike_field(event, "aid") == "inner"
    assert base.get_crowdstrike_field(event, "x") == 1
    assert base.get_crowdstrike_field(event, "y", "none") == "none"


def test_a_crowdstrike_event_of_another_name_is_passed_over(base: Any) -> None:
    event = {"p_log_type": "Crowdstrike.FDREvent", "fdr_event_type": "DnsRequest"}

    assert base.filter_crowdstrike_fdr_event_type(event, "ProcessRollup2") is True
    assert base.filter_crowdstrike_fdr_event_type(event, "DnsRequest") is False
    assert base.filter_crowdstrike_fdr_event_type({"p_log_type": "Other"}, "DnsRequest") is False


@pytest.mark.parametrize(
    ("description", "roles"),
    [
        ("Role changed from Agent to Admin", ("Agent", "Admin")),
        (
            "Guide role changed from Viewer to Manager\nChat role changed from Agent to Admin",
            ("Guide:Viewer ; Chat:Agent", "Guide:Manager ; Chat:Admin"),
        ),
        ("something else", ("<UNKNOWN_APP>:<UNKNOWN_ROLE>", "<UNKNOWN_APP>:<UNKNOWN_ROLE>")),
    ],
)
def test_zendesk_roles_are_read_from_the_description(
    base: Any, description: str, roles: tuple[str, str]
) -> None:
    assert base.zendesk_get_roles({base.ZENDESK_CHANGE_DESCRIPTION: description}) == roles
