"""The simulator: one seed is one world, its ledger adds up, and its stories are in it."""

import gzip
import ipaddress
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from tests.support import in_process, make_rule, make_setup
from tests.unit.testing.simulated import digest, records, trails, unpacked

from trailcam.engines.inline import inline
from trailcam.errors import TrailcamError
from trailcam.model.timestamps import MINUTE, Micros, parse, to_rfc3339
from trailcam.testing import simulator
from trailcam.testing.simulation import Simulation
from trailcam.testing.simulator import simulate

GOLDEN = Path(__file__).with_name("simulation.sha256")
EVENTS = 2_500
DOCUMENTATION = [
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return simulate(tmp_path_factory.mktemp("world") / "simulated", events=EVENTS)


def test_the_same_seed_gives_the_same_bytes(made: Simulation, tmp_path: Path) -> None:
    again = simulate(tmp_path / "elsewhere", events=EVENTS)
    packed = [
        {path.relative_to(one.folder): path.read_bytes() for path in one.folder.rglob("*") if path.is_file()}
        for one in (made, again)
    ]
    assert packed[0] == packed[1]


def test_the_seed_of_everybody_is_the_world_written_down(made: Simulation, update_golden: bool) -> None:
    if update_golden:
        GOLDEN.write_text(digest(made.folder) + "\n")
    assert digest(made.folder) + "\n" == GOLDEN.read_text()


def test_another_seed_gives_another_world(made: Simulation, tmp_path: Path) -> None:
    other = simulate(tmp_path, events=EVENTS, seed=2)
    ids = [{record["eventID"] for record in records(one.folder)} for one in (made, other)]
    assert ids[0].isdisjoint(ids[1])


def test_everyday_events_are_the_same_whatever_stories_are_told(made: Simulation, tmp_path: Path) -> None:
    without = simulate(tmp_path, events=EVENTS, stories=())
    everyday = {record["eventID"] for record in records(without.folder)}
    told = {event for story in made.stories for event in story.event_ids}
    assert {record["eventID"] for record in records(made.folder)} == everyday | told
    assert everyday.isdisjoint(told)


def test_packed_files_hold_no_time_and_no_system(made: Simulation) -> None:
    for path in made.logs.rglob("*.gz"):
        assert path.read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def test_about_as_many_everyday_events_are_written_as_were_asked_for(tmp_path: Path) -> None:
    for number, events in enumerate((0, 300, 4_000)):
        made = simulate(tmp_path / str(number), events=events, stories=())
        assert abs(made.events - events) <= max(events // 20, 40)


def test_records_are_distinct_events_and_copies_of_them(made: Simulation) -> None:
    seen = Counter(raw for raws in trails(made.folder).values() for raw in raws)
    assert (sum(seen.values()), len(seen)) == (made.records, made.events)
    assert len({json.loads(raw)["eventID"] for raw in seen}) == made.events  # a copy is the same to the byte
    assert 0.01 < made.copies / made.events < 0.05


def test_a_copy_lies_in_another_file(made: Simulation) -> None:
    for name, raws in trails(made.folder).items():
        assert len(set(raws)) == len(raws), name


def test_no_two_files_hold_the_same_bytes(made: Simulation) -> None:
    files = [raw for name, raw in unpacked(made.folder).items() if "/CloudTrail/" in name]
    assert len(set(files)) == len(files)


def test_the_line_takes_every_record_for_cloudtrail(made: Simulation) -> None:
    every = make_rule("Every", "def rule(event):\n    return True\n")
    blobs = [
        inline(gzip.decompress(path.read_bytes())) for path in sorted(made.logs.rglob("*CloudTrail_*.gz"))
    ]
    tally = in_process(make_setup([every]), [blobs])
    assert (tally.records, tally.events, tally.duplicates) == (made.records, made.events, made.copies)
    assert (sum(tally.letters.values()), tally.match_count) == (0, made.events)


def test_records_have_the_fields_of_their_version(made: Simulation) -> None:
    needed = {
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion"),
        *("sourceIPAddress", "userAgent", "requestParameters", "responseElements", "eventID", "readOnly"),
        *("eventType", "managementEvent", "recipientAccountId", "eventCategory"),
    }
    for record in records(made.folder):
        assert needed <= set(record)
        assert record["eventVersion"] == "1.11"
        assert record["managementEvent"] is (record["eventCategory"] == "Management")
        if "errorCode" in record:
            assert record["responseElements"] is None


def test_all_kinds_of_identities_call(made: Simulation) -> None:
    kinds = {record["userIdentity"]["type"] for record in records(made.folder)}
    people = {"IAMUser", "AssumedRole", "Root", "IdentityCenterUser", "SAMLUser"}
    assert kinds == people | {"AWSAccount", "AWSService", "WebIdentityUser"}


def test_every_address_is_one_for_documentation_or_a_service(made: Simulation) -> None:
    for record in records(made.folder):
        address = record["sourceIPAddress"]
        if not re.fullmatch(r"[a-z0-9]+\.amazonaws\.com", address):
            assert documented(address)
    whole = b"".join(unpacked(made.folder).values()).decode()
    found = set(re.findall(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])", whole))
    assert found
    assert [address for address in found if not documented(address)] == []


def documented(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in DOCUMENTATION if network.version == parsed.version)


def test_every_key_says_that_it_is_an_example(made: Simulation) -> None:
    whole = b"".join(unpacked(made.folder).values()).decode()
    keys = set(re.findall(r"\b(?:AKIA|ASIA)[A-Z0-9]+", whole))
    assert keys
    assert all(key.endswith("EXAMPLE") and len(key) == 20 for key in keys)


def test_a_file_lies_where_its_records_belong(made: Simulation) -> None:
    shape = re.compile(
        r"AWSLogs/(\d{12})/CloudTrail/([a-z0-9-]+)/(\d{4})/(\d\d)/(\d\d)"
        r"/\1_CloudTrail_\2_\3\4\5T\d{4}Z_[A-Z0-9]{16}\.json\.gz"
    )
    for name, raws in trails(made.folder).items():
        place = shape.fullmatch(name)
        assert place, name
        for record in map(json.loads, raws):
            assert (record["recipientAccountId"], record["awsRegion"]) == (place[1], place[2])


def test_records_come_late_and_out_of_order(made: Simulation) -> None:
    late, unordered = 0, 0
    for name, raws in trails(made.folder).items():
        times = [time_of(raw) for raw in raws]
        unordered += times != sorted(times)
        stamp = re.findall(r"_(\d{8})T(\d\d)(\d\d)Z_", name)[0]
        file_time = parse(f"{stamp[0][:4]}-{stamp[0][4:6]}-{stamp[0][6:]}T{stamp[1]}:{stamp[2]}:00Z")
        assert file_time is not None
        assert max(times) < file_time
        late += sum(file_time - time > 20 * MINUTE for time in times)
    assert late > 20
    assert unordered > 20


def time_of(raw: bytes) -> Micros:
    moment = parse(json.loads(raw)["eventTime"])
    assert moment is not None
    return moment


@pytest.mark.parametrize("until", ["2026-03-03T00:00:00Z", "2026-06-14T11:27:31Z"])
def test_nothing_happens_outside_of_the_period(tmp_path: Path, until: str) -> None:
    end = parse(until)
    assert end is not None
    made = simulate(tmp_path, events=400, until=end, hours=6)
    assert made.start == end - 6 * 60 * MINUTE
    times = [time_of(raw) for raws in trails(tmp_path).values() for raw in raws]
    assert made.start - 1_000_000 < min(times)
    assert max(times) < end


def test_numbers_out_of_range_are_refused_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as refused:
        simulate(tmp_path / "x", events=-1, hours=0, until=Micros(0))
    assert [problem.code for problem in refused.value.problems] == ["TC0104"] * 3
    assert not (tmp_path / "x").exists()


def test_the_end_is_a_midnight_that_does_not_move() -> None:
    assert to_rfc3339(simulator.UNTIL) == "2026-03-03T00:00:00Z"
