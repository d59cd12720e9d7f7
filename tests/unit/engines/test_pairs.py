"""Rules that keep state, in a worker: events made again as they were, one after another, on what they remember."""

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support import LIMITS, make_rule, make_setup, record, write_log

from trailcam.engines.local import GroupResult, LocalEngine
from trailcam.engines.messages import Limits, Pair, PairDone, WorkGroup
from trailcam.engines.pairs import Overlay, batch_of, keep, origin_of
from trailcam.engines.tasks import _TURNS_SECONDS
from trailcam.errors import Problem, WorldError, code
from trailcam.model.batch import EventBatch
from trailcam.model.candidate import Candidate
from trailcam.model.origin import Origin
from trailcam.model.rule import Rule
from trailcam.model.timestamps import Micros
from trailcam.rules.keyvalue import Item, KeyValues
from trailcam.sources.files import LocalBlob, claim

CACHING = "from panther_detection_helpers.caching import *\n"
COUNTS = make_rule(
    "Counts",
    CACHING + "def rule(event):\n"
    "    if event['eventName'] == 'Quiet': return False\n"
    "    return increment_counter(event['sourceIPAddress']) % 3 == 0\n"
    "def title(event): return str(get_counter(event['sourceIPAddress']))\n",
)


def asked_by(
    folder: Path, rules: Sequence[Rule], records: Sequence[Any], **options: Any
) -> tuple[list[Candidate], GroupResult]:
    """What the rules ask their memory about of a file of these records."""
    blob = claim(write_log(folder / "a.json", records), spool=folder)
    assert isinstance(blob, LocalBlob)
    with LocalEngine(make_setup(rules, **options), workers=1) as engine:
        (result,) = engine.run([WorkGroup((blob,))])
    return [each for chunk in result.chunks for each in chunk.candidates], result


def take_turns(
    rules: Sequence[Rule],
    candidates: Sequence[Candidate],
    *,
    held: Mapping[str, Item] = {},
    limits: Limits = LIMITS,
) -> tuple[list[PairDone], LocalEngine]:
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    pairs = tuple(Pair(numbers[each.rule_id], each.event) for each in candidates)
    with LocalEngine(make_setup(rules, limits=limits), workers=1, held=held.get) as engine:
        (result,) = engine.run([WorkGroup((), pairs=pairs)])
    return result.pairs, engine


def trigger(number: int, name: str = "Trigger") -> dict[str, Any]:
    return record(number, eventName=name)


# -- what is asked -----------------------------------------------------------------------------------------


def test_only_what_a_rule_asks_its_memory_about_waits(tmp_path: Path) -> None:
    every = make_rule("Every", "def rule(event):\n    return True")
    candidates, result = asked_by(tmp_path, [every, COUNTS], [trigger(1), trigger(2, "Quiet"), trigger(3)])
    assert [each.rule_id for each in candidates] == ["Counts", "Counts"]
    (chunk,) = result.chunks
    assert chunk.not_run == ()
    assert len(chunk.matches) == 3
    assert {each.event.event_id for each in candidates} == {
        "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000003",
    }  # fmt: skip


def test_an_event_that_several_rules_wait_for_is_sent_once(tmp_path: Path) -> None:
    other = replace(COUNTS, id="Other")
    candidates, _ = asked_by(tmp_path, [COUNTS, other], [trigger(1)])
    assert [each.rule_id for each in candidates] == ["Counts", "Other"]
    assert candidates[0].event is candidates[1].event


