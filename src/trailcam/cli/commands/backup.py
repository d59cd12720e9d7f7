"""`trailcam backup`: everything that is kept, in one file."""

import os
from pathlib import Path
from typing import Annotated

import typer

from trailcam.cli.options import ConfigOption, HomeOption
from trailcam.cli.output import count, existing, progress_bar, say
from trailcam.model.timestamps import to_rfc3339


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Write everything that is kept into one file, as it is at one moment.

    Runs may go on meanwhile. The file is a tar with digests of all it holds, and appears when it is whole.
    trailcam restore makes a home of it again, on this machine or another.

    \b
    Examples:
      trailcam backup /mnt/backups/trailcam.tar
      trailcam backup - | ssh vault "cat > trailcam.tar"
    """
    from trailcam.app.backup import backup  # noqa: PLC0415  # only when it is used
    from trailcam.app.home import open_home  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    opened = open_home(home or settings.home)
    target = None if file == "-" else existing(file)
    with progress_bar("saving") as update:
        saved = backup(
            opened,
            target,
            force=force,
            progress=lambda done, everything: update(done, everything, f"{done:,} bytes"),
        )
    say(
        f"saved: the state and {count(saved.files, 'file')} of the lake, {count(saved.size_bytes, 'byte')},"
        f" as of {to_rfc3339(saved.taken_at)}"
    )
    return 0
