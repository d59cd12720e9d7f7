"""What tables say of an event depends on the event and its time, and on nothing else."""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support import in_process, make_rule, make_setup, record
from tests.unit.enrichments.opened import prepared

from trailcam.engines.inline import inline
from trailcam.model.lookup import LookupTable, LookupVersion
from trailcam.model.timestamps import Micros, parse

RULE = make_rule(
    "Sees",
    """
import json
def rule(event):
    return "p_enrichment" in event
def title(event):
    return json.dumps(event.get("p_enrichment").to_dict(), sort_keys=True)
""",
)
SELECTORS = ("sourceIPAddress", "resources.ARN", "p_any_ip_addresses", "requestParameters.x")
WEEKS = ("2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z", "2026-03-15T00:00:00Z")


def tables(folder: Path) -> tuple[LookupTable, ...]:
    """Two tables; each version knows fewer addresses than the one before, and says which it is."""
    made = []
    for name in ("one", "two"):
        versions = []
        for number, week in enumerate(WEEKS):
            path = folder / f"{name}{number}.jsonl"
            rows = [{"key": f"192.0.2.{n}", "version": number} for n in range(6 - 2 * number)]
            path.write_text("\n".join(json.dumps(row) for row in [*rows, {"key": 7, "version": number}]))
            prepared(path, "jsonl", key="key")
            index = path.with_name(f"{path.name}.prepared")
            since = parse(week) or Micros(0)
            versions.append(LookupVersion(since=since, path=path, index=index, digest=""))
        made.append(
            LookupTable(
                name=name,
                format="jsonl",
                key="key",
                selectors=(("AWS.CloudTrail", SELECTORS),),
                versions=tuple(versions),
            )
        )
    return tuple(made)


values = st.one_of(
    st.integers(0, 7).map("192.0.2.{}".format),
    st.integers(0, 9),
    st.none(),
    st.text(max_size=3),
    st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=2),
)
many = st.recursive(values, lambda inner: st.lists(inner, max_size=4), max_leaves=6)
times = st.integers(0, 27).map(
    lambda day: f"2026-02-{day - 3:02}" if 3 < day < 7 else f"2026-03-{day + 1:02}"
)
records = st.builds(
    lambda number, day, address, arn, x: record(
        number,
        eventTime=f"{day}T10:00:00Z",
        sourceIPAddress=address,
        resources=[{"ARN": arn}, {"ARN": address}],
        requestParameters={"x": x},
    ),
    st.integers(0, 20),
    times,
    many,
    many,
    many,
)


def told(groups: list[list[dict[str, Any]]], folder: Path, *, batch_events: int = 2_000) -> dict[str, str]:
    setup = make_setup([RULE], lookups=tables(folder))
    blobs = [[inline("\n".join(map(json.dumps, group)).encode())] for group in groups if group]
    found = in_process(setup, blobs, batch_events=batch_events)
    assert not found.errors
    return {match.row_id: f"{match.title} {match.enrichment}" for match in found.matches}


@given(st.lists(records, min_size=1, max_size=8), st.integers(1, 3), st.randoms(use_true_random=False))
def test_neither_order_nor_split_nor_copies_change_what_is_said(
    written: list[dict[str, Any]], batch_events: int, order: random.Random
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = told([written], Path(folder))
        mixed = [*written, *order.sample(written, len(written) // 2)]
        order.shuffle(mixed)
        cut = order.randint(0, len(mixed))
        assert told([mixed[:cut], mixed[cut:]], Path(folder), batch_events=batch_events) == whole
