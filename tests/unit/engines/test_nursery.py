"""What workers import is imported before they are asked for."""

import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import forkserver

import pytest
from tests.support import stop_fork_server

from trailcam.engines.nursery import nursery, prepare


@pytest.fixture(autouse=True)
def _new_each_time() -> Iterator[None]:
    stop_fork_server()
    yield
    stop_fork_server()


def server() -> int | None:
    return forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined, no-any-return]  # nothing public tells


def test_workers_are_born_of_the_process_that_was_prepared() -> None:
    prepare()
    prepared = server()
    looking = "import sys; sys.exit('trailcam.engines.worker' not in sys.modules)"
    process = nursery().Process(target=exec, args=(looking,))
    process.start()
    process.join(timeout=60)
    assert process.exitcode == 0
    assert prepared is not None
    assert server() == prepared


def test_what_cannot_be_prepared_is_left_to_the_first_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(forkserver, "ensure_running", refused)
    prepare()
    assert server() is None


def test_a_command_that_prepares_and_then_fails_leaves_nothing_behind() -> None:
    program = "from trailcam.engines.nursery import prepare; prepare(); raise SystemExit(2)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
