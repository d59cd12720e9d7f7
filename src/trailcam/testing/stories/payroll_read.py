"""Salaries are read, and copied out of the organisation."""

from collections.abc import Iterator

from trailcam.testing.breach import attacker
from trailcam.testing.call import Call
from trailcam.testing.calls import s3
from trailcam.testing.chance import Chance
from trailcam.testing.organisation import DESTINATION_BUCKET, PAYROLL_BUCKET
from trailcam.testing.record import Act
from trailcam.testing.story import Scene, Story

_READ, _COPIED = 120, 60


def _tell(scene: Scene) -> Iterator[Act]:
    caller = attacker()
    for seconds, call in _steps(scene.chance):
        yield scene.act(seconds, caller, call, region=PAYROLL_BUCKET.region)


def _steps(chance: Chance) -> Iterator[tuple[float, Call]]:
    yield 5, s3.about_bucket("GetBucketPolicy", chance, PAYROLL_BUCKET, asked="policy")
    yield 12, s3.list_objects(chance, PAYROLL_BUCKET, prefix="2026/")
    keys = [f"2026/02/employee-{number:04}.pdf" for number in range(1, _READ + 1)]
    for number, key in enumerate(keys):
        yield 20 + number * 3.5 + chance.random(), s3.get_object(chance, PAYROLL_BUCKET, key)
    for number, key in enumerate(keys[:_COPIED]):
        copied = s3.copy_object(chance, PAYROLL_BUCKET, key, target=DESTINATION_BUCKET)
        yield 480 + number * 3.9 + chance.random(), copied


STORY = Story(
    title="Salaries are read and copied away",
    tells=(
        "From 04:10 the key reads 120 objects of the bucket example-payroll, and from 04:18 to 04:22 copies"
        " 60 of them into example-transfer, a bucket of an account that nobody knows."
    ),
    starts="04:10",
    minutes=12,
    tell=_tell,
)
