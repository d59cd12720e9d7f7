"""Finds the commands, runs one, and turns what goes wrong into words and an exit code."""

import functools
import os
import pkgutil
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Annotated, Any

import typer

from trailcam import __version__
from trailcam.cli import commands
from trailcam.errors import Problem, TrailcamError, code

INTERRUPTED = 130


def build(asked: str = "") -> typer.Typer:
    """The application with the command that is asked for; with every one that lies in `commands/` where there
    is none of that name: most of the time that a short command takes would go into importing the others."""
    application = typer.Typer(
        name="trailcam",
        help="Trailcam watches every audit trail: logs in, rules run, matches and windows out.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    application.callback()(_options)
    modules = {
        module.name.rstrip("_").replace("_", "-"): module.name
        for module in pkgutil.iter_modules(commands.__path__)
    }
    for name in [asked] if asked in modules else modules:
        found = import_module(f"{commands.__name__}.{modules[name]}")
        application.command(name, **getattr(found, "SETTINGS", {}))(_telling_of_closed_output(found.command))
    return application


class OutputClosed(Exception):
    """Whoever read our output has enough. Not an OSError: typer would make an exit code of its own of it."""


def _telling_of_closed_output(command: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(command)
    def guarded(*arguments: Any, **options: Any) -> int:
        try:
            code = command(*arguments, **options)
            sys.stdout.flush()
        except BrokenPipeError:
            raise OutputClosed from None
        return code

    return guarded


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trailcam {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Options before any command; each acts by its own callback."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Runs one command; the exit code. SIGTERM and SIGHUP end it like Ctrl-C: nothing is left behind."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _terminated)
    for number in range(3):  # a descriptor that was closed would be given to the next file that is opened
        _open_if_closed(number)
    try:
        application = build(next(iter(arguments), ""))
        result = typer.main.get_command(application).main(
            args=list(arguments) or ["--help"], prog_name="trailcam", standalone_mode=False
        )
        sys.stdout.flush()
    except TrailcamError as error:
        return _tell(error.problems, error.exit_code)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        usage = f"see {context.command_path} --help" if context else ""
        problem = Problem(code=code("bad_option"), message=error.format_message(), hint=usage)
        return _tell([problem], 2)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except (OutputClosed, BrokenPipeError):  # say no more, and not at exit either
        _forget_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        _forget_output()
        place = str(error.filename) if error.filename else None
        message = f"the operating system refused: {error.strerror}"
        return _tell([Problem(code=code("world_refused"), message=message, path=place)], 3)
    if result == INTERRUPTED:  # typer turns Ctrl-C into this number
        print("interrupted", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _terminated(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _open_if_closed(number: int) -> None:
    """Standard streams that the caller closed become empty ones."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
    for name, at, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if at == number and getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _forget_output() -> None:
    """What is still to be printed cannot be, and the interpreter shall not try again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(problems: Sequence[Problem], exit_code: int) -> int:
    for problem in problems:
        print(problem.render(), file=sys.stderr)
    if len(problems) > 1:
        print(f"{len(problems)} problems", file=sys.stderr)
    return exit_code