@pytest.mark.parametrize("time_from_origin", [False, True])
@pytest.mark.parametrize("enrichment", [None, {"table": {"a.b": [{"p_match": "\udcff", "n": 1.5}]}}])
def test_an_event_is_made_again_as_it_was(*, time_from_origin: bool, enrichment: Any) -> None:
    origin = Origin(
        id="sha256:0", name="a\udcff.json", source_id="s", source_label="l", size_bytes=7, fallback_time=Micros(3)
    )  # fmt: skip
    raw = b'{"b": 1, "a": [1e3, 12345678901234567890, null, "\\ud800"], "p_any_x": 1}'
    batch = EventBatch(
        log_type="T",
        schema_version=4,
        parse_time=Micros(9_000_001),
        origins=(replace(origin, id="other"), origin),
        origin=[0, 1],
        position=[0, 17],
        raw=[b"{}", raw],
        row_id=["0", "1"],
        event_id=[None, "e"],
        event_time=[Micros(0), Micros(5_000_000)],
        time_from_origin=[False, time_from_origin],
        indicators=[{}, {"p_any_emails": ["a@example.com"]}],
        values=[{}, {"b": 1, "a": [1e3, 12345678901234567890, None, "\ufffd"], "p_any_x": 1}],
        enrichment=[None, enrichment],
    )
    event = pickle.loads(pickle.dumps(keep(batch, 1)))
    again = batch_of(event)
    assert again.event(0).to_dict() == batch.event(1).to_dict()
    assert origin_of(event) == origin
    assert (again.raw[0], again.position[0], again.time_from_origin[0]) == (raw, 17, time_from_origin)


# -- turns -------------------------------------------------------------------------------------------------


def test_rules_remember_from_pair_to_pair_and_what_was_there_before(tmp_path: Path) -> None:
    candidates, _ = asked_by(tmp_path, [COUNTS], [trigger(n) for n in range(5)])
    held = {"192.0.2.7": Item(count=Decimal(1), expires_at=4_000_000_000)}
    done, _ = take_turns([COUNTS], candidates, held=held)
    assert [[match.title for match in pair.matches] for pair in done] == [[], ["3"], [], [], ["6"]]
    assert all(set(pair.written) == {"192.0.2.7"} for pair in done)
    assert done[-1].written["192.0.2.7"].count == 6


def test_items_expire_by_the_time_of_the_event_in_hand(tmp_path: Path) -> None:
    body = CACHING + (
        "def rule(event):\n"
        "    known = get_string_set('k', force_ttl_check=True)\n"
        "    put_string_set('k', [event['eventID']], epoch_seconds=10)\n"
        "    return not known\n"
    )
    rule = make_rule("Forgets", body)
    candidates, _ = asked_by(tmp_path, [rule], [record(n) for n in (0, 5, 14, 24, 30)])
    done, _ = take_turns([rule], candidates)
    assert [bool(pair.matches) for pair in done] == [True, False, False, True, False]


def test_what_a_rule_wrote_before_it_raised_stays(tmp_path: Path) -> None:
    body = CACHING + "def rule(event):\n    increment_counter('k')\n    raise KeyError('x')\n"
    rule = make_rule("Raises", body)
    candidates, _ = asked_by(tmp_path, [rule], [trigger(1)])
    ((pair,), _) = take_turns([rule], candidates)
    assert [error.error_class for error in pair.errors] == ["KeyError"]
    assert pair.written["k"].count == 1


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("os._exit(7)", "RuleKilledWorker"),
        ("time.sleep(60)", "RuleTimeout"),
        ("__builtins__['len'] = lambda *_: 0", "RuleKilledWorker"),
        ("os.closerange(3, 60)", "RuleKilledWorker"),
    ],
)
def test_a_pair_that_ends_the_worker_is_a_rule_error_and_the_rest_goes_on(
    tmp_path: Path, action: str, kind: str
) -> None:
    body = CACHING + (
        "import os, time\ndef rule(event):\n    n = increment_counter('k')\n"
        f"    if event['eventName'] == 'Trigger':\n        {action}\n    return n == 3\n"
    )
    rule = make_rule("Bad", body)
    events = [record(1), record(2), trigger(3), record(4), record(5)]
    candidates, _ = asked_by(tmp_path, [make_rule("Bad", CACHING + "def rule(e): get_counter('k')")], events)
    done, engine = take_turns([rule], candidates, limits=replace(LIMITS, rule_seconds=0.7))
    assert [[error.error_class for error in pair.errors] for pair in done] == [[], [], [kind], [], []]
    assert [bool(pair.matches) for pair in done] == [False, False, False, True, False]
    assert done[-1].written["k"].count == 4, "a pair that ended the worker leaves nothing behind"
    assert engine.taken_off == set()


