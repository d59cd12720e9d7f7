"""Commands in a world that fails them: without permission, on a disk of a few kilobytes, killed on their way."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

_ACTING = """
import os, sys
from importlib import import_module

act, module, name, when, call = *sys.argv[1:5], int(sys.argv[5])
holder = import_module(module)
*path, last = name.split(".")
for part in path:
    holder = getattr(holder, part)
real = getattr(holder, last)
calls = 0

def acting(*args, **kwargs):
    global calls
    calls += 1
    if calls == call and when == "before":
        exec(act)
    result = real(*args, **kwargs)
    if calls == call and when == "after":
        if hasattr(result, "__next__"):
            result = list(result)
        exec(act)
    return result

setattr(holder, last, acting)
from trailcam.cli.application import run_command_line
sys.exit(run_command_line(sys.argv[6:]))
"""

Step = tuple[str, str, str, int]
"""A moment of a command: module, name of a function, before or after it, at which call."""

KILL = "os.kill(os.getpid(), 9)"

_FILL = """
with open({ballast!r}, "wb", buffering=0) as ballast:
    try:
        while True:
            ballast.write(bytes(4096))
    except OSError:
        pass
"""


def acting(act: str, step: Step, arguments: Sequence[str]) -> list[str]:
    """`trailcam` with these arguments, in which some Python is executed at a step."""
    return [sys.executable, "-c", _ACTING, act, *map(str, step), *arguments]


def fill(ballast: Path) -> str:
    """The Python that fills a disk up with a file."""
    return _FILL.format(ballast=str(ballast))


def powerless(command: list[str]) -> list[str]:
    """The command without root's power over files that are closed to their owner."""
    drop = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", drop, "--inh-caps", drop, *command] if os.getuid() == 0 else command


def boxed(command: list[str], folder: Path, *, size: str) -> list[str]:
    """The command with a disk of its own in the place of a folder, empty and of this size, as `mount` has it."""
    mount = shlex.join(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)])
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{mount} && exec {shlex.join(command)}"]
