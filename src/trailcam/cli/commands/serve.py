"""`trailcam serve`: sources followed live, and all that a home needs."""

from typing import Annotated

import typer

from trailcam.cli.following import follow
from trailcam.cli.logs import LogFormat, LogFormatOption
from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.state.processes import Role


def command(
    *,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 is one a processor.")] = 0,
    log_types: LogTypesOption = None,
    log_format: LogFormatOption = LogFormat.text,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Follow the sources of trailcam.toml: what they announce goes through the rules, until it is stopped.

    SIGTERM or Ctrl-C finishes what is begun and gives back the rest; a second one ends it at once. Nothing is
    lost either way: what was not decided is announced again.

    \b
    Examples:
      trailcam serve
      trailcam serve --config /etc/trailcam/trailcam.toml --log-format json
    """
    return follow(
        Role.serve,
        config=config,
        home=home,
        log_types=log_types or [],
        workers=workers,
        log_format=log_format,
    )
