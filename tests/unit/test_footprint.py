"""Telling what a process holds, and a leak from waves."""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.footprint import Watch, flat, footprint, growth


def waves(
    count: int, *, level: float = 100.0, wave: float = 10.0, leak: float = 0.0, seed: int = 1
) -> list[float]:
    """A level with teeth and noise on it, that grows by `leak` from beginning to end."""
    rng = random.Random(seed)
    return [
        level + wave * (at % 20) / 20 + rng.uniform(-wave, wave) / 4 + leak * at / count
        for at in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [180, 3_600])
def test_a_leak_smaller_than_the_waves_is_found(count: int, seed: int) -> None:
    assert flat(waves(count, seed=seed))
    assert not flat(waves(count, leak=10, seed=seed))
    assert growth(waves(count, leak=40, seed=seed), warm_up=0) == pytest.approx(40, abs=3)


def test_a_warm_up_and_peaks_are_no_leak() -> None:
    grown = [5.0 * at for at in range(40)] + [200.0] * 60
    assert flat(grown, warm_up=0.4)
    assert not flat(grown, warm_up=0)
    assert flat([100.0] * 50 + [1_000.0] * 10 + [100.0] * 50)
    assert flat(list(reversed(waves(100, leak=50))))


def test_few_things_may_come_and_go() -> None:
    files = [7.0 + at // 40 for at in range(120)]  # 7, 8, 9 of them
    assert not flat(files)
    assert flat(files, least=2)
    assert not flat([7.0 + at // 10 for at in range(120)], least=2)


def test_two_values_tell_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        growth([1.0, 2.0])


def test_a_process_is_counted_with_its_descendants(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    before = footprint(os.getpid())
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin and child.stdout and child.stdout.readline() == b"1\n"
        grown, of_child = footprint(os.getpid()), footprint(child.pid)
        child.stdin.close()
        child.wait()
    assert grown.processes - before.processes == of_child.processes == 2
    assert of_child.files >= 6 and of_child.threads >= 2 and of_child.rss_bytes > 4 << 20
    assert grown.rss_bytes > before.rss_bytes
    assert footprint(child.pid).processes == 0

    with (tmp_path / "one").open("w"), (tmp_path / "other").open("w"):
        assert footprint(os.getpid()).files == before.files + 2
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    assert footprint(os.getpid()).threads == before.threads + 1
    ended.set()
    other.join()


def test_a_watch_takes_samples_until_it_ends() -> None:
    with Watch(os.getpid(), every_seconds=0.01) as watch:
        threading.Event().wait(0.3)
    taken = len(watch.samples)
    assert taken >= 3
    times = [sample.seconds for sample in watch.samples]
    assert times == sorted(times) and all(sample.rss_bytes > 1 << 20 for sample in watch.samples)
    threading.Event().wait(0.05)
    assert len(watch.samples) == taken
