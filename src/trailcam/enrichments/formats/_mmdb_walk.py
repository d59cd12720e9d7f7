"""Reads a database in MaxMind's form to its last network, in a process of its own.

The reader is written in C, and some damaged databases make it write where it must not, which ends its
process: a record of the tree that leads back to its own node is enough. What was walked without that can be
asked in any process: an answer takes the same way through the tree, and decodes the same row.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import maxminddb

from trailcam.errors import Problem, WorldError, code
from trailcam.forms import describe

_BY_DAMAGE = {
    signal.SIGABRT, signal.SIGALRM, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV,
    signal.SIGTRAP,
}  # fmt: skip
"""Signals by which a process ends that has done something wrong itself; all others come from elsewhere."""

_DEEPEST = 100
"""Levels of lists and objects that a row may nest: whoever reads rows later has a small stack."""

_MOST_BYTES = 1 << 30
"""Memory of the process, the file apart: a tree without an end would take all there is."""

_LONGEST_SECONDS = 60
_STRIDE = 4096
"""So many networks take a part of a second; a reader that needs a minute for them has lost its way."""


def fault(path: Path, named: Path | str) -> str:
    """What is wrong with a database, in words; empty when all of it can be read.

    `named` is what errors call it.

    Raises:
        WorldError: TC0504 the process could not do it, and the database need not be why.
    """
    done = subprocess.run(  # noqa: S603  # this interpreter with words of our own
        [sys.executable, "-P", "-m", __name__, str(path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,  # how it ended is what is asked
    )
    if -done.returncode in _BY_DAMAGE:
        return f"the database is damaged: its reader was ended by {signal.Signals(-done.returncode).name}"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        message = f"the process that looks at a lookup table did not come to its end: {last}"
        hint = "run it again; memory that is too small is the usual cause"
        raise WorldError(Problem(code=code("worker_broken"), message=message, path=named, hint=hint))
    return str(json.loads(done.stdout))


def main(path: str) -> None:
    """What the process does: prints the fault as JSON."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with suppress(ValueError):  # it is lower already
        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    sys.stdout.write(json.dumps(_walk(path)))


def _walk(path: str) -> str:
    signal.alarm(_LONGEST_SECONDS)
    try:
        reader = maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, ValueError, TypeError, SystemError):
        return "not a database of this form"  # the reader has one sentence for all, and names a copy in it
    networks = 0
    try:
        for network, row in reader:
            if networks % _STRIDE == 0:
                signal.alarm(_LONGEST_SECONDS)
            networks += 1
            if not isinstance(row, dict):
                return f"a row is an object; that of {network} is {describe(row)}"
            if _is_deep(row, _DEEPEST):
                return f"the row of {network} is nested too deeply"
    except ValueError:  # of the network: more bits than there are
        return "the database is damaged: its tree leads astray"
    except MemoryError:
        return "the database is damaged: a row or the tree of it takes all memory"
    except maxminddb.InvalidDatabaseError as error:
        return f"the database is damaged: {error}"
    except (TypeError, SystemError, RecursionError) as error:
        return f"the database is damaged: its reader fails with {type(error).__name__}"
    return "" if networks else "the database holds no networks"


def _is_deep(value: Any, levels: int) -> bool:
    """Whether lists and objects in a value nest deeper than so many levels."""
    if levels == 0:
        return True
    items = value.values() if isinstance(value, dict) else value
    return any(_is_deep(item, levels - 1) for item in items if isinstance(item, dict | list))


if __name__ == "__main__":
    main(sys.argv[1])
