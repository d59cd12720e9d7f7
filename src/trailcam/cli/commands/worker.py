"""`trailcam worker`: more hands for what `trailcam serve` follows."""

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
    """Follow the sources beside a process that serves the same home: more hands for one queue.

    It reads, runs rules and decides; publishing and what else is needed once for a home is left to
    `trailcam serve`.

    \b
    Examples:
      trailcam worker
      trailcam worker --workers 1 --log-format json
    """
    return follow(
        Role.worker,
        config=config,
        home=home,
        log_types=log_types or [],
        workers=workers,
        log_format=log_format,
    )
