"""The intake: what is announced is settled when it is decided, refused, or given back; nothing else."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.live.followed import Fake, identity, intake_of, out_of_order, until

from trailcam.app.live import conditions, in_hand
from trailcam.app.live import intake as module
from trailcam.app.live.conditions import Part
from trailcam.app.live.health import Health
from trailcam.app.live.in_hand import Followed, InHand, Refused
from trailcam.app.live.intake import Intake
from trailcam.contracts.source import Blob, Exhausted, NotFetched, Notice
from trailcam.errors import code
from trailcam.model.timestamps import Micros


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SETTLED_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_PAUSES_SECONDS", (0.01, 0.02))


def group(intake: Intake) -> list[Blob]:
    """The next group, when there is one."""
    found = until(intake.next_group)
    return list(found.blobs)


def names(blobs: list[Blob]) -> list[str]:
    return sorted(blob.origin.name for blob in blobs)


def gone(_notice: Notice) -> None:
    raise NotFetched(code("object_gone"), "it is gone")


def waiting_for(event: threading.Event, name: str = "") -> Callable[[Notice], None]:
    """Fetching that hangs until the event: that of one thing, or all."""

    def fetching(notice: Notice) -> None:
        if name in ("", notice.name):
            event.wait(20)

    return fetching


def failing(_notice: Notice) -> None:
    raise out_of_order()


# -- the way of an origin ----------------------------------------------------------------------------------


def test_what_is_announced_is_fetched_given_out_and_settled_when_it_is_done() -> None:
    fake = Fake()
    fake.announce("a", b"abc")
    with intake_of(fake) as intake:
        (blob,) = group(intake)
        with blob.open() as chunks:
            assert b"".join(chunks) == b"abc"
        time.sleep(0.05)
        assert fake.settled == []
        assert fake.acknowledged == []
        intake.hand.done(blob)
        until(lambda: fake.settled == ["a"])
        assert fake.acknowledged == ["a"]
    assert (fake.postponed, fake.closed) == ([], 1)


@pytest.mark.parametrize("id_", ["same", None], ids=["by its name", "by its bytes"])
def test_an_origin_that_is_announced_again_while_it_is_in_hand_is_settled_with_all_its_announcements(
    id_: str | None,
) -> None:
    fake = Fake()
    fake.announce("first", b"abc", id=id_)
    with intake_of(fake) as intake:
        (blob,) = group(intake)
        fake.announce("second", b"abc", id=id_)
        received = fake.received
        until(lambda: fake.received > received + 2)
        assert intake.next_group() is None
        assert fake.settled == []
        intake.hand.done(blob)
        until(lambda: sorted(fake.settled) == ["first", "second"])
    assert fake.postponed == []
    assert len(fake.acknowledged) == len(fake.fetched)


def test_an_origin_that_two_sources_announce_is_settled_by_each_of_them() -> None:
    one, other = Fake("one", hold_seconds=0.01), Fake("other", hold_seconds=0.01)
    one.announce("a", id="same")
    with intake_of(one, other) as intake:
        (blob,) = group(intake)
        other.announce("b", id="same")
        until(lambda: "a" in one.held and "b" in other.held)
        intake.hand.done(blob)
        until(lambda: (one.settled, other.settled) == (["a"], ["b"]))
    assert "b" not in one.held
    assert one.postponed + other.postponed == []


def test_an_origin_that_two_sources_announce_is_given_back_to_each_of_them() -> None:
    one, other = Fake("one"), Fake("other")
    one.announce("a", id="same")
    with intake_of(one, other) as intake:
        group(intake)
        other.announce("b", id="same")
        until(lambda: other.things["b"].tries)
    assert (one.postponed, other.postponed) == ([("a", 0)], [("b", 0)])


def test_what_is_known_by_name_is_settled_and_not_fetched() -> None:
    fake = Fake()
    fake.announce("old")
    fake.announce("new")
    with intake_of(fake, known=lambda ids: dict.fromkeys({"old"} & set(ids), False)) as intake:
        assert names(group(intake)) == ["new"]
        until(lambda: fake.settled == ["old"])
    assert fake.fetched == ["new"]


def test_what_is_known_by_its_bytes_is_settled_and_its_copy_acknowledged() -> None:
    fake = Fake()
    fake.announce("old", id=None)
    with intake_of(fake, known=lambda ids: dict.fromkeys(ids, False)) as intake:
        until(lambda: fake.settled == ["old"])
        assert intake.next_group() is None
    assert len(fake.acknowledged) == 1


@pytest.mark.parametrize("id_", ["again", None], ids=["by its name", "by its bytes"])
def test_what_some_rule_has_not_seen_yet_is_given_out_apart_from_what_is_new(id_: str | None) -> None:
    fake = Fake()
    again = fake.announce("again", b"again", id=id_)
    fake.announce("new")
    with intake_of(
        fake, known=lambda ids: {identity(again): True} if identity(again) in ids else {}
    ) as intake:
        until(lambda: len(fake.fetched) == 2)
        groups = [until(intake.next_group) for _ in range(2)]
    assert {(names(list(it.blobs))[0], it.whole) for it in groups} == {("new", True), ("again", False)}
    assert fake.settled == []


def test_what_is_not_known_yet_for_a_fault_of_the_home_is_given_back() -> None:
    def known(_ids: object) -> Any:
        raise out_of_order("state_locked")

    named, unnamed = Fake("named"), Fake("unnamed")
    named.announce("a")
    unnamed.announce("b", id=None)
    with intake_of(named, unnamed, known=known):
        until(lambda: named.postponed and unnamed.acknowledged)
    assert named.postponed[0] == ("a", 30.0)
    assert len(unnamed.acknowledged) >= 1  # of what was fetched, nothing is left behind
    assert named.settled + unnamed.settled == []


# -- groups ------------------------------------------------------------------------------------------------


def test_a_group_goes_out_when_it_is_large_enough() -> None:
    fake = Fake()
    with intake_of(fake, group_seconds=60, group_bytes=10) as intake:
        fake.announce("a", bytes(9))
        until(lambda: fake.fetched)
        time.sleep(0.03)
        assert intake.next_group() is None
        fake.announce("b", bytes(9))
        fake.announce("c", bytes(9))
        blobs = until(intake.next_group).blobs
        assert [blob.origin.size_bytes for blob in blobs] == [9, 9]
        assert intake.next_group() is None


def test_a_group_goes_out_when_its_first_has_waited_long_enough() -> None:
    now = [0.0]
    fake = Fake()
    fake.announce("a")
    with intake_of(fake, group_seconds=5, clock=lambda: now[0]) as intake:
        until(lambda: fake.fetched)
        time.sleep(0.03)
        now[0] = 4.9
        assert intake.next_group() is None
        fake.announce("b")
        until(lambda: len(fake.fetched) == 2)
        time.sleep(0.03)
        now[0] = 5.0
        assert names(group(intake)) == ["a", "b"]


def test_a_group_has_so_many_origins_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_hand, "GROUP_ORIGINS", 3)
    fake = Fake()
    for number in range(4):
        fake.announce(str(number))
    with intake_of(fake, group_seconds=60) as intake:
        assert len(group(intake)) == 3
        time.sleep(0.03)
        assert intake.next_group() is None


def test_a_group_is_of_one_source_and_sources_take_turns() -> None:
    one, other = Fake("one"), Fake("other")
    for number in range(10):
        one.announce(f"one {number}", bytes(10))
        other.announce(f"other {number}", bytes(10))
    with intake_of(one, other, group_bytes=10) as intake:
        until(lambda: len(one.fetched) == len(other.fetched) == 10)
        time.sleep(0.02)
        given = [{blob.origin.source_id for blob in group(intake)} for _ in range(6)]
    assert given in ([{"one"}, {"other"}] * 3, [{"other"}, {"one"}] * 3)


# -- back-pressure -----------------------------------------------------------------------------------------


def test_no_more_is_fetched_ahead_than_may_be() -> None:
    fake = Fake(at_once=2, pollers=2)
    for number in range(50):
        fake.announce(f"{number:02}", bytes(100))
    done = 0
    with intake_of(fake, ahead_bytes=1_000) as intake:
        while done < 50:
            time.sleep(0.01)
            assert len(fake.fetched) - done <= 10 + 2 * 2  # what may be, and one reception of each poller
            for blob in group(intake):
                intake.hand.done(blob)
                done += 1
        until(lambda: len(fake.settled) == 50)
    assert fake.postponed == []


def test_an_origin_larger_than_all_that_may_be_ahead_goes_through_alone() -> None:
    fake = Fake(at_once=1)
    fake.announce("a large one", bytes(10_000))
    fake.announce("small")
    with intake_of(fake, ahead_bytes=1_000) as intake:
        (blob,) = group(intake)
        time.sleep(0.05)
        assert fake.fetched == ["a large one"]
        intake.hand.done(blob)
        assert names(group(intake)) == ["small"]


def test_no_more_are_held_than_may_be_however_small_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_hand, "_MOST_HELD", 5)
    fake = Fake(at_once=2)
    for number in range(50):
        fake.announce(str(number), b"")
    with intake_of(fake):
        until(lambda: len(fake.fetched) == 6)
        time.sleep(0.05)
        assert len(fake.fetched) == 6


# -- what fails --------------------------------------------------------------------------------------------


def drained(intake: Intake) -> bool:
    return intake.is_drained


def fake_id(notice: Notice) -> str:
    return identity(notice.receipt)


def refused_by(intake: Intake) -> Refused:
    (refused,) = until(intake.hand.refused)
    assert isinstance(refused, Refused)
    return refused


def test_what_cannot_be_fetched_is_refused_after_its_tries_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_POSTPONED_SECONDS", 0.001)
    told: list[tuple[str, dict[str, Any]]] = []
    fake = Fake(fetching=gone)
    fake.announce("a")
    with intake_of(fake, tries=3, told=lambda what, /, **values: told.append((what, values))) as intake:
        refused = refused_by(intake)
        assert [it.get("tries") for _, it in told] == [1, 2]
        assert fake.postponed == [("a", 0.001), ("a", 0.002)]
        assert (refused.letter.reason, refused.letter.detail) == (code("object_gone"), "it is gone")
        assert (refused.letter.origin_id, refused.letter.origin_name) == ("a", "a")
        assert fake.settled == []
        intake.hand.kept(refused)
        until(lambda: fake.settled == ["a"])
        assert intake.hand.refused() == []
    assert fake.things == {}


def test_what_has_no_identity_is_refused_by_its_name() -> None:
    fake = Fake(fetching=gone)
    fake.announce("path/a", id=None)
    with intake_of(fake, tries=1) as intake:
        refused = refused_by(intake)
        assert refused.letter.origin_id == "path/a"
        intake.hand.kept(refused)
        until(lambda: fake.settled == ["path/a"])
    assert fake.postponed == []


def test_an_announcement_that_cannot_be_read_is_refused_at_once_with_what_was_said() -> None:
    fake = Fake()
    fake.announce("unreadable", b"hello", id="queue#1")
    with intake_of(fake, tries=5) as intake:
        refused = refused_by(intake)
        assert (refused.letter.origin_id, refused.letter.raw) == ("queue#1", b"hello")
        assert refused.letter.reason == code("notice_unreadable")
        intake.hand.kept(refused)
        until(lambda: fake.settled == ["unreadable"])
    assert fake.fetched == []


def test_what_is_refused_is_refused_once_and_settled_as_often_as_it_was_announced() -> None:
    fake = Fake(hidden_seconds=0.02)
    fake.announce("unreadable", b"hello")
    with intake_of(fake) as intake:
        refused = refused_by(intake)
        until(lambda: fake.things["unreadable"].tries > 2)
        assert intake.hand.refused() == []
        intake.hand.kept(refused)
        until(lambda: len(fake.settled) > 2)


def test_what_could_not_be_kept_is_refused_again() -> None:
    fake = Fake()
    fake.announce("unreadable")
    with intake_of(fake) as intake:
        refused = refused_by(intake)
        intake.hand.refuse_again(refused)
        assert refused_by(intake) is refused
        assert not drained(intake)
    assert fake.settled == []
    assert fake.postponed == [("unreadable", 0)]


def test_one_that_cannot_be_fetched_holds_up_no_others() -> None:
    def fetching(notice: Notice) -> None:
        if notice.name == "0":
            failing(notice)

    fake = Fake(at_once=2, fetching=fetching)
    for number in range(6):
        fake.announce(str(number))
    with intake_of(fake):
        until(lambda: len(fake.fetched) == 5)


@pytest.mark.parametrize("bad", [2, 40], ids=["as many as are received at once", "more than fetchers"])
def test_those_that_never_can_be_fetched_hold_up_no_others_though_none_came_before(
    bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.1)

    def fetching(notice: Notice) -> None:
        if notice.name.startswith("bad"):
            failing(notice)

    fake = Fake(at_once=2, fetching=fetching)
    for number in range(bad):
        fake.announce(f"bad {number}")
    with intake_of(fake) as intake:
        until(lambda: intake.conditions["fake"].in_vain)
        for number in range(20):
            fake.announce(str(number))
        given: list[Blob] = []
        while len(given) < 20:
            given += group(intake)


def test_while_nothing_can_be_fetched_no_more_is_asked_for_in_a_while() -> None:
    fake = Fake(at_once=2, fetching=failing)
    for number in range(50):
        fake.announce(str(number))
    with intake_of(fake) as intake:
        until(lambda: intake.conditions["fake"].in_vain == 2)
        time.sleep(0.5)
        assert len(intake.hand.notices(intake.followed[0])) == 2


def test_objects_that_hang_do_not_keep_a_source_from_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)
    goes_on = threading.Event()
    fake = Fake(at_once=1, fetching=waiting_for(goes_on, "hangs"))
    fake.announce("hangs")
    with intake_of(fake) as intake:
        until(lambda: fake.received)
        fake.announce("a")
        assert names(group(intake)) == ["a"]
        goes_on.set()


def test_what_is_said_at_the_end_is_told_as_lost_where_it_cannot_be_taken() -> None:
    down = threading.Event()
    told: list[str] = []

    def known(_: object) -> dict[str, bool]:
        if down.is_set():
            raise out_of_order("state_locked")
        return {}

    health = Health()
    with intake_of(
        followed=[Followed(name="trailcam", source=health, tries=1, finishes=True)],
        known=known,
        told=lambda what, /, **_: told.append(what),
    ) as intake:
        down.set()
        intake.stop()
        health.say("pack_refused", "packs", "they are not well", time=Micros(0))
        until(lambda: intake.is_drained)
        intake.wait(0.01)
    assert told == ["source fails"]


def test_refusals_come_in_small_portions() -> None:
    fake = Fake(at_once=50)
    for number in range(50):
        fake.announce(f"unreadable {number}")
    with intake_of(fake) as intake:
        until(lambda: len(intake.hand.notices(intake.followed[0])) == 50)
        portions = []
        while refused := intake.hand.refused():
            portions.append(len(refused))
            for it in refused:
                intake.hand.kept(it)
        assert portions == [20, 20, 10]


def test_a_source_that_fails_is_left_alone_told_once_and_taken_up_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "STEADY_SECONDS", 0.0)
    told: list[tuple[str, Any]] = []
    failures = [5]

    def receiving() -> None:
        if failures[0]:
            failures[0] -= 1
            raise out_of_order()

    fake = Fake(receiving=receiving)
    fake.announce("a")
    with intake_of(
        fake, told=lambda what, /, **values: told.append((what, values["part"])), now=lambda: 7.0
    ) as intake:
        until(lambda: not failures[0] or intake.conditions["fake"].faults)
        assert names(group(intake)) == ["a"]
        condition = intake.conditions["fake"]
        until(lambda: not condition.faults)
        assert (condition.asked_at, condition.announced_at) == (7.0, 7.0)
    assert told == [("source fails", "announcements"), ("source works again", "announcements")]


def test_a_fault_tells_what_it_is_and_since_when() -> None:
    now = [100.0]

    def receiving() -> None:
        raise out_of_order()

    fake = Fake(receiving=receiving)
    with intake_of(fake, now=lambda: now[0]) as intake:
        until(lambda: intake.conditions["fake"].faults)
        now[0] = 200.0
        time.sleep(0.05)
        assert intake.conditions["fake"].faults == {Part.announcements: ("out of order", 100.0)}
        assert intake.conditions["fake"].asked_at is None


def test_faults_of_objects_are_told_apart_from_those_of_announcements_and_end_with_the_next_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "STEADY_SECONDS", 0.0)
    told: list[tuple[str, Any]] = []
    fake = Fake(fetching=failing)
    fake.announce("a")
    with intake_of(fake, tries=1, told=lambda what, /, **it: told.append((what, it["part"]))) as intake:
        until(lambda: Part.objects in intake.conditions["fake"].faults)
        fake.fetching = gone  # which is an answer too
        fake.announce("b")
        until(lambda: not intake.conditions["fake"].faults)
    assert told == [("source fails", "objects"), ("source works again", "objects")]


def test_a_source_that_hangs_holds_up_no_other() -> None:
    goes_on = threading.Event()
    hanging, other = Fake("hanging", at_once=100, fetching=waiting_for(goes_on)), Fake("other")
    for number in range(100):
        hanging.announce(str(number))
    with intake_of(hanging, other) as intake:
        until(lambda: hanging.received)
        time.sleep(0.03)
        other.announce("a")
        assert names(group(intake)) == ["a"]
        goes_on.set()


@pytest.mark.parametrize("where", ["receive", "fetch", "settle", "hold"])
def test_a_defect_in_any_thread_is_raised_where_everybody_hears_of_it(where: str) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise ZeroDivisionError(where)

    fake = Fake(hold_seconds=0.0)
    setattr(fake, where, broken)
    fake.announce("a")

    def work() -> None:
        with intake_of(fake) as intake:
            for _ in range(500):
                intake.wait(0.01)
                if (group := intake.next_group()) and where != "hold":
                    for blob in group.blobs:
                        intake.hand.done(blob)

    with pytest.raises(ZeroDivisionError, match=where):
        work()


# -- holding and stopping ----------------------------------------------------------------------------------


def test_what_is_in_hand_is_held_however_long_it_takes() -> None:
    fake = Fake(hold_seconds=0.02, hidden_seconds=0.3)
    fetching = threading.Event()
    fake.fetching = waiting_for(fetching, "slow")
    fake.announce("given out")
    fake.announce("unreadable")
    with intake_of(fake) as intake:
        (blob,) = group(intake)
        fake.announce("slow", id=None)
        ends = time.monotonic() + 0.8
        until(lambda: time.monotonic() > ends)
        assert [it.tries for it in fake.things.values()] == [1, 1, 1]
        assert {"given out", "unreadable", "slow"} <= set(fake.held)
        fetching.set()
        intake.hand.done(blob)
        until(lambda: fake.settled == ["given out"])
        fake.held = []
        until(lambda: len(fake.held) > 6)
        assert "given out" not in fake.held


@pytest.mark.parametrize("id_", ["a", None])
def test_for_how_long_something_is_in_hand_counts_from_its_first_announcement_until_it_is_decided(
    id_: str | None,
) -> None:
    clock = [100.0]
    hand = InHand(group_bytes=1, group_seconds=0, ahead_bytes=1 << 20, clock=lambda: clock[0])
    source = Fake(label="first")
    it, other = (Followed(name=name, source=source, tries=1) for name in ("first", "other"))
    notice = source.notice(source.announce("a", id=id_))
    hand.take(it, notice, {})
    clock[0] += 50
    assert hand.held_seconds() == {"first": 50}
    blob = source.fetch(notice, spool=Path())
    hand.have(it, notice, blob, whole=True)
    hand.take(other, Notice(name="a", origin_id=blob.origin.id, size_bytes=1, tries=1, receipt=None), {})
    clock[0] += 20
    assert hand.next_group(at_once=True) is not None
    assert hand.held_seconds() == {"first": 70, "other": 70}
    hand.done(blob)
    assert hand.held_seconds() == {}


def test_who_stops_gives_back_at_once_what_is_not_decided() -> None:
    fake = Fake()
    fake.announce("given out")
    fake.announce("decided")
    fake.announce("unreadable")
    with intake_of(fake, group_bytes=1) as intake:
        for blob in (*group(intake), *group(intake)):
            if blob.origin.name == "decided":
                intake.hand.done(blob)
    assert fake.settled == ["decided"]
    assert sorted(fake.postponed) == [("given out", 0), ("unreadable", 0)]
    assert sorted(fake.acknowledged) == ["decided", "given out"]
    assert fake.closed == 1


def test_what_waits_to_be_fetched_when_all_ends_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FETCHERS", 1)
    goes_on = threading.Event()
    fake = Fake(fetching=waiting_for(goes_on))
    fake.announce("first", id=None)
    fake.announce("second", id=None)
    fake.announce("third")
    intake = intake_of(fake)
    monkeypatch.setattr(threading.Thread, "join", joined_soon(threading.Thread.join))
    with intake:
        until(lambda: fake.received)
        threading.Timer(0.1, goes_on.set).start()
    assert sorted(name for name, _ in fake.postponed) == ["first", "second", "third"]


def joined_soon(join: Callable[..., None]) -> Callable[..., None]:
    """Threads that are waited for with a limit are not waited for."""

    def soon(thread: threading.Thread, timeout: float | None = None) -> None:
        join(thread, timeout if timeout is None else 0.0)

    return soon


def test_what_is_received_while_we_stop_is_given_back() -> None:
    fake = Fake()
    with intake_of(fake, wait_seconds=1.0) as intake:
        until(lambda: fake.received)
        intake.stop()
        fake.announce("a")
    assert (fake.fetched, fake.postponed) == ([], [("a", 0)])


def test_a_source_that_comes_to_its_end_is_drained_when_all_is_decided_and_nothing_waits_for_more() -> None:
    def receiving() -> None:
        if not fake.things:
            raise Exhausted

    fake = Fake(receiving=receiving)
    fake.announce("a")
    with intake_of(fake, group_seconds=60) as intake:
        until(lambda: fake.fetched)
        fake.things.clear()
        (blob,) = group(intake)
        assert not drained(intake)
        intake.hand.done(blob)
        assert drained(intake)
    assert fake.settled == ["a"]


def test_waiting_ends_when_something_is_ready_and_does_not_spin() -> None:
    fake = Fake()
    with intake_of(fake, group_seconds=60) as intake:
        begun = time.monotonic()
        threading.Timer(0.05, lambda: fake.announce("a")).start()
        intake.wait(10)
        assert time.monotonic() - begun < 5
        intake.stop()
        begun = time.monotonic()
        for _ in range(5):
            intake.wait(0.02)
        assert time.monotonic() - begun >= 0.09


# -- many at once ------------------------------------------------------------------------------------------


def test_under_stress_nothing_is_lost_and_nothing_settled_before_it_is_decided() -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    decided: set[str] = set()
    too_early: list[str] = []
    wrong: list[str] = []

    def fetching(notice: Notice) -> None:
        time.sleep(chance.random() * 0.003)
        if chance.random() < 0.1:
            failing(notice)
        if chance.random() < 0.05:
            gone(notice)

    def receiving() -> None:
        if chance.random() < 0.05:
            raise out_of_order()

    class Watched(Fake):
        def settle(self, notices: Any) -> None:
            for notice in notices:
                if not decided & {notice.name, fake_id(notice)}:
                    too_early.append(notice.name)
                if notice.receipt.name.split()[0] != self.label:
                    wrong.append(notice.name)
            super().settle(notices)

        def postpone(self, notices: Any, *, seconds: float) -> None:
            super().postpone(notices, seconds=seconds / 10_000)

    sources = [
        Watched(label, pollers=4, at_once=5, hold_seconds=0.05, hidden_seconds=0.2, fetching=fetching, receiving=receiving)
        for label in ("one", "other")
    ]  # fmt: skip
    for source in sources:
        for number in range(300):  # two announcements of each, by both sources
            source.announce(
                f"{source.label} {number}", bytes(chance.randrange(2_000)), id=f"origin {number // 2}"
            )
            if number % 10 == 0:
                source.announce(f"{source.label} by name {number}", b"%d" % number, id=None)
    asked: dict[str, Any] = {"group_bytes": 5_000, "group_seconds": 0.01, "ahead_bytes": 50_000, "tries": 4}
    in_hand: list[Blob] = []
    with intake_of(*sources, known=lambda ids: dict.fromkeys(decided & set(ids), False), **asked) as intake:
        ends = time.monotonic() + 30
        while any(source.things for source in sources):
            assert time.monotonic() < ends, {source.label: list(source.things)[:5] for source in sources}
            intake.wait(0.01)
            for refused in intake.hand.refused():
                decided.add(refused.letter.origin_id)
                intake.hand.kept(refused)
            if given := intake.next_group():
                in_hand += given.blobs
            chance.shuffle(in_hand)
            while in_hand and chance.random() < 0.8:
                blob = in_hand.pop()
                decided.update((blob.origin.id, blob.origin.name))
                intake.hand.done(blob)
    assert (too_early, wrong) == ([], [])
    for source in sources:
        assert len(set(source.settled)) == 330
