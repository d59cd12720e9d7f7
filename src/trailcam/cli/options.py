"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

HomeOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--home", help="Where everything is kept; else TRAILCAM_HOME, else .trailcam."),
]
