"""Rules that keep state come to the same, whatever the groups and the order in which events are decided, as
long as none is decided later than the lane waits for it."""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.property.test_decide import clear
from tests.support import make_rule, make_setup, record

from trailcam.commit import key_values
from trailcam.commit import tables as t
from trailcam.commit.candidates import Consumed
from trailcam.commit.decide import decide
from trailcam.commit.group import Group, Purpose, Treated
from trailcam.commit.lane import next_turn
from trailcam.commit.lane_tables import candidate, candidate_event, key_value
from trailcam.contracts.runner import Subject
from trailcam.engines.inline import inline
from trailcam.engines.messages import SLOTS, ChunkDone, Pair, PairDone, Task
from trailcam.engines.pairs import batch_of
from trailcam.engines.tasks import Worker
from trailcam.engines.worker import load_models, load_runners
from trailcam.model.candidate import Candidate
from trailcam.model.origin import Origin
from trailcam.model.timestamps import SECOND, Micros
from trailcam.query.proof.lane import lane
from trailcam.rules.keyvalue import InMemoryStore, Item, use
from trailcam.rules.modules import helpers
from trailcam.sources.fetched import Fetched
from trailcam.state.database import Database

CACHING = "from panther_detection_helpers.caching import *\n"
RULES = [
    make_rule(
        "Counts",
        CACHING + "def rule(event):\n"
        "    if event['eventName'] == 'Quiet': return False\n"
        "    return evaluate_threshold(event['awsRegion'], threshold=3, expiry_seconds=40)\n"
        "def dedup(event): return event['awsRegion']\n",
    ),
    make_rule(
        "Asks", CACHING + "def rule(event):\n    return check_account_age('seen ' + event['awsRegion'])\n"
    ),
    make_rule(
        "Tells",
        CACHING + "def rule(event):\n"
        "    if event['eventName'] != 'Tell': return False\n"
        "    put_string_set('seen ' + event['awsRegion'], [event['eventID']], epoch_seconds=30)\n"
        "    return len(add_to_string_set('all', event['eventID'])) % 4 == 0\n",
    ),
]
NUMBERS = {rule.id: number for number, rule in enumerate(RULES)}
DELAY = 60
"""How many seconds an event may be decided after a later one."""

BEGUN = 1_772_359_200
"""2026-03-01T10:00:00Z: what comes is no more than `DELAY` old, so the clock shows that day too."""

Found = tuple[set[tuple[Any, ...]], dict[str, Any]]

events = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["Call", "Tell", "Quiet"]), st.sampled_from(["a", "b"])),
    min_size=1,
    max_size=14,
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(tmp_path_factory.mktemp("state") / "state.db")
    made.migrate()
    with helpers(make_setup(RULES).packs):
        yield made


def load(database: Database, key: str) -> Item | None:
    with database.read() as state:
        return key_values.load(state, key)


def at(seconds: int) -> Micros:
    return Micros((BEGUN + seconds) * SECOND)


