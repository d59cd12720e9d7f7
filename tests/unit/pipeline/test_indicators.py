"""The `p_any_*` lists: each scanner, where they look, what Panther makes of CloudTrail, and hostile shapes.

Facts about Panther's lists: the tests of its public rules, panther-analysis daa10c88 (read 2026-11-24).
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailcam.logtypes import loader
from trailcam.model.logtype import SCANNERS as SCANNER_NAMES
from trailcam.model.logtype import SHAPED_SCANNERS, Anywhere, Field, LogType, Signature
from trailcam.model.standard_fields import STANDARD_FIELDS
from trailcam.pipeline.indicators import SCANNERS, SHAPED, TAGS, Indicators

(CLOUDTRAIL,) = (log_type for log_type in loader.builtin() if log_type.name == "AWS.CloudTrail")


def log_type(*fields: Field, anywhere: tuple[Anywhere, ...] = ()) -> LogType:
    return LogType(
        name="Custom.Test",
        version=1,
        description="",
        reference="",
        records=(),
        signature=Signature(),
        event_time=None,
        identity=None,
        fields=fields,
        anywhere=anywhere,
        folder=Path(),
    )


def lists(
    record: dict[str, Any], *fields: Field, anywhere: tuple[Anywhere, ...] = ()
) -> dict[str, list[str]]:
    return Indicators(log_type(*fields, anywhere=anywhere)).scan(record)


def scan(scanner: str, text: str) -> dict[str, list[str]]:
    """What one field with one indicator gives."""
    return lists({"x": text}, Field(name="x", type="string", indicators=(scanner,)))


def shaped(scanner: str, text: str) -> dict[str, list[str]]:
    """What a scanner finds in a text under an unknown key."""
    return lists({"x": text}, anywhere=(Anywhere(scanner=scanner),))


def cloudtrail(**fields: Any) -> dict[str, list[str]]:
    return Indicators(CLOUDTRAIL).scan(fields)


# -- each scanner ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["192.0.2.1", " 192.0.2.1\n", "2001:db8::1", "::ffff:192.0.2.1"])
def test_an_address_is_found_trimmed_and_as_it_was_written(text: str) -> None:
    assert scan("ip", text) == {"p_any_ip_addresses": [text.strip()]}


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.256",
        "192.0.2",
        "192.0.2.0/24",
        "192.0.2.01",
        "fe80::1%eth0",
        "2001:db8::1::2",
        "dead",
        ":",
        "",
    ],
)
def test_what_is_nearly_an_address_is_none(text: str) -> None:
    assert scan("ip", text) == {}


def test_a_host_name_is_an_address_or_a_domain() -> None:
    assert scan("hostname", "192.0.2.1") == {"p_any_ip_addresses": ["192.0.2.1"]}
    assert scan("hostname", "ec2.amazonaws.com") == {"p_any_domain_names": ["ec2.amazonaws.com"]}


def test_a_host_name_with_blanks_is_neither() -> None:
    assert scan("hostname", "AWS Internal") == {}


def test_punycode_in_a_domain_is_decoded_where_it_can_be() -> None:
    assert scan("domain", "www.xn--zrich-kva.example") == {"p_any_domain_names": ["www.zürich.example"]}
    assert scan("domain", "xn--\u20ac") == {"p_any_domain_names": ["xn--\u20ac"]}


def test_of_a_url_the_host_is_found() -> None:
    assert scan("url", "https://user@files.example.com:8443/x?y=z") == {
        "p_any_domain_names": ["files.example.com"]
    }
    assert scan("url", "http://[2001:db8::1]/") == {"p_any_ip_addresses": ["2001:db8::1"]}
    assert scan("url", "http://[broken/") == scan("url", "no url") == {}


def test_of_a_network_address_the_host_is_found() -> None:
    assert scan("net_addr", "192.0.2.1:22") == {"p_any_ip_addresses": ["192.0.2.1"]}
    assert scan("net_addr", "example.com:22") == {"p_any_domain_names": ["example.com"]}
    assert scan("net_addr", "[2001:db8::1]:22") == {"p_any_ip_addresses": ["2001:db8::1"]}


def test_an_arn_gives_its_account_too() -> None:
    arn = "arn:aws:s3:eu-central-1:111122223333:bucket/x:y"
    assert scan("aws_arn", arn) == {"p_any_aws_arns": [arn], "p_any_aws_account_ids": ["111122223333"]}


def test_an_arn_without_an_account_gives_none() -> None:
    assert scan("aws_arn", "arn:aws:s3:::x") == {"p_any_aws_arns": ["arn:aws:s3:::x"]}
    assert "p_any_aws_account_ids" not in scan("aws_arn", "arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_an_arn_of_an_instance_gives_the_instance_too() -> None:
    found = scan("aws_arn", "arn:aws:ec2:eu-central-1:111122223333:instance/i-0aa1bb2cc3dd4ee55")
    assert found["p_any_aws_instance_ids"] == ["i-0aa1bb2cc3dd4ee55"]


def test_an_arn_of_an_assumed_role_gives_the_session_where_it_is_a_mail_address() -> None:
    role = "arn:aws:sts::111122223333:assumed-role/Reader"
    assert scan("aws_arn", f"{role}/alice@example.com")["p_any_emails"] == ["alice@example.com"]
    for session in ("alice", "alice@work", "@", "a@b@example.com"):
        assert "p_any_emails" not in scan("aws_arn", f"{role}/{session}")


def test_what_only_looks_like_an_assumed_role_has_no_session() -> None:
    found = scan("aws_arn", "arn:aws:s3:::assumed-role/alice@example.com")
    assert found == {"p_any_aws_arns": ["arn:aws:s3:::assumed-role/alice@example.com"]}


@pytest.mark.parametrize("text", ["arn:aws:s3", "ARN:aws:s3:::x", "an arn:aws:s3:::x", "arn", ""])
def test_what_has_not_the_six_parts_of_an_arn_is_none(text: str) -> None:
    assert scan("aws_arn", text) == {}


def test_an_account_id_is_twelve_digits() -> None:
    assert scan("aws_account_id", "012345678901") == {"p_any_aws_account_ids": ["012345678901"]}
    for text in ("12345678901", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢", "111122223333\n", ""):
        assert scan("aws_account_id", text) == {}


def test_an_instance_id_under_its_key_begins_with_i() -> None:
    assert scan("aws_instance_id", "i-masked") == {"p_any_aws_instance_ids": ["i-masked"]}
    assert scan("aws_instance_id", "mi-0123") == {}


def test_a_mail_address_under_its_key_has_an_at_sign() -> None:
    assert scan("email", "alice@work") == {"p_any_emails": ["alice@work"]}
    assert scan("email", "alice") == {}


@pytest.mark.parametrize(
    ("scanner", "name"),
    [
        ("username", "p_any_usernames"),
        ("actor_id", "p_any_actor_ids"),
        ("trace_id", "p_any_trace_ids"),
    ],
)
def test_names_and_ids_are_any_text_but_the_empty_one(scanner: str, name: str) -> None:
    assert scan(scanner, " x ") == {name: [" x "]}
    assert scan(scanner, "") == {}


@pytest.mark.parametrize(("kind", "digits"), [("md5", 32), ("sha1", 40), ("sha256", 64)])
def test_a_hash_is_hex_of_its_length_in_lower_case(kind: str, digits: int) -> None:
    assert scan(kind, "Ab" * (digits // 2)) == {f"p_any_{kind}_hashes": ["ab" * (digits // 2)]}
    assert scan(kind, "a" * (digits - 1)) == scan(kind, "g" * digits) == {}


@pytest.mark.parametrize("scanner", SCANNER_NAMES)
def test_every_scanner_that_a_schema_can_name_is_there(scanner: str) -> None:
    assert scanner == TAGS or scanner in SCANNERS


def test_every_scanner_that_needs_no_key_is_there() -> None:
    assert set(SHAPED) == set(SHAPED_SCANNERS)


# -- any text, whatever its key ----------------------------------------------------------------------------


def test_a_mail_address_anywhere_is_a_whole_one() -> None:
    assert shaped("email", "first.last+tag@mail.example.com") == {
        "p_any_emails": ["first.last+tag@mail.example.com"]
    }


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sts::111122223333:assumed-role/Reader/alice@example.com",
        "AROAREADONLY0EXAMPLE3:alice@example.com",
        "mail alice@example.com",
        "<alice@example.com>",
        "alice@example.com, bob@example.com",
        "alice@localhost",
        "https://alice@example.com",
        "alice@example.com/path",
        "@example.com",
    ],
)
def test_a_text_that_holds_a_mail_address_is_not_one(text: str) -> None:
    assert shaped("email", text) == {}


def test_an_instance_id_anywhere_has_eight_or_seventeen_hex_digits() -> None:
    assert shaped("aws_instance_id", "i-0aa1bb2cc3dd4ee55") == {
        "p_any_aws_instance_ids": ["i-0aa1bb2cc3dd4ee55"]
    }
    assert shaped("aws_instance_id", "i-0aa1bb2c") == {"p_any_aws_instance_ids": ["i-0aa1bb2c"]}
    assert shaped("aws_instance_id", "i-am-not-one") == shaped("aws_instance_id", "i-0aa1bb2cc") == {}


def test_what_has_a_shape_is_found_at_every_depth_but_not_in_keys() -> None:
    record = {"a": [{"192.0.2.9": [["192.0.2.1"], {"b": "2001:db8::1"}]}], "c": "192.0.2.1"}
    assert lists(record, anywhere=(Anywhere(scanner="ip"),)) == {
        "p_any_ip_addresses": ["192.0.2.1", "2001:db8::1"]
    }


# -- where a schema says to look ---------------------------------------------------------------------------


def test_a_field_is_scanned_at_its_own_place_only() -> None:
    user = Field(
        name="user", type="object", fields=(Field(name="name", type="string", indicators=("username",)),)
    )
    record = {"user": {"name": "alice"}, "name": "bob", "other": {"user": {"name": "carol"}}}
    assert lists(record, user) == {"p_any_usernames": ["alice"]}


def test_the_items_of_a_list_are_scanned_one_by_one() -> None:
    hosts = Field(name="hosts", type="array", element=Field(name="", type="string", indicators=("hostname",)))
    assert lists({"hosts": ["192.0.2.1", "example.com"]}, hosts) == {
        "p_any_ip_addresses": ["192.0.2.1"],
        "p_any_domain_names": ["example.com"],
    }


def test_a_key_is_looked_for_at_every_depth_and_under_it_a_text_or_a_list_of_texts() -> None:
    record = {"payer": "a", "x": [{"payer": ["b", 7, {"payer": "c"}]}], "Payer": "d"}
    anywhere = (Anywhere(scanner="username", keys=("payer",)),)
    assert lists(record, anywhere=anywhere) == {"p_any_usernames": ["a", "b", "c"]}


def test_a_star_stands_for_the_rest_of_a_key() -> None:
    anywhere = (Anywhere(scanner="username", keys=("*User", "user*")),)
    record = {"dbUser": "a", "User": "b", "userName": "c", "user": "d", "UserName": "e", "dbUsers": "f"}
    assert lists(record, anywhere=anywhere) == {"p_any_usernames": ["a", "b", "c", "d"]}


def test_one_text_may_be_an_indicator_of_several_kinds() -> None:
    field = Field(name="x", type="string", indicators=("username", "email"))
    assert lists({"x": "alice@example.com"}, field) == {
        "p_any_emails": ["alice@example.com"],
        "p_any_usernames": ["alice@example.com"],
    }


def test_a_list_is_sorted_without_duplicates_and_absent_when_empty() -> None:
    names = Field(name="names", type="array", indicators=("username",))
    assert lists({"names": ["b", "a", "b", ""]}, names) == {"p_any_usernames": ["a", "b"]}
    assert lists({"names": [""]}, names) == {}


# -- tags --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    [
        [{"key": "team", "value": "storage"}],
        [{"Key": "team", "Value": "storage"}],
        [{"tagKey": "team", "tagValue": "storage"}],
        [{"TagKey": "team", "TagValue": "storage"}],
        {"items": [{"key": "team", "value": "storage"}]},
        {"team": "storage"},
        {"Key": "team", "Value": "storage", "tag": 1},
    ],
)
def test_a_tag_is_found_in_every_form_that_aws_services_write(tags: Any) -> None:
    assert cloudtrail(requestParameters={"tags": tags}) == {"p_any_aws_tags": ["team:storage"]}


@pytest.mark.parametrize(
    "tags",
    [
        None,
        7,
        True,
        "team:storage",
        [],
        {},
        [[{"key": "team", "value": "storage"}]],
        ["team", None, 7],
        [{"key": "team"}],
        [{"value": "storage"}],
        [{"key": 1, "value": "storage"}],
        [{"key": "team", "value": None}],
        {"items": []},
        {"items": None},
        {"items": {"key": "team"}},
        {"team": ["storage"]},
    ],
)
def test_tags_of_an_odd_shape_are_none_and_harm_nothing(tags: Any) -> None:
    assert cloudtrail(requestParameters={"tags": tags, "userName": "x"}) == {}


def test_a_tag_named_items_is_a_tag() -> None:
    assert cloudtrail(requestParameters={"tags": {"items": "many"}}) == {"p_any_aws_tags": ["items:many"]}


# -- CloudTrail --------------------------------------------------------------------------------------------

ROLE = {
    "type": "AssumedRole",
    "principalId": "AROAREADER0000EXAMPLE:session",
    "arn": "arn:aws:sts::111122223333:assumed-role/Reader/session",
    "accountId": "111122223333",
    "accessKeyId": "ASIAREADER0000EXAMPLE",
    "sessionContext": {
        "sessionIssuer": {
            "principalId": "AROAREADER0000EXAMPLE",
            "arn": "arn:aws:iam::111122223333:role/Reader",
            "accountId": "111122223333",
            "userName": "Reader",
        }
    },
}


def test_the_access_key_is_a_trace_id_and_the_ids_of_request_and_event_are_not() -> None:
    """Panther: userIdentity.accessKeyId in 24 of 24 tests with the list; requestID and eventID in none."""
    found = cloudtrail(userIdentity=ROLE, requestID="r", eventID="e", sharedEventID="s")
    assert found["p_any_trace_ids"] == ["ASIAREADER0000EXAMPLE"]


def test_a_key_that_a_call_gave_out_is_a_trace_id_so_that_its_use_is_found_from_there() -> None:
    found = cloudtrail(responseElements={"credentials": {"accessKeyId": "ASIAISSUED0000EXAMPLE"}})
    assert found == {"p_any_trace_ids": ["ASIAISSUED0000EXAMPLE"]}


def test_an_empty_access_key_is_no_trace_id() -> None:
    assert cloudtrail(userIdentity={"accessKeyId": ""}) == {}


def test_the_names_of_user_and_session_issuer_are_usernames_and_the_sessions_name_is_not() -> None:
    """Panther: userName in 2 of 2, sessionIssuer.userName in 14 of 14, the session's name in 2 of 14."""
    assert cloudtrail(userIdentity=ROLE)["p_any_usernames"] == ["Reader"]
    assert cloudtrail(userIdentity={"userName": "alice"}) == {"p_any_usernames": ["alice"]}


