"""`trailcam restore`: a home out of a backup."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from trailcam.cli.options import ConfigOption, HomeOption
from trailcam.cli.output import count, existing, progress_bar, say
from trailcam.errors import Problem, TrailcamError, WorldError, code


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What backup wrote; - is standard input.")],
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Make a new home out of a backup.

    The home must not be there, or be an empty folder. Every byte is checked before anything is put there;
    the tables of the lake are then made anew.

    \b
    Examples:
      trailcam restore /mnt/backups/trailcam.tar --home /srv/trailcam
      ssh vault "cat trailcam.tar" | trailcam restore - --home /srv/trailcam
    """
    from trailcam.app.restore import restore  # noqa: PLC0415  # only when it is used
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    path = home or settings.home
    name = existing(file)
    try:
        source = sys.stdin.buffer if file == "-" else name.open("rb")
    except FileNotFoundError:
        raise TrailcamError(
            Problem(code=code("path_not_found"), message=f"no such backup: {file}", path=name)
        ) from None
    except OSError as error:
        message = f"the backup cannot be read: {error.strerror}"
        raise WorldError(Problem(code=code("world_refused"), message=message, path=name)) from None
    with source, progress_bar("restoring") as update:
        restored = restore(
            source,
            name,
            path,
            progress=lambda done, everything: update(done, everything, f"{done:,} bytes"),
        )
    say(f"restored into {path}: the state and {count(restored.files, 'file')} of the lake")
    say(f"it is as it was at {restored.taken_at}: run over the logs since then")
    return 0
