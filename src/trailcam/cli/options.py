"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

HomeOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything is kept; else TRAILCAM_HOME, else .trailcam."),
]

ConfigOption: TypeAlias = Annotated[Path | None, typer.Option("--config", help="A settings file.")]

LogTypesOption: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--log-types", help="A folder of log types of your own.")
]