def test_three_deaths_take_a_rule_off_and_the_turns_of_others_go_on(tmp_path: Path) -> None:
    asks = CACHING + "def rule(event):\n    get_counter('k')\n"
    rules = [
        make_rule("Bad", asks + "    import os; os._exit(1)\n"),
        make_rule("Good", asks + "    return True\n"),
    ]
    candidates, _ = asked_by(
        tmp_path, [make_rule("Bad", asks), make_rule("Good", asks)], [trigger(n) for n in range(5)]
    )
    done, engine = take_turns(rules, candidates)
    assert engine.taken_off == {0}
    bad = [pair for pair in done if candidates[pair.number].rule_id == "Bad"]
    assert [len(pair.errors) for pair in bad] == [1, 1, 1, 0, 0]
    assert [pair.passed_over for pair in bad] == [False] * 3 + [True] * 2
    assert sum(len(pair.matches) for pair in done) == 5


def test_a_rule_that_asks_from_a_thread_of_its_own_is_a_rule_error(tmp_path: Path) -> None:
    body = CACHING + (
        "from concurrent.futures import ThreadPoolExecutor\ndef rule(event):\n"
        "    with ThreadPoolExecutor() as pool: return bool(list(pool.map(get_counter, 'k')))\n"
    )
    rule = make_rule("Threads", body)
    candidates, _ = asked_by(tmp_path, [rule], [trigger(1)])
    ((pair,), _) = take_turns([rule], candidates)
    assert [error.error_class for error in pair.errors] == ["StateUnavailable"]
    assert not pair.passed_over


def test_an_event_that_the_grammar_does_not_accept_any_more_is_a_rule_error(tmp_path: Path) -> None:
    candidates, _ = asked_by(tmp_path, [COUNTS], [trigger(1), trigger(2)])
    broken = replace(candidates[0], event=replace(candidates[0].event, raw=zlib.compress(b"{")))
    done, _ = take_turns([COUNTS], [broken, candidates[1]])
    assert [[error.error_class for error in pair.errors] for pair in done] == [["Refused"], []]


def test_a_turn_ends_after_a_while_with_what_is_done(tmp_path: Path) -> None:
    slow = make_rule("Slow", CACHING + "import time\ndef rule(event):\n    get_counter('k'); time.sleep(1)\n")
    asks = make_rule("Slow", CACHING + "def rule(event): get_counter('k')\n")
    candidates, _ = asked_by(tmp_path, [asks], [trigger(n) for n in range(30)])
    done, _ = take_turns([slow], candidates)
    assert 2 <= len(done) <= _TURNS_SECONDS + 2
    assert [pair.number for pair in done] == list(range(len(done)))


def test_a_key_that_cannot_be_read_now_fails_the_turn_and_not_the_rule(tmp_path: Path) -> None:
    candidates, _ = asked_by(tmp_path, [COUNTS], [trigger(1)])

    def held(key: str) -> Item | None:
        raise WorldError(Problem(code=code("state_locked"), message=key))

    group = WorkGroup((), pairs=(Pair(0, candidates[0].event),))
    with LocalEngine(make_setup([COUNTS]), workers=1, held=held) as engine:
        with pytest.raises(WorldError) as caught:
            list(engine.run([group]))
        assert engine.is_idle
    assert caught.value.problems[0].message == "192.0.2.7"


# -- the overlay -------------------------------------------------------------------------------------------


class Own(str):
    __slots__ = ()


def test_the_overlay_asks_for_a_key_once_and_gives_what_was_written_since_it_was_asked() -> None:
    asked: list[str] = []
    overlay = Overlay({"a": Item(count=Decimal(5))}, asked.append)
    values = KeyValues(overlay, lambda: Micros(0))
    assert (values.counter("a"), values.counter("b"), values.counter("b")) == (5, 0, 0)
    assert overlay.taken() == {}
    values.increment("b", 1, ttl=None)
    assert overlay.taken() == {"b": Item(count=Decimal(1))}
    assert overlay.taken() == {}
    assert (values.counter("b"), asked) == (1, ["b"])


def test_what_is_written_can_be_sent_whatever_classes_a_rule_has() -> None:
    overlay = Overlay({}, lambda _: None)
    values = KeyValues(overlay, lambda: Micros(0))
    values.put_strings(Own("k"), [Own("a")], ttl=Own("10"))
    ((key, item),) = overlay.taken().items()
    assert (type(key), {type(each) for each in item.strings}, type(item.expires_at)) == (str, {str}, int)
    assert values.strings("k") == {"a"}
