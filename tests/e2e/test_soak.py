"""Events for a long time: memory, open files, threads and processes of a server stay what they are."""

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest
from tests.e2e.test_serve import Trail
from tests.footprint import Watch, flat, growth
from tests.kept import verified, write_rules
from tests.live import eventually, following, s3_source, write_settings
from tests.support import record

if TYPE_CHECKING:
    from tests.servers.ministack import Ministack

_WARM_SHARE = 0.4
"""The beginning, in which libraries are loaded and caches fill."""


@pytest.mark.slow
def test_a_server_holds_no_more_after_a_long_time(
    tmp_path: Path, ministack: "Ministack", full_size: bool
) -> None:
    seconds = 3600 if full_size else 180
    trail = Trail(ministack)
    settings = write_settings(
        tmp_path, s3_source(trail.queue, ministack.endpoint), packs=[write_rules(tmp_path / "rules")]
    )
    number = 0
    with following(settings) as process:
        eventually(process.told, process=process)
        with Watch(process.process.pid, every_seconds=2) as watch:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                names = ("RunInstances", "ConsoleLogin", "GetObject", "ListBuckets")
                records = [
                    record(
                        number + at,
                        eventName=names[at % 4],
                        eventTime=f"2026-03-{1 + number // 40_000:02}T{number // 1_800 % 24:02}:{number // 30 % 60:02}:{at:02}Z",
                        userIdentity={"type": "IAMUser", "userName": f"user{number % 50}"},
                        requestParameters={"count": at % 6},
                    )
                    for at in range(10)
                ]
                trail.put(records, f"{number:012}")
                number += 10
                time.sleep(0.1)
                assert process.process.poll() is None, process.log.read_text()
        eventually(lambda: trail.left() == 0, process=process)
        assert process.stop() == 0
    trail.close()
    series = {
        name: [float(getattr(it, name)) for it in watch.samples] for name in ("rss_bytes", "files", "threads")
    }
    for name, values in series.items():
        steady = values[int(len(values) * _WARM_SHARE) :]
        print(f"{name}: grows by {growth(values, warm_up=_WARM_SHARE):,.0f} over {median(steady):,.0f}")
    assert verified(tmp_path / "home").holds
    print(f"{seconds} s, {number:,} events, {len(watch.samples)} samples")
    assert flat(series["rss_bytes"], warm_up=_WARM_SHARE, share=0.08)
    assert flat(series["files"], warm_up=_WARM_SHARE, least=4)
    assert flat(series["threads"], warm_up=_WARM_SHARE, least=8)  # pools fill up as they are needed
