"""What is seen of the places that events come from."""

from collections.abc import Sequence

from trailcam import registry
from trailcam.engines.seen import seen
from trailcam.logtypes import loader
from trailcam.model.batch import EventBatch
from trailcam.model.origin import Origin
from trailcam.model.place import Place, Seen
from trailcam.model.timestamps import BEGINNING, DAY, MINUTE, Micros
from trailcam.pipeline.normalize import Chunk

NOW = Micros(20_000 * DAY)
LOG_TYPES = {it.name: it for it in loader.load(registry.folders("log_type", loader.SCHEMA_FILE))}
HERE = Place("trail", "", "")


def of(minutes: Sequence[float]) -> dict[Place, Seen]:
    """What is seen of events, so many minutes from now."""
    origin = Origin(
        id="o", name="o", source_id="trail", source_label="trail", size_bytes=1, fallback_time=BEGINNING
    )
    number = len(minutes)
    batch = EventBatch(
        log_type="AWS.CloudTrail",
        schema_version=1,
        parse_time=NOW,
        origins=(origin,),
        origin=[0] * number,
        position=list(range(number)),
        raw=[b"{}"] * number,
        row_id=[f"{row:032x}" for row in range(number)],
        event_id=[None] * number,
        event_time=[Micros(NOW + int(minute * MINUTE)) for minute in minutes],
        time_from_origin=[False] * number,
        indicators=[{}] * number,
        values=[{}] * number,
    )
    return seen(Chunk(batches=(batch,), dead_letters=()), LOG_TYPES)


def test_the_latest_of_the_times_counts() -> None:
    assert of([-30, 10, -20]) == {HERE: Seen(3, Micros(NOW + 10 * MINUTE))}


def test_a_time_too_far_ahead_tells_nothing_and_takes_nothing_from_the_others() -> None:
    assert of([-30, 10.1, -20]) == {HERE: Seen(3, Micros(NOW - 20 * MINUTE))}
    assert of([10.1]) == {HERE: Seen(1, BEGINNING)}
