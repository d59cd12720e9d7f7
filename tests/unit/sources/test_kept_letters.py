"""Dead letters of an origin come out of the spool as they went in, and those that belong together as one."""

from pathlib import Path

from trailcam.errors import code
from trailcam.model.deadletter import DeadLetter
from trailcam.model.origin import Origin
from trailcam.model.timestamps import Micros
from trailcam.sources.kept_letters import KeptLetters, keep_letters

ORIGIN = Origin(id="o", name="o", source_id="s", source_label="s", size_bytes=9, fallback_time=Micros(0))


def letter(position: int, raw: bytes, reason: str = "record_too_large") -> DeadLetter:
    return DeadLetter(
        origin_id="o",
        origin_name="o",
        position=position,
        size_bytes=len(raw),
        reason=code(reason),
        detail="two\nlines",
        raw=raw,
    )


def kept(spool: Path, *letters: tuple[DeadLetter, bool], most: int = 100) -> KeptLetters:
    return keep_letters(ORIGIN, letters, spool=spool, most_bytes=most)


def test_what_adjoins_a_cut_is_one_stretch_and_is_read_again_if_any_of_it_is(tmp_path: Path) -> None:
    one, two, three = letter(0, b"{\n\x00"), letter(3, b"ab"), letter(6, b"cd")
    stretches = list(kept(tmp_path, (one, False), (two, True), (three, False)).stretches())
    assert [(it.letters, it.raw, it.position, it.again) for it in stretches] == [
        ((one, two), b"{\n\x00ab", 0, True),
        ((three,), b"cd", 6, False),
    ]


def test_whole_values_that_adjoin_are_stretches_of_their_own(tmp_path: Path) -> None:
    one, two = letter(0, b"{}", "log_type_unknown"), letter(2, b"{}", "log_type_unknown")
    assert [it.letters for it in kept(tmp_path, (one, True), (two, True)).stretches()] == [(one,), (two,)]


def test_no_more_is_put_together_than_memory_should_hold(tmp_path: Path) -> None:
    pieces = [(letter(10 * number, b"x" * 10), True) for number in range(6)]
    assert [len(it.letters) for it in kept(tmp_path, *pieces, most=25).stretches()] == [2, 2, 2]


def test_its_file_goes_when_it_is_decided(tmp_path: Path) -> None:
    blob = kept(tmp_path, (letter(0, b"x"), True))
    blob.acknowledge()
    assert list(tmp_path.iterdir()) == []
