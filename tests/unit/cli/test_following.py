"""How a process that follows sources is told to stop."""

import subprocess
import sys

import pytest

_FOLLOWS = """
import os, signal, sys, time
import trailcam.app.live.start
from trailcam.cli.following import follow
from trailcam.cli.logs import LogFormat
from trailcam.state.processes import Role

class Interrupted:
    '''Whoever writes here is asked to stop meanwhile, as often as is said.'''
    left = int(sys.argv[1])

    def write(self, text):
        if self.left:
            self.left -= 1
            os.kill(os.getpid(), getattr(signal, sys.argv[2]))
        return sys.__stderr__.write(text)

    def flush(self):
        sys.__stderr__.flush()

def start(role, *, stop, told, **_):
    told("started")
    asked = stop.wait(float(sys.argv[3]))
    time.sleep(0.1)
    told("stopped" if asked else "not asked to stop")

trailcam.app.live.start.start = start
sys.stderr = Interrupted()
sys.exit(follow(Role.serve, config=None, home=None, log_types=[], workers=1, log_format=LogFormat.text))
"""


def follows(
    signals: int, ending: str = "SIGTERM", *, by: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*by, sys.executable, "-c", _FOLLOWS, str(signals), ending, "0.3" if by else "20"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.split(" ", 2)[2].strip() for line in done.stderr.splitlines()]


def test_who_is_asked_to_stop_in_the_midst_of_telling_something_stops() -> None:
    done = follows(1)
    assert (told(done), done.returncode) == (["started", "stopping signal=SIGTERM", "stopped"], 0)


@pytest.mark.parametrize("signals", [2])
def test_who_is_asked_twice_ends_at_once(signals: int) -> None:
    done = follows(signals)
    assert done.returncode == 143
    assert "stopped" not in done.stderr


def test_who_is_started_so_that_hang_ups_are_ignored_goes_on() -> None:
    done = follows(1, "SIGHUP", by=("nohup",))
    assert (told(done), done.returncode) == (["started", "not asked to stop"], 0)