class Line:
    """A line whose worker is this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sent: list[Any] = []
        slots = [0] * SLOTS
        setup = make_setup(RULES)
        models, _ = load_models(setup, slots)
        runners, failures = load_runners(setup, slots)
        assert not failures
        self.worker = Worker(
            self.sent.append, slots, setup, runners, models=models, ask=partial(load, database)
        )
        self.runners = runners

    def said(self, task: Task) -> list[Any]:
        self.sent.clear()
        self.worker.work(task)
        return self.sent[:-1]

    def candidates(self, blobs: Sequence[Fetched]) -> list[Candidate]:
        chunks: list[ChunkDone] = self.said(Task(id=0, blobs=tuple(blobs)))
        return [each for chunk in chunks for each in chunk.candidates]

    def decide(self, blobs: Sequence[Fetched], *, now: int) -> None:
        treated = [
            Treated(origin=blob.origin, purpose=Purpose.WHOLE, events=0, dead_letters=0) for blob in blobs
        ]
        self._decide(treated, now=now, candidates=self.candidates(blobs))

    def turn(self, *, now: int, delay: float, most: int) -> bool:
        turn = next_turn(self.database, NUMBERS, delay_seconds=delay, now=at(now))
        if turn is None:
            return False
        chosen = turn.candidates[:most]
        pairs = tuple(Pair(NUMBERS[each.rule_id], each.event) for each in chosen)
        done: list[PairDone] = self.said(Task(id=0, pairs=pairs))
        written = {key: item for pair in done for key, item in pair.written.items()}
        self._decide(
            [],
            now=now,
            matches=[match for pair in done for match in pair.matches],
            errors=[error for pair in done for error in pair.errors],
            turn=Consumed(
                last=turn.last,
                pairs=[(each.rule_id, each.event.row_id) for each in chosen],
                written=written,
                from_time=chosen[0].event.event_time,
            ),
        )
        return True

    def _decide(self, treated: Sequence[Treated], *, now: int, **fields: Any) -> None:
        made: dict[str, Any] = {"files": [], "matches": [], "errors": []}
        group = Group(
            run_id="run", pack="p", rules=dict.fromkeys(NUMBERS, "1"), treated=treated, **made | fields
        )
        decide(self.database, group, warehouse=self.database.path.parent, now=at(now))


def file_of(number: int, records: Sequence[dict[str, Any]]) -> Fetched:
    data = json.dumps({"Records": records}).encode()
    origin = Origin(
        id=f"o{number}", name=f"o{number}", source_id="s", source_label="s", size_bytes=1,
        fallback_time=Micros(0),
    )  # fmt: skip
    return Fetched(origin=origin, data=inline(data).data)


def kept(database: Database) -> Found:
    with database.read() as state:
        matches = {
            tuple(row) for row in state.execute(select(t.match.c.rule_id, t.match.c.row_id, t.match.c.dedup))
        }
        keys = [bytes(key).decode() for key in state.execute(select(key_value.c.key)).scalars()]
        assert list(state.execute(select(candidate).where(candidate.c.consumed_by.is_(None)))) == []
        assert list(state.execute(select(candidate_event))) == []
        assert list(lane(state)) == []
        assert list(state.execute(select(t.rule_error))) == []
    return matches, {key: load(database, key) for key in keys}


def in_order(line: Line, records: Sequence[dict[str, Any]]) -> Found:
    """The oracle: one memory, events one after another, no state and no turns."""
    candidates = line.candidates([file_of(0, records)])
    candidates.sort(key=lambda it: (it.event.event_time, it.event.row_id, it.rule_id))
    store = InMemoryStore()
    matches = set()
    for it in candidates:
        subject = Subject(
            row_id=it.event.row_id, log_type="AWS.CloudTrail", event_id=None, event_time=it.event.event_time,
            origin_id="",
        )  # fmt: skip
        with use(store, lambda time=it.event.event_time: time):  # type: ignore[misc]  # the time of this turn
            said = line.runners[NUMBERS[it.rule_id]].run(batch_of(it.event).event(0), subject)
        assert not said.errors
        if said.match is not None:
            matches.add((it.rule_id, it.event.row_id, said.match.dedup))
    return matches, store._items


@settings(max_examples=settings().max_examples // 3)
@given(events, st.randoms(use_true_random=False), st.integers(1, 5), st.integers(0, DELAY - 1))
def test_turns_come_to_the_same_as_one_memory_in_order(
    database: Database, made: list[tuple[int, str, str]], rng: Random, most: int, slack: int
) -> None:
    records = [
        record(
            number,
            eventTime=f"2026-03-01T10:{second // 60:02}:{second % 60:02}Z",
            eventName=name,
            awsRegion=region,
        )
        for number, (second, name, region) in enumerate(made)
    ]
    clear(database)
    line = Line(database)
    expected = in_order(line, records)
    # each is decided at most so much later than it happened: none after a later one that had waited
    arrivals = sorted((second + rng.randint(0, slack), n) for n, (second, _, _) in enumerate(made))
    copies = sorted((at + rng.randint(0, 300), n) for at, n in rng.sample(arrivals, len(arrivals) // 3))
    files = now = 0
    pending = sorted([*arrivals, *copies])
    while pending:
        group: list[Fetched] = []
        until = pending[0][0] + DELAY - 1 - slack
        while pending and pending[0][0] <= until and (not group or rng.random() < 0.3):
            now, n = pending.pop(0)
            group.append(file_of(files, [records[n]]))
            files += 1
        line.decide(group, now=now)
        while rng.random() < 0.6 and line.turn(now=now, delay=DELAY, most=most):
            pass
    while line.turn(now=now + DELAY, delay=DELAY, most=most):
        pass
    assert kept(database) == expected


def test_rules_share_what_they_remember_so_one_lane_is_for_all(database: Database) -> None:
    """What `Asks` says depends on what `Tells` was told before, and not after: turn by turn, not rule by rule."""
    clear(database)
    line = Line(database)
    records = [record(1, eventName="Tell"), record(2), record(50, eventName="Tell"), record(51)]
    line.decide([file_of(0, records)], now=0)
    while line.turn(now=0, delay=0, most=2):
        pass
    matches, _ = kept(database)
    assert len([match for match in matches if match[0] == "Asks"]) == 2
