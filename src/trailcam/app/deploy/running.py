"""Whether a server runs on a home: it holds a lock, which ends with it however it ends."""

import fcntl
from pathlib import Path
from typing import IO

from trailcam.app.deploy.snapshot import packs_folder
from trailcam.app.home import Home
from trailcam.errors import cannot_write


def hold(home: Home) -> IO[str]:
    """The lock, for as long as it is open; servers of one home hold it together.

    Raises:
        WorldError: the home cannot be written.
    """
    path = _lock(home)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = path.open("a")
        fcntl.flock(lock, fcntl.LOCK_SH)
    except OSError as error:
        raise cannot_write(error, "the lock of a server", path=path) from None
    return lock


def is_running(home: Home) -> bool:
    """Whether a server runs on this home, on this machine."""
    try:
        with _lock(home).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # there is no such file: nobody has ever held it
        return False
    return False


def _lock(home: Home) -> Path:
    return packs_folder(home.path) / "running"