def test_a_user_that_is_acted_upon_is_not_among_the_usernames() -> None:
    assert cloudtrail(requestParameters={"userName": "bob"}) == {}


def test_the_principals_of_user_and_session_issuer_are_actor_ids() -> None:
    """Panther: principalId in 4 of 4, sessionIssuer.principalId in 1 of 1."""
    assert cloudtrail(userIdentity=ROLE)["p_any_actor_ids"] == [
        "AROAREADER0000EXAMPLE",
        "AROAREADER0000EXAMPLE:session",
    ]


def test_the_identity_center_user_behind_a_request_is_an_actor_id() -> None:
    assert cloudtrail(userIdentity={"onBehalfOf": {"userId": "u-1"}}) == {"p_any_actor_ids": ["u-1"]}


@pytest.mark.parametrize(
    "key", ["accountId", "AccountId", "targetAccountId", "ownerId", "groupOwnerId", "registryId"]
)
def test_an_account_id_is_found_by_its_key_at_every_depth(key: str) -> None:
    found = cloudtrail(responseElements={"x": [{key: "444455556666"}]})
    assert found == {"p_any_aws_account_ids": ["444455556666"]}


def test_twelve_digits_under_another_key_are_no_account_id() -> None:
    assert cloudtrail(requestParameters={"number": "444455556666", "ownerId": "canonical-user"}) == {}


