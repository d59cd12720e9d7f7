"""Which entries of the ledger count, whatever has become of an origin."""

from types import SimpleNamespace
from typing import Any

from trailcam.commit.group import Purpose, Treated
from trailcam.commit.standing import standing
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros


def entry(purpose: Purpose, decision_id: int, *, events: int = 0, dead_letters: int = 0) -> Any:
    return SimpleNamespace(
        origin_id="o",
        purpose=purpose.value,
        decision_id=decision_id,
        events=events,
        dead_letters=dead_letters,
    )


WHOLE = entry(Purpose.WHOLE, 2, events=5, dead_letters=3)


def test_of_an_origin_that_was_not_read_to_its_end_the_last_part_counts() -> None:
    first, last = (
        entry(Purpose.PART, 1, events=4, dead_letters=1),
        entry(Purpose.PART, 2, events=6, dead_letters=1),
    )
    assert standing([first, last])["o"] == ((last,), last)


def test_a_whole_reading_outweighs_parts_before_and_after_it() -> None:
    part = entry(Purpose.PART, 1, dead_letters=1)
    later = entry(Purpose.PART, 3, dead_letters=1)
    assert standing([part, WHOLE, later])["o"] == ((WHOLE,), WHOLE)


def test_what_was_mended_adds_events_and_replaces_dead_letters() -> None:
    one = entry(Purpose.MENDED, 3, events=1, dead_letters=2)
    two = entry(Purpose.MENDED, 5, events=2, dead_letters=0)
    seen = entry(Purpose.RULES, 4)
    found = standing([WHOLE, one, seen, two])["o"]
    assert (found.events, found.letters, found.records) == ((WHOLE, one, two), two, 8)


def test_a_part_that_was_answered_counts_no_more_until_it_fails_again() -> None:
    part, answer = entry(Purpose.PART, 1, dead_letters=1), entry(Purpose.MENDED, 2)
    again = entry(Purpose.PART, 3, dead_letters=1)
    assert standing([part, answer]) == {}
    assert standing([part, answer, again])["o"].letters is again


def test_dead_letters_are_replaced_once_whatever_the_rules() -> None:
    origin = Origin(id="o", name="o", source_id="s", source_label="s", size_bytes=1, fallback_time=Micros(0))
    mended = Treated(origin=origin, purpose=Purpose.MENDED, events=1, dead_letters=0, part="7")
    assert mended.key("one pack") == mended.key("another")
