"""The page of commands: what `--help` prints."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

from trailcam.app.reference.markdown import head, page, table


def command_line(help_texts: Mapping[str, str]) -> str:
    """The page of commands: what `--help` prints. The empty name is `trailcam` itself."""
    lines = head(
        "Command line",
        "For those who run Trailcam in a terminal or in a script.",
        "Data goes to standard output, words go to standard error.",
        "Colour carries no meaning; `NO_COLOR` and a pipe are obeyed.",
    )
    lines += ["## Exit codes", ""]
    lines += table(
        ("code", "meaning"),
        (
            ("0", "Done, and nothing was wrong."),
            ("1", "Done, and the check failed: dead letters, rule errors, rules not run, failed tests."),
            ("2", "Wrong use or configuration; nothing was done."),
            ("3", "The world failed: a disk, a permission, a process."),
            ("130", "Interrupted."),
        ),
    )
    for name, text in help_texts.items():
        title = f"trailcam {name}".strip()
        lines += [f"## {title}", "", "```text", *(line.rstrip() for line in text.rstrip().splitlines())]
        lines += ["```", ""]
    return page(lines)


def help_of_commands() -> dict[str, str]:
    """What `trailcam --help` and `trailcam COMMAND --help` print, the former under the empty name."""
    whole = _help()
    names = re.findall(r"^  ([a-z][a-z-]*)", whole.partition("Commands:")[2], re.MULTILINE)
    return {"": whole} | {name: _help(name) for name in names}


def _help(*command: str) -> str:
    """What a command's `--help` prints on a terminal of 100 columns without colour."""
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(  # noqa: S603  # this interpreter with words of our own
        [sys.executable, "-m", "trailcam", *command, "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