@pytest.mark.parametrize("key", ["ARN", "arn"])
def test_a_resource_is_found_in_both_spellings_of_its_arn(key: str) -> None:
    assert cloudtrail(resources=[{key: "arn:aws:s3:::x"}]) == {"p_any_aws_arns": ["arn:aws:s3:::x"]}


def test_instances_are_found_by_key_and_by_shape() -> None:
    request = {
        "instanceId": "i-1",
        "targetInstanceId": "i-2",
        "instanceIds": ["i-3", "mi-4"],
        "resourcesSet": {"items": [{"resourceId": "i-0aa1bb2cc3dd4ee55"}]},
    }
    assert cloudtrail(requestParameters=request) == {
        "p_any_aws_instance_ids": ["i-0aa1bb2cc3dd4ee55", "i-1", "i-2", "i-3"]
    }


@pytest.mark.parametrize("key", ["publicIp", "privateIpAddress", "ipAddressV4", "ipv6Addresses", "whatever"])
def test_an_address_is_found_under_every_key(key: str) -> None:
    assert cloudtrail(responseElements={key: "192.0.2.7"}) == {"p_any_ip_addresses": ["192.0.2.7"]}
    assert cloudtrail(responseElements={key: [{"x": "2001:db8::7"}]}) == {
        "p_any_ip_addresses": ["2001:db8::7"]
    }


