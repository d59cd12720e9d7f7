"""Stories: found where they lie, told at their hours, with the truth about their events."""

import json
import pkgutil
from pathlib import Path

import pytest
from tests.unit.testing.simulated import records, unpacked

from trailcam.errors import TrailcamError
from trailcam.model.timestamps import MINUTE, parse, to_rfc3339
from trailcam.testing import stories
from trailcam.testing.ci_user import CI_KEY
from trailcam.testing.organisation import ATTACKER, INSTANCES
from trailcam.testing.simulation import Simulation
from trailcam.testing.simulator import simulate
from trailcam.testing.story import known

each_story = pytest.mark.parametrize("story", [story.id for story in known()])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return simulate(tmp_path_factory.mktemp("stories"), events=300)


def test_every_file_is_a_story_and_all_of_them_fit_into_a_day(made: Simulation) -> None:
    files = {module.name for module in pkgutil.iter_modules(stories.__path__)}
    assert {story.id for story in made.stories} == files
    assert made.left_out == ()


def test_stories_are_told_in_the_order_of_their_hours(made: Simulation) -> None:
    assert [story.starts for story in made.stories] == sorted(story.starts for story in made.stories)


@each_story
def test_the_events_of_a_story_lie_in_its_files_within_its_hours(made: Simulation, story: str) -> None:
    (told,) = [one for one in made.stories if one.id == story]
    files = unpacked(made.folder)
    held = b"".join(files[path.relative_to(made.folder).as_posix()] for path in told.paths).decode()
    assert told.event_ids or told.finding_ids
    assert all(one in held for one in (*told.event_ids, *told.finding_ids))
    by_id = {record["eventID"]: record for record in records(made.folder)}
    times = [parse(by_id[event]["eventTime"]) for event in told.event_ids]
    assert all(time is not None and told.starts <= time < told.ends for time in times)
    assert times == sorted(times, key=str)


@each_story
def test_a_story_says_in_words_when_it_begins(made: Simulation, story: str) -> None:
    (told,) = [one for one in made.stories if one.id == story]
    assert f" {to_rfc3339(told.starts)[11:16]} " in told.tells


def test_one_key_and_one_address_run_through_the_breach(made: Simulation) -> None:
    breach = {event for story in made.stories if story.malicious for event in story.event_ids}
    by_id = {record["eventID"]: record for record in records(made.folder)}
    assert {by_id[event]["userIdentity"]["accessKeyId"] for event in breach} == {CI_KEY}
    attackers = {one for one, record in by_id.items() if record["sourceIPAddress"] == ATTACKER}
    assert attackers <= breach
    others = {by_id[event]["sourceIPAddress"] for event in breach - attackers}
    assert others == {"cloudformation.amazonaws.com"}


def test_the_crucial_machines_are_terminated_and_a_look_alike_ends_one_that_is_not(made: Simulation) -> None:
    ended: dict[str, set[str]] = {}
    for record in records(made.folder):
        if record["eventName"] == "TerminateInstances":
            items = record["requestParameters"]["instancesSet"]["items"]
            ended.setdefault(record["userIdentity"]["type"], set()).update(one["instanceId"] for one in items)
    crucial = {one.id for one in INSTANCES if one.crucial}
    assert crucial < ended["IAMUser"]
    assert len(ended["AssumedRole"]) == 1
    assert ended["AssumedRole"].isdisjoint(crucial)


def test_findings_are_lines_in_the_form_of_the_service(made: Simulation) -> None:
    found = [
        json.loads(line)
        for name, raw in unpacked(made.folder).items()
        if "/GuardDuty/us-east-1/2026/03/02/" in name and name.endswith(".jsonl.gz")
        for line in raw.splitlines()
    ]
    assert len(found) == made.findings
    for finding in found:
        assert {"schemaVersion", "accountId", "region", "id", "type", "resource", "service"} <= set(finding)
        assert finding["service"]["serviceName"] == "guardduty"


def test_the_addresses_of_the_stories_have_their_rows_in_the_threat_intelligence(made: Simulation) -> None:
    rows = (made.folder / "intel" / "greynoise.jsonl").read_text().splitlines()
    kinds = {row["classification"]: row["ip"] for row in map(json.loads, rows)}
    assert set(kinds) == {"malicious", "benign", "unknown"}
    whole = b"".join(
        raw for name, raw in unpacked(made.folder).items() if name.startswith("AWSLogs")
    ).decode()
    assert all(f'"{address}"' in whole for address in kinds.values())


def test_only_the_stories_that_were_asked_for_are_told(tmp_path: Path) -> None:
    made = simulate(tmp_path, events=50, stories=["payroll_read", "stolen_key"])
    assert [story.id for story in made.stories] == ["stolen_key", "payroll_read"]
    assert made.findings == 0


def test_without_stories_there_is_neither_breach_nor_look_alike(tmp_path: Path) -> None:
    made = simulate(tmp_path, events=300, stories=())
    assert (made.stories, made.findings) == ((), 0)
    assert all(record["sourceIPAddress"] != ATTACKER for record in records(tmp_path))


def test_a_story_whose_hours_are_not_in_the_period_is_left_out_and_named(tmp_path: Path) -> None:
    made = simulate(tmp_path, events=50, hours=10)  # from 14:00
    assert [story.id for story in made.stories] == ["account_setup"]
    assert "stolen_key" in made.left_out


def test_in_a_longer_period_the_stories_are_told_on_its_last_day(tmp_path: Path) -> None:
    made = simulate(tmp_path, events=50, hours=72)
    assert {story.starts // (1_440 * MINUTE) for story in made.stories} == {
        (made.until - 1) // (1_440 * MINUTE)
    }


def test_an_unknown_story_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as refused:
        simulate(tmp_path / "x", stories=["stolen_keys"])
    assert refused.value.problems[0].code == "TC0105"
    assert refused.value.problems[0].hint == 'did you mean "stolen_key"?'


def test_the_truth_lies_beside_the_logs(made: Simulation) -> None:
    assert json.loads((made.folder / "stories.json").read_text()) == json.loads(json.dumps(made.to_json()))
