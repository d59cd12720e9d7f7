"""The command line: parse, call a use case, print. Nothing is decided here.

A command is a file in `commands/`, named as it is typed, with a function `command`; it is found there.
Data goes to stdout, words to stderr. Exit codes: 0 done, 1 the check failed, 2 wrong use or configuration,
3 the world failed, 130 interrupted.
"""

import sys


def main() -> None:
    """Entry point of `trailcam`."""
    try:
        from trailcam.cli.application import run_command_line  # noqa: PLC0415  # workers import this file too

        code = run_command_line(sys.argv[1:])
    except KeyboardInterrupt:  # before a command was there to be interrupted
        code = 130
    sys.exit(code)