@pytest.mark.parametrize("key", ["publicDnsName", "privateDnsName", "domain"])
def test_a_domain_name_is_found_by_its_key(key: str) -> None:
    assert cloudtrail(responseElements={key: "host.example.com"}) == {
        "p_any_domain_names": ["host.example.com"]
    }


def test_a_mail_address_is_found_under_every_key() -> None:
    found = cloudtrail(requestParameters={"identities": ["alice@example.com", "example.com"]})
    assert found == {"p_any_emails": ["alice@example.com"]}


def test_the_host_name_of_a_service_as_source_is_a_domain_name() -> None:
    assert cloudtrail(sourceIPAddress="autoscaling.amazonaws.com") == {
        "p_any_domain_names": ["autoscaling.amazonaws.com"]
    }


# -- hostile input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [None, 7, 1.5, True, "text", [], [["x"]], [7, None], {}, {"arn": {"arn": []}}]
)
@pytest.mark.parametrize("field", ["userIdentity", "sourceIPAddress", "resources", "recipientAccountId"])
def test_a_field_of_another_type_than_declared_harms_nothing(field: str, value: Any) -> None:
    for texts in cloudtrail(**{field: value}).values():
        assert all(isinstance(text, str) for text in texts)


def test_the_deepest_record_that_the_grammar_allows_is_scanned_to_its_bottom() -> None:
    value: Any = "192.0.2.7"
    for _ in range(127):
        value = {"x": [value]}
    assert cloudtrail(requestParameters=value) == {"p_any_ip_addresses": ["192.0.2.7"]}


