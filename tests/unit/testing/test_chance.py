"""Chance: pinned values, since every version of Python must give them."""

from collections import Counter
from uuid import UUID

from trailcam.testing.chance import Chance, Deck


def test_a_stream_gives_what_it_gave_on_the_day_it_was_written() -> None:
    chance = Chance(1, "pinned")
    drawn = (chance.below(1_000), chance.between(1, 6), chance.hex(8), chance.letters(9), chance.uuid())
    assert drawn == (656, 6, "c67c2a28", "3V3KJAKFS", "0242ff76-d3f6-410c-8283-34fceff97fa1")


def test_streams_of_other_names_and_seeds_are_others() -> None:
    first = {(seed, name): Chance(seed, name).hex(16) for seed in (1, 2) for name in ("a", "b")}
    assert len(set(first.values())) == 4


def test_an_id_is_a_uuid_of_version_4() -> None:
    chance = Chance(3)
    assert all(
        UUID(text).version == 4 and str(UUID(text)) == text for text in (chance.uuid() for _ in range(50))
    )


def test_a_deck_gives_each_thing_by_its_weight() -> None:
    chance = Chance(4)
    picked = Counter(Deck([(3, "often"), (1, "rarely")]).pick(chance) for _ in range(4_000))
    assert 2_850 < picked["often"] < 3_150


def test_a_shuffled_list_holds_what_it_held() -> None:
    things = list(range(100))
    Chance(5).shuffle(things)
    assert things != sorted(things)
    assert sorted(things) == list(range(100))
