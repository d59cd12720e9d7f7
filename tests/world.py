"""Commands in a world that fails them: without permission, on a disk of a few kilobytes."""

import os
import shlex
from pathlib import Path


def powerless(command: list[str]) -> list[str]:
    """The command without root's power over files that are closed to their owner."""
    drop = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", drop, "--inh-caps", drop, *command] if os.getuid() == 0 else command


def boxed(command: list[str], folder: Path, *, size: str) -> list[str]:
    """The command with a disk of its own in the place of a folder, empty and of this size, as `mount` has it."""
    mount = shlex.join(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)])
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", f"{mount} && exec {shlex.join(command)}"]