def test_long_texts_that_are_nearly_something_take_no_long_time() -> None:
    texts = ["a" * 100_000 + "@", "a@" + "b." * 50_000, "arn:" * 30_000, "1." * 50_000, "xn--" * 20_000 + "."]
    assert set(cloudtrail(requestParameters={"texts": texts, "domain": texts})) == {
        "p_any_aws_arns",
        "p_any_domain_names",
    }


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["arn:aws:sts::1:assumed-role/a/b@c.d", "::1", "i-0", "http://[", "xn--a", "a@b.c", "%"]),
)
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(TEXTS, st.sampled_from(["tags", "items", "key", "value", "accountId", "domain"])),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=15,
)
EVERY_SCANNER = log_type(
    *(Field(name=name, type="json", indicators=SCANNER_NAMES) for name in ("a", "b")),
    anywhere=(
        *(Anywhere(scanner=scanner) for scanner in SHAPED_SCANNERS),
        *(Anywhere(scanner=scanner, keys=("tags", "domain", "*Id")) for scanner in SCANNER_NAMES),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({"a": JSON, "b": JSON}))
def test_any_json_gives_sorted_lists_of_distinct_texts_and_is_left_as_it_was(record: dict[str, Any]) -> None:
    before = repr(record)
    found = Indicators(EVERY_SCANNER).scan(record)
    assert repr(record) == before
    assert set(found) <= set(STANDARD_FIELDS)
    for texts in found.values():
        assert texts and texts == sorted(set(texts))


def test_keys_are_looked_for_in_any_case_where_the_log_type_says_so() -> None:
    inner = Field(name="user", type="string", indicators=("username",))
    fields = (Field(name="actor", type="object", fields=(inner,)),)
    anywhere = (Anywhere(scanner="trace_id", keys=("accessKeyId", "*Token")),)
    record = {"Actor": {"User": "bob"}, "x": [{"AccessKeyID": "k", "sessiontoken": "t"}]}
    plain = log_type(*fields, anywhere=anywhere)
    assert Indicators(plain).scan(record) == {}
    assert Indicators(replace(plain, any_case=True)).scan(record) == {
        "p_any_trace_ids": ["k", "t"],
        "p_any_usernames": ["bob"],
    }
