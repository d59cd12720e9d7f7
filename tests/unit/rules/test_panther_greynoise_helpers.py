"""What rules ask of GreyNoise, over both versions of its answers."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trailcam.model.event import PantherEvent
from trailcam.rules.compat.panther_greynoise_helpers import GetGreyNoiseObject, GetGreyNoiseRiotObject

DATA = Path(__file__).parents[4] / "shared" / "data" / "enrichment"

SECOND: dict[str, Any] = {
    "ip": "192.0.2.1", "actor": "Example Scanner", "classification": "malicious", "bot": True,
    "cve": [f"CVE-2024-{n:04}" for n in range(12)], "first_seen": "2024-01-02", "last_seen": "2024-05-06",
    "tags": ["SSH Bruteforcer", "Web Crawler"], "vpn": True, "vpn_service": "EXAMPLE_VPN", "p_match": "192.0.2.1",
    "metadata": {
        "asn": "AS64496", "category": "hosting", "city": "Sampletown", "country": "Example", "country_code": "XX",
        "organization": "Example Networks", "os": "Linux", "region": "Somewhere", "tor": True,
    },
}  # fmt: skip
THIRD: dict[str, Any] = {
    "ip": "192.0.2.1", "p_match": "192.0.2.1",
    "internet_scanner_intelligence": {
        "found": True, "actor": "Example Scanner", "classification": "malicious", "bot": True,
        "cves": SECOND["cve"], "first_seen": "2024-01-02", "last_seen_timestamp": "2024-05-06 10:00:00",
        "tags": [{"id": "1", "name": "SSH Bruteforcer"}, {"id": "2", "name": "Web Crawler"}],
        "tor": True, "vpn": True, "vpn_service": "EXAMPLE_VPN",
        "metadata": {
            "asn": "AS64496", "category": "hosting", "source_city": "Sampletown", "source_country": "Example",
            "source_country_code": "XX", "organization": "Example Networks", "os": "Linux", "region": "Somewhere",
        },
    },
    "business_service_intelligence": {
        "found": True, "name": "Example DNS", "description": "A resolver.", "explanation": "Many ask it.",
        "reference": "https://example.com", "trust_level": "1", "last_updated": "2024-05-06T10:00:00Z",
    },
}  # fmt: skip
SERVICE = {"ip": "192.0.2.1", **THIRD["business_service_intelligence"]}

NOISE = {
    "ip_address": "192.0.2.1", "actor": "Example Scanner", "classification": "malicious",
    "url": "https://viz.greynoise.io/ip/192.0.2.1", "is_bot": True, "cve_list": SECOND["cve"],
    "cve_string": ", ".join(SECOND["cve"][:10]), "first_seen": date(2024, 1, 2), "last_seen": date(2024, 5, 6),
    "asn": "AS64496", "category": "hosting", "city": "Sampletown", "country": "Example", "country_code": "XX",
    "organization": "Example Networks", "operating_system": "Linux", "region": "Somewhere", "is_tor": True,
    "tags_list": ["SSH Bruteforcer", "Web Crawler"], "tags_string": "SSH Bruteforcer, Web Crawler",
    "is_vpn": True, "vpn_service": "EXAMPLE_VPN",
}  # fmt: skip
RIOT = {
    "is_riot": True, "ip_address": "192.0.2.1", "name": "Example DNS", "url": "https://viz.greynoise.io/ip/192.0.2.1",
    "last_updated": date(2024, 5, 6), "description": "A resolver.", "explanation": "Many ask it.",
    "reference": "https://example.com", "trust_level": 1,
}  # fmt: skip

ABSENT: dict[str, Any] = {
    name: False if name.startswith("is_") else [] if name.endswith("_list") else None for name in NOISE | RIOT
}


def event(enrichment: Any, **fields: Any) -> PantherEvent:
    return PantherEvent({"sourceIPAddress": "192.0.2.1", "p_enrichment": enrichment, **fields})


def noise(table: str, rows: Any, field: str = "sourceIPAddress") -> Any:
    return GetGreyNoiseObject(event({table: {field: rows}}))


@pytest.mark.parametrize("method", NOISE)
@pytest.mark.parametrize(
    ("table", "row"),
    [("greynoise_noise_advanced", SECOND), ("greynoise_noise_basic", SECOND), ("greynoise_noise", THIRD)],
)
def test_both_versions_of_an_answer_say_the_same_of_a_scanner(table: str, row: Any, method: str) -> None:
    assert getattr(noise(table, row), method)("sourceIPAddress") == NOISE[method]


@pytest.mark.parametrize("method", RIOT)
@pytest.mark.parametrize(
    ("table", "row"),
    [("greynoise_riot_advanced", SERVICE), ("greynoise_riot_basic", SERVICE), ("greynoise_noise", THIRD)],
)
def test_both_versions_of_an_answer_say_the_same_of_a_service(table: str, row: Any, method: str) -> None:
    said = GetGreyNoiseRiotObject(event({table: {"client.ipAddress": row}}))
    assert getattr(said, method)("client.ipAddress") == RIOT[method]


NOTHING: list[Any] = [
    None, {}, [], "text", {"greynoise_noise_basic": None}, {"greynoise_noise_basic": {"sourceIPAddress": None}},
    {"greynoise_noise_basic": {"sourceIPAddress": []}}, {"greynoise_noise_basic": {"sourceIPAddress": [1, "x", None]}},
    {"greynoise_riot_basic": [1]}, {"x_noise": {"sourceIPAddress": {"internet_scanner_intelligence": None}}},
    {"x_noise": {"sourceIPAddress": {"internet_scanner_intelligence": {"found": False}, "business_service_intelligence": {"found": False}}}},
    {"other_table": {"sourceIPAddress": SECOND}},
]  # fmt: skip


@pytest.mark.parametrize("enrichment", NOTHING, ids=range(len(NOTHING)))
def test_where_there_is_no_answer_nothing_is_said_and_nothing_raises(enrichment: Any) -> None:
    for said, methods in ((GetGreyNoiseObject, NOISE), (GetGreyNoiseRiotObject, RIOT)):
        for subject in (event(enrichment), {"p_enrichment": enrichment}, {}):
            made = said(subject)
            assert {name: getattr(made, name)("sourceIPAddress") for name in methods} == {
                name: ABSENT[name] for name in methods
            }
            assert made.subscription_level() in ("basic", "advanced")


ODD: list[Any] = [None, 1, True, [], {}, [{}], [None], {"x": 1}, "", "x", "99999999999999"]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_answers_of_another_form_than_they_have_do_not_raise(value: Any) -> None:
    for row in (
        dict.fromkeys(SECOND, value),
        {
            **THIRD,
            "internet_scanner_intelligence": dict.fromkeys(THIRD["internet_scanner_intelligence"], value),
        },
        dict.fromkeys(THIRD, value),
    ):
        for table in ("greynoise_noise_basic", "greynoise_riot_basic", "greynoise_noise"):
            subject = event({table: {"sourceIPAddress": row}})
            noise, riot = GetGreyNoiseObject(subject), GetGreyNoiseRiotObject(subject)
            said = {name: getattr(noise, name)("sourceIPAddress") for name in NOISE}
            said |= {f"riot {name}": getattr(riot, name)("sourceIPAddress") for name in RIOT}
            truths = {name: answer for name, answer in said.items() if name.split()[-1].startswith("is_")}
            assert all(isinstance(answer, bool) for answer in truths.values()), truths


def test_several_answers_are_a_list_and_one_is_a_value() -> None:
    other = {"ip": "192.0.2.2", "classification": "benign", "bot": False, "tags": ["Web Crawler", "Other"]}
    field = "p_any_ip_addresses"
    said = noise("greynoise_noise_basic", [SECOND, other], field)
    assert said.classification(field) == ["malicious", "benign"]
    assert said.is_bot(field) == [True, False]
    assert said.actor(field) == ["Example Scanner"]
    assert said.tags_list(field) == ["SSH Bruteforcer", "Web Crawler", "Other"]
    assert noise("greynoise_noise_basic", [SECOND], field).classification(field) == "malicious"


def test_the_better_data_set_answers_first_and_says_its_level() -> None:
    both = event(
        {
            "greynoise_noise_basic": {
                "sourceIPAddress": {"classification": "benign"},
                "other": {"actor": "x"},
            },
            "greynoise_noise_advanced": {"sourceIPAddress": SECOND},
        }
    )
    assert GetGreyNoiseObject(both).classification("sourceIPAddress") == "malicious"
    assert GetGreyNoiseObject(both).actor("other") == "x"
    assert GetGreyNoiseObject(both).subscription_level() == "advanced"
    assert noise("greynoise_noise_basic", SECOND).subscription_level() == "basic"
    assert noise("any_noise", THIRD).subscription_level() == "advanced"


def test_an_answer_may_stand_under_the_address_itself() -> None:
    said = GetGreyNoiseObject(
        event({"greynoise_noise": {"192.0.2.1": THIRD}}, p_any_ip_addresses=["x", "192.0.2.1"])
    )
    assert said.classification("sourceIPAddress") == "malicious"
    assert said.classification("p_any_ip_addresses") == "malicious"
    assert said.classification("userAgent") is None


def test_texts_of_lists_have_a_limit() -> None:
    said = noise("greynoise_noise_basic", SECOND)
    assert said.cve_string("sourceIPAddress", limit=2) == "CVE-2024-0000, CVE-2024-0001"
    assert said.tags_string("sourceIPAddress", 1) == "SSH Bruteforcer"


# -- tables in CSV, where every value is a text ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "truth"),
    [("true", True), ("TRUE", True), (" True ", True), ("false", False), ("False", False), ("", False), ("x", False)],
)  # fmt: skip
def test_a_truth_value_may_be_a_text(text: str, truth: bool) -> None:
    scanner = noise("greynoise_noise_basic", {"bot": text, "vpn": text, "metadata": {"tor": text}})
    for ask in (scanner.is_bot, scanner.is_vpn, scanner.is_tor):
        assert ask("sourceIPAddress") is truth
    service = event({"greynoise_riot_basic": {"sourceIPAddress": {"name": "x", "riot": text}}})
    assert GetGreyNoiseRiotObject(service).is_riot("sourceIPAddress") is truth


def test_a_part_that_was_not_found_says_nothing_whichever_way_that_is_written() -> None:
    for found in (False, "false", "False"):
        row = THIRD | {"internet_scanner_intelligence": {"found": found, "classification": "malicious"}}
        assert noise("greynoise_noise", row).classification("sourceIPAddress") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Web Crawler", ["Web Crawler"]),
        ("Web Crawler, SSH Bruteforcer,,", ["Web Crawler", "SSH Bruteforcer"]),
        ('["Web, Crawler", {"name": "SSH Bruteforcer"}]', ["Web, Crawler", "SSH Bruteforcer"]),
        (" []", []),
        ("", []),
        ("[Web Crawler", ["[Web Crawler"]),
        ("[" * 200_000, ["[" * 200_000]),
    ],
    ids=range(7),
)
def test_a_list_may_be_a_text_with_commas_or_with_json(text: str, words: list[str]) -> None:
    said = noise("greynoise_noise_basic", {"tags": text, "cve": text})
    assert said.tags_list("sourceIPAddress") == said.cve_list("sourceIPAddress") == words


# -- calls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [None, [], ["sourceIPAddress"], {}, 5, b"x"], ids=range(6))
def test_of_a_field_that_is_no_text_nothing_is_said(field: Any) -> None:
    for table, row in (("greynoise_noise_basic", SECOND), ("x_noise", THIRD)):
        said = noise(table, row)
        assert {name: getattr(said, name)(field) for name in NOISE} == {name: ABSENT[name] for name in NOISE}
    for table, row in (("greynoise_riot_basic", SERVICE), ("x_noise", THIRD)):
        said = GetGreyNoiseRiotObject(event({table: {"sourceIPAddress": row}}))
        assert {name: getattr(said, name)(field) for name in RIOT} == {name: ABSENT[name] for name in RIOT}


@pytest.mark.parametrize("limit", ["3", 1.5, [], {}], ids=range(4))
def test_with_a_limit_that_is_no_number_nothing_is_said(limit: Any) -> None:
    said = noise("greynoise_noise_basic", SECOND)
    assert said.tags_string("sourceIPAddress", limit=limit) is None
    assert said.cve_string("sourceIPAddress", limit) is None


def test_a_row_of_services_is_one_of_a_service_unless_it_says_otherwise() -> None:
    for row, truth in (({"name": "x"}, True), ({"name": "x", "riot": False}, False)):
        said = GetGreyNoiseRiotObject(event({"greynoise_riot_basic": {"sourceIPAddress": row}}))
        assert said.is_riot("sourceIPAddress") is truth


@pytest.mark.parametrize(
    ("selector", "field"), [("sourceIPAddress", "sourceipaddress"), ("sourceipaddress", "sourceIPAddress")]
)
def test_a_field_may_be_written_in_another_case_than_the_selector(selector: str, field: str) -> None:
    assert noise("greynoise_noise_basic", SECOND, selector).actor(field) == SECOND["actor"]
    by_address = GetGreyNoiseObject(event({"greynoise_noise": {"192.0.2.1": THIRD}}))
    assert by_address.actor(field) == SECOND["actor"]


@pytest.mark.shared
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data does not lie beside the repository")
def test_answers_that_the_api_has_given_are_understood() -> None:
    lines = (DATA / "greynoise_v3_ip.ndjson").read_text().splitlines()
    for row in map(json.loads, lines):
        scanner, service = row.get("internet_scanner_intelligence"), row.get("business_service_intelligence")
        subject = event({"greynoise_noise": {"sourceIPAddress": row}})
        found = bool(scanner and scanner.get("found"))
        said = GetGreyNoiseObject(subject)
        assert said.classification("sourceIPAddress") == (scanner.get("classification") if found else None)
        assert (said.ip_address("sourceIPAddress") is not None) == found
        is_riot = GetGreyNoiseRiotObject(subject).is_riot("sourceIPAddress")
        assert is_riot == bool(service and service.get("found"))
