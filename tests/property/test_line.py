"""The invariants of the line that need no state, over arbitrary JSON and arbitrary ways of delivery."""

import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support import in_process, make_rule, make_setup, record
from tests.tally import Tally

from trailcam.engines.inline import inline
from trailcam.sources.fetched import Fetched

EVERY = """
def rule(event):
    return True
def dedup(event):
    return str(event.get("awsRegion"))
"""
RAISES = """
def rule(event):
    return event["eventName"].startswith("D")
"""
UNIQUE = """
def rule(event):
    return bool(event.get("sourceIPAddress"))
def unique(event):
    return event["sourceIPAddress"]
def title(event):
    return "same"
"""
RULES = [
    make_rule("Every", EVERY),
    make_rule("Raises", RAISES, period_minutes=1500),
    make_rule("Unique", UNIQUE, threshold=3),
]
SETUP = make_setup(RULES)

texts = st.text(max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
times = st.sampled_from(
    [
        *("2026-03-01T10:00:00Z", "2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z", "2026-03-01 10:30:00.5"),
        *("...", "x", 7, None),
    ]
)
odd_keys = ["eventName", "userIdentity", "sourceIPAddress", "p_log_type", "P_any_emails", "eventID", "x"]
odd = st.dictionaries(st.sampled_from(odd_keys), values, max_size=4)


@st.composite
def cloudtrail(draw: st.DrawFn) -> dict[str, Any]:
    """A record that is CloudTrail, however odd."""
    made = record(
        draw(st.integers(0, 5)),
        eventTime=draw(times),
        awsRegion=draw(st.sampled_from(["eu-west-1", "us-east-1"])),
    )
    made |= draw(odd)
    for key in draw(st.sets(st.sampled_from(["eventTime", "awsRegion", "sourceIPAddress", "userIdentity"]))):
        made.pop(key, None)
    return made


def as_bytes(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")


def blob(records: Sequence[bytes], layout: int) -> Fetched:
    """A file of these records in one of the layouts."""
    if layout == 0:
        return inline(b'{"Records":[' + b",".join(records) + b"]}")
    if layout == 1:
        return inline(b"".join(record + b"\n" for record in records))
    return inline(gzip.compress(b"[" + b" , ".join(records) + b"]", mtime=0))


def told(tally: Tally) -> tuple[Any, ...]:
    """Everything a delivery must not change."""
    return (
        tally.events,
        tally.conflicting_ids,
        tally.matches,
        [(error.rule_id, error.row_id, error.function, error.error) for error in tally.errors],
        tally.windows(),
    )


@given(st.lists(values | cloudtrail(), max_size=6), st.integers(0, 2))
def test_every_record_is_an_event_a_duplicate_or_a_dead_letter(records: list[Any], layout: int) -> None:
    objects = [as_bytes(value) for value in records if isinstance(value, dict)]
    tally = in_process(SETUP, [[blob(objects, layout)]])
    assert tally.records == tally.events + tally.duplicates + tally.letters.total() == len(objects)


@given(st.lists(cloudtrail(), min_size=1, max_size=5))
def test_every_event_and_rule_give_exactly_the_verdict_they_should(records: list[dict[str, Any]]) -> None:
    raws = [as_bytes(each) for each in records]
    tally = in_process(SETUP, [[blob(raws, 1)]])
    assert not tally.letters
    assert not tally.not_run
    matched = {(match.rule_id, match.row_id) for match in tally.matches}
    raised = {(error.rule_id, error.row_id, error.function) for error in tally.errors}
    for raw in set(raws):
        (row,) = {
            match.row_id for match in in_process(SETUP, [[inline(raw)]]).matches if match.rule_id == "Every"
        }
        name, address = (json.loads(raw).get(key) for key in ("eventName", "sourceIPAddress"))
        text = isinstance(name, str)
        assert ("Every", row) in matched
        assert (("Raises", row) in matched) is (text and name.startswith("D"))
        assert (("Raises", row, "rule") in raised) is not text
        assert (("Unique", row) in matched) is bool(address)
        assert (("Unique", row, "unique") in raised) is (bool(address) and not isinstance(address, str))


@given(
    st.lists(cloudtrail(), min_size=1, max_size=8),
    st.lists(st.integers(0, 7), max_size=4),
    st.integers(1, 4),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_how_events_are_delivered_changes_no_event_match_or_window(
    records: list[dict[str, Any]], again: list[int], files: int, batch: int, rng: random.Random
) -> None:
    raws = [as_bytes(each) for each in records]
    once = in_process(SETUP, [[blob(raws, 0)]])
    delivered = [*raws, *(raws[n] for n in again if n < len(raws))]
    rng.shuffle(delivered)
    parts = [blob(delivered[n::files], rng.randrange(3)) for n in range(files)]
    rng.shuffle(parts)
    cut = rng.randrange(files + 1)
    other = in_process(SETUP, [group for group in (parts[:cut], parts[cut:]) if group], batch_events=batch)
    assert told(other) == told(once)
    assert other.records == len(delivered)


@given(st.binary(max_size=200) | st.lists(values, max_size=3).map(as_bytes))
def test_arbitrary_bytes_never_crash_the_line(data: bytes) -> None:
    tally = in_process(SETUP, [[inline(data)]])
    assert tally.records == tally.events + tally.duplicates + tally.letters.total()


@given(cloudtrail())
def test_the_vendors_fields_reach_the_rule_as_they_are(made: dict[str, Any]) -> None:
    raw = as_bytes(made)
    dump = make_rule(
        "Dump", "def rule(event):\n    return True\ndef alert_context(event):\n    return event.to_dict()"
    )
    tally = in_process(make_setup([dump]), [[inline(raw)]])
    seen = json.loads(tally.matches[0].alert_context or "")
    expected = {key: value for key, value in json.loads(raw).items() if not key.lower().startswith("p_")}
    assert {key: value for key, value in seen.items() if not key.startswith("p_")} == expected
    assert seen["p_log_type"] == "AWS.CloudTrail"
