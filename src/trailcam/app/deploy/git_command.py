"""The command `git`: it asks nobody anything, runs nothing of what it fetches, and ends when time is up."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event

from trailcam.errors import Problem, WorldError, code
from trailcam.settings.git_pack import SCHEMES, GitPack

_PAUSE_SECONDS = 0.2
_OPTIONS = ("-c", "core.hooksPath=/dev/null", "-c", "gc.autoDetach=false")

_OTHERS_BUSINESS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_EXTERNAL_DIFF",
    "SSH_ASKPASS",
)
"""Variables by which a git that runs us, a hook, would have ours work on its own repository."""


def run_git(
    pack: GitPack,
    command: Sequence[str],
    *,
    seconds: float,
    ended: Event,
    at: Path | None = None,
    given: bytes = b"",
) -> bytes:
    """What git prints. What users give stands behind `--` in the command, or was looked at before.

    Raises:
        WorldError: TC0811 there is no git, TC0812 it failed, took longer than this, or nobody waits any more.
    """
    place = [f"--git-dir={at}"] if at else []
    with TemporaryFile() as said:  # no pipe: an ssh that stays for others would hold it open
        try:
            process = subprocess.Popen(  # noqa: S603  # no shell, and no option of others
                ["git", *place, *_OPTIONS, *command],  # noqa: S607  # the git of whoever runs us
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=_environment(),
                start_new_session=True,  # without a terminal nobody can be asked
            )
        except OSError as error:
            message = f"the command git cannot be run: {error.strerror}"
            raise WorldError(problem("git_missing", pack, message)) from None
        try:
            out = _output(process, given, seconds=seconds, ended=ended)
        except BaseException as error:
            _end(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            message = "nobody waits any more" if ended.is_set() else f"it did not answer within {seconds:g} s"
            raise WorldError(problem("git_refused", pack, message)) from None
        if process.returncode:
            said.seek(0)
            words = _words(pack, said.read(), process.returncode)
            raise WorldError(problem("git_refused", pack, words))
    return out


def problem(name: str, pack: GitPack, message: str, hint: str = "") -> Problem:
    """What is told of a pack from git."""
    return Problem(code=code(name), message=message, path=str(pack), hint=hint)


def _output(process: subprocess.Popen[bytes], given: bytes, *, seconds: float, ended: Event) -> bytes:
    until = time.monotonic() + seconds
    first: bytes | None = given
    while True:
        try:
            return process.communicate(first, timeout=_PAUSE_SECONDS)[0]
        except subprocess.TimeoutExpired:
            if ended.is_set() or time.monotonic() >= until:
                raise
            first = None  # it is being sent


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends git and all that it has started; nothing waits for what has left its group."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _OTHERS_BUSINESS}
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": ":".join(SCHEMES),
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }


def _words(pack: GitPack, said: bytes, status: int) -> str:
    """The last lines of what git says, without name and password of the URL."""
    text = said.decode("utf-8", "replace").replace(pack.url, pack.shown_url)
    named = re.match(r"\w+://([^/@]+)@", pack.url)
    if named is not None:
        for secret in sorted({named[1], *named[1].split(":")[1:]}, key=len, reverse=True):
            text = text.replace(secret, "***") if secret else text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"git says: {'; '.join(lines[-3:])}" if lines else f"git ended with exit status {status}"
