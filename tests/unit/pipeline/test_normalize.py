"""Records become events: identity, time, chunks, and records that lie or are odd."""

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from trailcam.contracts.codec import Record
from trailcam.logtypes import loader
from trailcam.model.batch import EventBatch
from trailcam.model.deadletter import DeadLetter
from trailcam.model.event import PantherEvent
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros, parse, to_rfc3339
from trailcam.pipeline.normalize import Chunk, Normalizer

LOG_TYPES = {log_type.name: log_type for log_type in loader.builtin()}
CALL = loader.samples(LOG_TYPES["AWS.CloudTrail"])["stop_logging"]
INSIGHT = loader.samples(LOG_TYPES["AWS.CloudTrailInsight"])["call_rate_start"]
FINDINGS = loader.samples(LOG_TYPES["AWS.GuardDuty"])
DIGEST = loader.samples(LOG_TYPES["AWS.CloudTrailDigest"])["quiet_hour"]

NOON = parse("2024-06-01T12:00:00Z") or Micros(0)
DELIVERED = parse("2024-05-31T10:00:00Z") or Micros(0)

Pieces = Sequence[Record | DeadLetter]


@dataclass(frozen=True)
class Blob:
    """An origin whose pieces are at hand, so that nothing has to be decoded."""

    origin: Origin
    pieces: Pieces

    def acknowledge(self) -> None: ...

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        yield iter(())


def origin(name: str = "a") -> Origin:
    return Origin(
        id=f"sha256:{name}",
        name=f"{name}.json",
        source_id="source",
        source_label="Source",
        size_bytes=0,
        fallback_time=DELIVERED,
    )


def record(value: dict[str, Any], position: int = 0, *, indent: int | None = None) -> Record:
    return Record(position, json.dumps(value, indent=indent).encode(), value)


def dead_letter(position: int = 0, size_bytes: int = 3) -> DeadLetter:
    return DeadLetter(
        origin_id="sha256:a",
        origin_name="a.json",
        position=position,
        size_bytes=size_bytes,
        reason="TC0405",
        detail="not JSON",
        raw=b"???",
    )


def chunks(*blobs: Pieces, batch_events: int = 2000, batch_bytes: int = 1 << 20) -> list[Chunk]:
    """The chunks of a group with one origin for each argument."""
    normalizer = Normalizer(
        LOG_TYPES.values(), parse_time=NOON, batch_events=batch_events, batch_bytes=batch_bytes
    )
    group = [Blob(origin(name), pieces) for name, pieces in zip("abcdef", blobs, strict=False)]

    def read(blob: Any) -> Iterator[Record | DeadLetter]:
        return iter(blob.pieces)

    return list(normalizer.chunks(group, read))


def batch_of(*values: dict[str, Any]) -> EventBatch:
    (chunk,) = chunks([record(value, index) for index, value in enumerate(values)])
    assert not chunk.dead_letters
    (batch,) = chunk.batches
    return batch


def event_of(value: dict[str, Any]) -> PantherEvent:
    return batch_of(value).event(0)


