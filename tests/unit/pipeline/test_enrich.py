"""What an event is looked up by, and how the answers stand in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.contracts.enrichment import Row
from trailcam.contracts.runner import Subject, Verdict
from trailcam.model.batch import EventBatch
from trailcam.model.event import PantherEvent
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.pipeline.detect import detect
from trailcam.pipeline.enrich import LEFT_OUT, enrich

ORIGIN = Origin(id="o", name="o", source_id="s", source_label="s", size_bytes=0, fallback_time=Micros(0))


@dataclass(frozen=True)
class Table:
    """Answers with the value and the time it was asked with; knows all values but `unknown`."""

    table: str
    selectors: tuple[str, ...]
    asked: Callable[[str], None] = lambda _: None

    def row(self, value: str, time: Micros) -> Row | None:
        self.asked(value)
        return None if value == "unknown" else {"value": value, "time": time}


def batch(
    *records: dict[str, Any], times: Sequence[int] = (), indicators: Sequence[dict[str, list[str]]] = ()
) -> EventBatch:
    n = len(records)
    return EventBatch(
        log_type="T",
        schema_version=1,
        parse_time=Micros(0),
        origins=(ORIGIN,),
        origin=[0] * n,
        position=list(range(n)),
        raw=[b"{}"] * n,
        row_id=[str(row) for row in range(n)],
        event_id=[None] * n,
        event_time=[Micros(time) for time in times or range(n)],
        time_from_origin=[False] * n,
        indicators=indicators or [{}] * n,
        values=records,
    )


def answers(record: dict[str, Any], *selectors: str, indicators: dict[str, list[str]] | None = None) -> Any:
    (found,) = enrich(batch(record, times=[7], indicators=[indicators or {}]), [Table("t", selectors)])
    return found


def row(value: str, match: Any = None) -> Row:
    return {"value": value, "time": 7, "p_match": value if match is None else match}


def test_a_value_has_its_row_under_table_and_selector() -> None:
    assert answers({"a": {"b": "x"}, "c": "y"}, "a.b", "c") == {"t": {"a.b": row("x"), "c": row("y")}}


def test_a_list_has_a_list_of_the_rows_that_were_found_each_once() -> None:
    assert answers({"a": ["x", "unknown", "y", "x"]}, "a") == {"t": {"a": [row("x"), row("y")]}}
    assert answers({"a": ["x"]}, "a") == {"t": {"a": [row("x")]}}


def test_what_lies_in_a_list_is_many_too() -> None:
    record = {"resources": [{"arn": "x"}, {"arn": ["y", ["z"]]}, {"other": 1}, 3]}
    assert answers(record, "resources.arn") == {"t": {"resources.arn": [row("x"), row("y"), row("z")]}}


def test_a_list_of_indicators_is_that_of_trailcam_and_not_one_that_the_record_brings() -> None:
    record = {"p_any_ip_addresses": ["forged"]}
    assert answers(record, "p_any_ip_addresses") is None
    found = answers(record, "p_any_ip_addresses", indicators={"p_any_ip_addresses": ["x"]})
    assert found == {"t": {"p_any_ip_addresses": [row("x")]}}


def test_where_nothing_is_found_nothing_stands() -> None:
    assert answers({"a": "unknown", "b": ["unknown"], "c": []}, "a", "b", "c", "d", "a.b") is None
    assert answers({"a": "unknown", "b": "x"}, "a", "b") == {"t": {"b": row("x")}}
    tables = [Table("t", ("a",)), Table("u", ("b",))]
    assert list(enrich(batch({"b": "x"}, times=[7]), tables)) == [{"u": {"b": row("x")}}]


def test_numbers_and_truth_values_are_looked_up_by_their_text() -> None:
    assert answers({"a": 443}, "a") == {"t": {"a": row("443", 443)}}
    assert answers({"a": [True, 1, 1.0, "1"]}, "a") == {
        "t": {"a": [row("true", True), row("1", 1), row("1.0", 1.0)]}
    }


def test_a_key_in_another_case_is_found_as_rules_find_it_and_the_selector_stays_as_declared() -> None:
    assert answers({"Resource": {"AccessKeyId": "k"}}, "resource.accessKeyId") == {
        "t": {"resource.accessKeyId": row("k")}
    }


DEEP: Any = "x"
for _ in range(250):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "value", [None, {}, {"b": 1}, [], [[]], [{}], [None], {"b": {"c": []}}], ids=range(8)
)
def test_what_is_no_value_is_not_asked(value: Any) -> None:
    asked: list[str] = []
    assert list(enrich(batch({"a": value}), [Table("t", ("a", "b.a"), asked.append)])) == [None]
    assert asked == []


def test_long_texts_and_deep_lists_are_values_like_others() -> None:
    long = "x" * 1_000_000
    assert answers({"a": long, "b": DEEP}, "a", "b") == {"t": {"a": row(long), "b": [row("x")]}}


def test_an_event_is_asked_with_its_own_time_whatever_its_place_in_the_batch() -> None:
    found = enrich(batch({"a": "x"}, {"a": "y"}, {}, times=[9, 3, 5]), [Table("t", ("a",))])
    assert [each and each["t"]["a"]["time"] for each in found] == [9, 3, None]


def test_a_row_of_its_own_field_p_match_says_what_was_looked_up() -> None:
    class Forged(Table):
        def row(self, value: str, time: Micros) -> Row | None:
            return {"p_match": "forged"}

    (found,) = enrich(batch({"a": "x"}), [Forged("t", ("a",))])
    assert found == {"t": {"a": {"p_match": "x"}}}


def test_a_selector_gets_so_many_rows_is_told_what_was_left_out_and_starves_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trailcam.pipeline.enrich.MOST_ROWS", 2)
    record = {"a": ["v", "unknown", "w", "x", "z"], "b": "y", "d": []}
    tables = [Table("t", ("a", "b", "d")), Table("u", ("a",))]
    (found,) = enrich(batch(record, times=[7]), tables)
    some = {"a": [row("v"), row("w")]}
    assert found == {"t": some | {"b": row("y"), LEFT_OUT: {"a": 2}}, "u": some | {LEFT_OUT: {"a": 2}}}


def test_values_that_no_table_knows_are_asked_so_many_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailcam.pipeline.enrich.MOST_VALUES", 2)
    asked: list[str] = []
    record = {"a": ["unknown", "x", "y", "z"]}
    (found,) = enrich(batch(record, times=[7]), [Table("t", ("a",), asked.append)])
    assert (asked, found) == (["unknown", "x"], {"t": {"a": [row("x")], LEFT_OUT: {"a": 2}}})


def test_no_rule_is_in_hand_while_an_event_is_looked_up() -> None:
    told: list[object] = []

    class Sees:
        rule = make_rule("A.Rule", "def rule(event): return False")

        def run(self, event: PantherEvent, subject: Subject) -> Verdict:
            told.append("run")
            return Verdict()

    asked = enrich(batch({"a": "x"}, {"a": "y"}), [Table("t", ("a",), told.append)])
    detect(
        replace(batch({"a": "x"}, {"a": "y"}), enrichment=asked),
        [(4, Sees())],
        first_row=10,
        in_hand=lambda row, rule: told.append((row, rule)),
        known=lambda *_: None,
        off_from={},
    )
    assert told == [(10, -1), "x", (10, 4), "run", (11, -1), "y", (11, 4), "run"]


def test_three_rows_are_three_and_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailcam.pipeline.enrich.MOST_ROWS", 3)
    assert answers({"a": ["x", "y", "z"]}, "a") == {"t": {"a": [row("x"), row("y"), row("z")]}}


def test_answers_are_found_when_they_are_asked_for() -> None:
    asked: list[str] = []
    found = enrich(batch({"a": "x"}, {"a": "y"}), [Table("t", ("a",), asked.append)])
    assert (len(found), asked) == (2, [])
    assert found[1] is found[1]
    assert asked == ["y"]


def test_a_batch_that_was_not_asked_has_events_without_enrichment() -> None:
    assert "p_enrichment" not in batch({"p_enrichment": {"forged": 1}}).event(0)
