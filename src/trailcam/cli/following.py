"""How a process that follows sources is started, and told to stop."""

import multiprocessing
import os
import signal
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from trailcam.cli.logs import LogFormat, teller
from trailcam.state.processes import Role


def follow(
    role: Role,
    *,
    config: Path | None,
    home: Path | None,
    log_types: list[Path],
    workers: int,
    log_format: LogFormat,
) -> int:
    """Runs until SIGTERM or Ctrl-C, and then finishes what is in hand; a second one ends it at once."""
    from trailcam.app.live.start import start  # noqa: PLC0415  # only when it is used

    stop = Event()
    told = teller(log_format)

    def asked(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            for worker in multiprocessing.active_children():
                worker.kill()
            os._exit(128 + number)  # as if we were killed: which loses nothing, at whatever moment it is
        stop.set()
        # Not here: whoever is interrupted may be telling something, and hold the lock for it.
        Thread(target=told, args=("stopping",), kwargs={"signal": signal.Signals(number).name}).start()

    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(ending) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(ending, asked)
    start(role, config=config, home=home, log_types=log_types, workers=workers, stop=stop, told=told)
    return 0
