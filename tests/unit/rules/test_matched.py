"""Rows of lookup tables that a test writes, and the values that they are found by."""

from typing import Any

import pytest

from trailcam.contracts.enrichment import Row
from trailcam.model.batch import EventBatch
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.pipeline.enrich import enrich
from trailcam.rules.matched import matched

EVENT = {
    "ip": "192.0.2.1",
    "port": 443,
    "ports": [22, 80],
    "user": {"Name": "alice", "keys": [{"id": "k"}, {"id": "k"}]},
    "nothing": None,
    "p_any_usernames": ["alice"],
    "p_any_ip_addresses": ["192.0.2.1", "192.0.2.2"],
    "p_any_emails": "odd",
    "p_any_domain_names": [["odd"], {}, None],
}


def rows(selector: str, written: Any) -> Any:
    return matched({"t": {selector: written}}, EVENT)["t"][selector]


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        ("ip", "192.0.2.1"),
        ("IP", "192.0.2.1"),
        ("port", 443),
        ("user.name", "alice"),
        ("user.keys.id", "k"),
        ("p_any_usernames", "alice"),
    ],
)
def test_a_row_has_the_one_value_that_its_selector_names(selector: str, value: Any) -> None:
    assert rows(selector, {"x": 1}) == {"x": 1, "p_match": value}
    assert rows(selector, [{"x": 1}, {}]) == [{"x": 1, "p_match": value}, {"p_match": value}]


@pytest.mark.parametrize(
    "selector",
    [
        "ports", "absent", "nothing", "user", "user.absent", "", ".", "p_any_ip_addresses", "p_any_emails",
        "p_any_domain_names", "p_any_absent",
    ],
)  # fmt: skip
def test_where_a_selector_names_no_value_or_several_only_the_test_can_tell(selector: str) -> None:
    assert rows(selector, {"x": 1}) == {"x": 1}
    assert rows(selector, [{"x": 1}]) == [{"x": 1}]


@pytest.mark.parametrize("value", ["other", None, False])
def test_a_value_that_the_test_gives_stays(value: Any) -> None:
    assert rows("ip", [{"p_match": value}]) == [{"p_match": value}]


@pytest.mark.parametrize("written", [None, 5, "x", [], ["x", None]], ids=range(5))
def test_what_is_no_row_stays_as_it_is(written: Any) -> None:
    assert rows("ip", written) == written
    assert matched({"t": written}, EVENT) == {"t": written}


class Table:
    """Knows every value."""

    table = "t"
    selectors = ("ip", "port", "user.name", "user.keys.id", "p_any_usernames")

    def row(self, value: str, time: Micros) -> Row | None:
        return {"asked": value}


def test_the_line_says_the_same() -> None:
    origin = Origin(id="o", name="o", source_id="s", source_label="s", size_bytes=0, fallback_time=Micros(0))
    batch = EventBatch(
        log_type="T",
        schema_version=1,
        parse_time=Micros(0),
        origins=(origin,),
        origin=[0],
        position=[0],
        raw=[b"{}"],
        row_id=["0"],
        event_id=[None],
        event_time=[Micros(0)],
        time_from_origin=[False],
        indicators=[{"p_any_usernames": ["alice"]}],
        values=[EVENT],
    )
    (line,) = enrich(batch, [Table()])
    assert line is not None
    written = {
        selector: [{"asked": row["asked"]} for row in found]
        if isinstance(found, list)
        else {"asked": found["asked"]}
        for selector, found in line["t"].items()
    }
    assert matched({"t": written}, EVENT) == line