def call(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(CALL) | changes


# -- what an event has -------------------------------------------------------------------------------------


def test_the_standard_fields_stand_beside_the_vendors_own() -> None:
    event = event_of(CALL).to_dict()
    assert {key: value for key, value in event.items() if not key.startswith("p_")} == CALL
    assert event["p_log_type"] == "AWS.CloudTrail"
    assert event["p_event_time"] == "2024-05-06 23:52:09.000000000"
    assert event["p_parse_time"] == "2024-06-01 12:00:00.000000000"
    assert event["p_schema_version"] == LOG_TYPES["AWS.CloudTrail"].version
    assert (event["p_source_id"], event["p_source_label"], event["p_source_file"]) == (
        "source",
        "Source",
        "a.json",
    )


def test_times_nulls_and_empty_values_of_the_vendor_stay_as_they_are() -> None:
    event = event_of(call(errorCode=None, userAgent="", resources=[], requestParameters={})).to_dict()
    assert event["eventTime"] == "2024-05-06T23:52:09Z"
    assert (event["errorCode"], event["userAgent"], event["resources"]) == (None, "", [])
    assert "errorCode" in event and event["requestParameters"] == {}


def test_the_record_itself_is_not_changed() -> None:
    value = call(p_log_type="x")
    given = record(copy.deepcopy(value))
    (chunk,) = chunks([given])
    assert given.value == value
    assert list(chunk.batches[0].raw) == [given.raw]
    assert list(chunk.batches[0].values) == [value]


# -- identity ----------------------------------------------------------------------------------------------


def test_copies_of_a_record_with_a_vendor_id_are_one_row_wherever_they_lie() -> None:
    (chunk,) = chunks([record(CALL, 7), record(CALL, 900)], [record(CALL, 7)])
    assert len(set(chunk.batches[0].row_id)) == 1


def test_equal_records_without_a_vendor_id_are_as_many_rows_as_there_are_places() -> None:
    (chunk,) = chunks([record(DIGEST, 7), record(DIGEST, 900)], [record(DIGEST, 7)])
    assert len(set(chunk.batches[0].row_id)) == 3


def test_the_same_place_read_again_gives_the_same_rows() -> None:
    pieces = [record(DIGEST, 7), record(CALL, 900)]
    ids = [[batch.row_id for batch in chunks(pieces)[0].batches] for _ in range(2)]
    assert ids[0] == ids[1]


def test_the_rows_of_an_origin_do_not_depend_on_the_origins_beside_it() -> None:
    together = chunks([record(CALL)], [record(DIGEST)])[0]
    (digest,) = (batch for batch in together.batches if batch.log_type == "AWS.CloudTrailDigest")
    alone = chunks([], [record(DIGEST)])[0].batches[0]
    assert list(digest.row_id) == list(alone.row_id)


def test_the_same_vendor_id_with_other_bytes_is_another_row_with_the_same_id() -> None:
    batch = batch_of(CALL, call(errorCode="AccessDenied"))
    assert len(set(batch.row_id)) == 2
    assert len(set(batch.event_id)) == 1


def test_other_bytes_of_the_same_meaning_are_another_row() -> None:
    (chunk,) = chunks([record(CALL), record(CALL, 5000, indent=1)])
    assert len(set(chunk.batches[0].row_id)) == 2


def test_the_same_bytes_as_another_log_type_are_another_row() -> None:
    header = dict.fromkeys(["eventName", "eventSource", "eventTime", "eventID", "userIdentity"], "x")
    raw = json.dumps(header).encode()
    as_call, as_insight = (
        Record(0, raw, header),
        Record(0, raw, header | {"eventType": "AwsCloudTrailInsight"}),
    )
    ids = {chunks([piece])[0].batches[0].row_id[0] for piece in (as_call, as_insight)}
    assert len(ids) == 2


@pytest.mark.parametrize("identity", [None, ""])
def test_a_record_whose_vendor_id_is_empty_is_known_by_its_bytes_alone(identity: str | None) -> None:
    (chunk,) = chunks([record(call(eventID=identity), 7)], [record(call(eventID=identity), 9)])
    assert list(chunk.batches[0].event_id) == [None, None]
    assert len(set(chunk.batches[0].row_id)) == 1


def test_a_record_without_its_vendor_id_is_a_row_all_the_same() -> None:
    value = call()
    del value["eventID"]
    assert list(batch_of(value).event_id) == [None]


@pytest.mark.parametrize(
    ("given", "text"), [(7, "7"), (False, "false"), ({"b": 1, "a": 2}, '{"a": 2, "b": 1}')]
)
def test_a_vendor_id_that_is_no_text_is_written_as_one(given: Any, text: str) -> None:
    assert list(batch_of(call(eventID=given)).event_id) == [text]


def test_a_row_id_is_thirty_two_hex_digits() -> None:
    for value in (CALL, DIGEST):
        assert len(bytes.fromhex(batch_of(value).row_id[0])) == 16


# -- time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2024-05-06T23:52:09Z", "2024-05-06T23:52:09Z"),
        ("2024-05-06 23:52:09.000000000", "2024-05-06T23:52:09Z"),
        ("2024-05-06T23:52:09.1234567+02:00", "2024-05-06T21:52:09.123456Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_can_be_read_is_the_events(written: str, instant: str) -> None:
    batch = batch_of(call(eventTime=written))
    assert (to_rfc3339(batch.event_time[0]), batch.time_from_origin[0]) == (instant, False)
    assert batch.event(0)["eventTime"] == written


@pytest.mark.parametrize(
    "written",
    [
        "...",
        "",
        "yesterday",
        "2024-13-01T00:00:00Z",
        "2024-05-06",
        "1715039529",
        "9999-12-31T23:59:59-01:00",
        "10000-01-01T00:00:00Z",
        "\N{FULLWIDTH DIGIT TWO}024-05-06T23:52:09Z",
        "2024-05-06T23:52:09Z\n",
        1715039529,
        1715039529.5,
        True,
        None,
        [],
        {},
    ],
)
def test_a_time_that_cannot_be_read_is_replaced_by_the_origins_and_kept_as_it_was(written: Any) -> None:
    batch = batch_of(call(eventTime=written))
    assert (batch.event_time[0], batch.time_from_origin[0]) == (DELIVERED, True)
    assert batch.event(0).to_dict()["eventTime"] == written


def test_a_record_without_a_time_has_the_origins() -> None:
    value = call()
    del value["eventTime"]
    batch = batch_of(value)
    assert (batch.event_time[0], batch.time_from_origin[0]) == (DELIVERED, True)


def test_every_written_time_of_an_event_can_be_formatted_for_rules() -> None:
    for written in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"):
        assert event_of(call(eventTime=written))["p_event_time"].startswith(written[:10])


# -- records that lie or are odd ---------------------------------------------------------------------------


def test_a_record_cannot_name_its_own_standard_fields_in_any_case() -> None:
    lies = {
        "p_log_type": "AWS.GuardDuty",
        "P_Row_ID": "0" * 32,
        "p_EVENT_time": "1970-01-01 00:00:00.000",
        "P_Enrichment": {"tor_exit_nodes": {}},
        "p_any_ip_addresses": ["192.0.2.254"],
        "P_ANY_USERNAMES": ["nobody"],
        "p_alert_id": "x",
    }
    batch = batch_of(lies | CALL)
    event = batch.event(0)
    assert event["p_log_type"] == "AWS.CloudTrail"
    assert event["p_row_id"] == batch.row_id[0]
    assert event["p_event_time"] == "2024-05-06 23:52:09.000000000"
    assert event.get("p_enrichment") is None and event.get("p_alert_id") is None
    assert list(event["p_any_ip_addresses"]) == ["203.0.113.66"]
    assert list(event["p_any_usernames"]) == ["Operations"]


def test_what_a_record_said_of_itself_is_still_in_its_raw_bytes() -> None:
    assert b"AWS.GuardDuty" in batch_of({"p_log_type": "AWS.GuardDuty"} | CALL).raw[0]


def test_a_vendors_own_key_that_only_looks_like_ours_stays() -> None:
    event = event_of(call(p_custom=1, p_anything=2, P=3))
    assert (event["p_custom"], event["p_anything"], event["P"]) == (1, 2, 3)


@pytest.mark.parametrize("name", [7, None, True, 1.5, [], {"a": 1}, ""])
def test_an_event_name_of_any_type_reaches_the_rules_as_it_is(name: Any) -> None:
    assert event_of(call(eventName=name)).to_dict()["eventName"] == name


@pytest.mark.parametrize("identity", ["root", 7, None, True, [], [{"type": "Root"}]])
def test_an_identity_that_is_no_object_reaches_the_rules_as_it_is(identity: Any) -> None:
    event = event_of(call(userIdentity=identity))
    assert event.to_dict()["userIdentity"] == identity
    assert event.deep_get("userIdentity", "type", default="unknown") == "unknown"


@pytest.mark.parametrize("read_only", ["True", "false", 0, None])
def test_a_read_only_mark_that_is_no_truth_value_is_not_made_one(read_only: Any) -> None:
    assert event_of(call(readOnly=read_only)).to_dict()["readOnly"] is read_only


@pytest.mark.parametrize(
    "tags", [None, 7, "x", [], {}, [None, [], 7], {"items": 7}, [{"key": 7, "value": {}}]]
)
def test_tags_of_an_odd_shape_cost_no_record(tags: Any) -> None:
    event = event_of(call(requestParameters={"tags": tags})).to_dict()
    assert "p_any_aws_tags" not in event
    assert event["requestParameters"] == {"tags": tags}


def test_a_record_may_be_a_quarter_of_a_megabyte() -> None:
    policy = "é" * 131_072
    assert (
        event_of(call(requestParameters={"policyDocument": policy}))["requestParameters"]["policyDocument"]
        == policy
    )


# -- dead letters ------------------------------------------------------------------------------------------


def test_a_record_of_no_known_log_type_is_a_dead_letter_with_its_place_and_bytes() -> None:
    piece = record({"eventSource": "aws:s3", "eventTime": "x", "eventVersion": "2.1", "s3": {}}, 40)
    (chunk,) = chunks([piece])
    (dead,) = chunk.dead_letters
    assert chunk.batches == ()
    assert (dead.reason, dead.position, dead.raw, dead.size_bytes) == (
        "TC0412",
        40,
        piece.raw,
        len(piece.raw),
    )
    assert (dead.origin_id, dead.origin_name) == ("sha256:a", "a.json")
    assert dead.detail.startswith("nearest is AWS.CloudTrail, but eventName is absent; s3 is present")


def test_what_could_not_be_decoded_is_passed_on_as_it_came() -> None:
    dead = dead_letter(9)
    (chunk,) = chunks([record(CALL), dead])
    assert chunk.dead_letters == (dead,)


def test_an_odd_record_costs_none_of_its_neighbours() -> None:
    (chunk,) = chunks(
        [record(CALL), record({"odd": 1}, 1), dead_letter(2), record(INSIGHT, 3), record(CALL, 4)]
    )
    assert {batch.log_type: list(batch.position) for batch in chunk.batches} == {
        "AWS.CloudTrail": [0, 4],
        "AWS.CloudTrailInsight": [3],
    }
    assert [dead.position for dead in chunk.dead_letters] == [1, 2]
    assert chunk.records == 5


# -- chunks ------------------------------------------------------------------------------------------------


def test_a_group_without_records_gives_no_chunk() -> None:
    assert chunks() == chunks([]) == chunks([], []) == []


def test_a_chunk_has_one_batch_a_log_type_sorted_by_name() -> None:
    (chunk,) = chunks([record(INSIGHT), record(DIGEST), record(CALL)], [record(CALL)])
    assert [batch.log_type for batch in chunk.batches] == [
        "AWS.CloudTrail",
        "AWS.CloudTrailDigest",
        "AWS.CloudTrailInsight",
    ]


def test_every_row_knows_its_origin_and_its_position() -> None:
    (chunk,) = chunks([record(CALL, 3), record(CALL, 9)], [record(INSIGHT)], [record(CALL, 1)])
    batch = chunk.batches[0]
    assert [
        (batch.origins[index].name, position)
        for index, position in zip(batch.origin, batch.position, strict=True)
    ] == [
        ("a.json", 3),
        ("a.json", 9),
        ("c.json", 1),
    ]


def test_a_chunk_ends_at_its_number_of_pieces_dead_letters_included() -> None:
    odd = record({"odd": 1}, 2)
    pieces: Pieces = [record(CALL, 0), dead_letter(1), odd, record(CALL, 3), record(CALL, 4)]
    assert [chunk.records for chunk in chunks(pieces, batch_events=2)] == [2, 2, 1]


def test_a_chunk_ends_at_its_number_of_bytes_those_of_dead_letters_included() -> None:
    size = len(record(CALL).raw)
    pieces: Pieces = [record(CALL, index) for index in range(4)]
    assert [chunk.records for chunk in chunks(pieces, batch_bytes=2 * size)] == [2, 2]
    assert [chunk.records for chunk in chunks([dead_letter(0, size), *pieces], batch_bytes=2 * size)] == [
        2,
        2,
        1,
    ]


def test_a_chunk_may_span_origins_and_an_origin_chunks() -> None:
    one, two = [record(CALL, index) for index in range(3)], [record(CALL, index) for index in range(3)]
    cut = chunks(one, two, batch_events=2)
    assert [[where.name for where in chunk.batches[0].origins] for chunk in cut] == [
        ["a.json"],
        ["a.json", "b.json"],
        ["b.json"],
    ]


def test_a_group_read_again_is_cut_in_the_same_places_into_the_same_rows() -> None:
    pieces = [record(call(eventID=str(index)), index) for index in range(7)]
    first, again = (chunks(pieces, batch_events=3) for _ in range(2))
    assert first == again
    assert [list(chunk.batches[0].position) for chunk in first] == [[0, 1, 2], [3, 4, 5], [6]]


def test_an_update_of_a_finding_is_an_event_of_its_own_under_the_same_id() -> None:
    first, update = (FINDINGS[name] for name in ("api_call", "api_call_updated"))
    batch = batch_of(first, update, first)
    assert len(set(batch.event_id)) == 1
    assert batch.row_id[0] == batch.row_id[2] != batch.row_id[1]
    assert [to_rfc3339(time) for time in batch.event_time[:2]] == [
        "2024-05-06T08:11:02.117000Z",
        "2024-05-06T14:26:40.300000Z",
    ]


def test_id_and_time_of_a_finding_are_found_whatever_the_case_of_its_keys() -> None:
    finding = FINDINGS["get_findings_dns_request"]
    batch = batch_of(finding)
    assert batch.event_id[0] == finding["Id"]
    assert batch.event_time[0] == parse(finding["UpdatedAt"])
    assert batch.event(0).get("severity") == finding["Severity"]
