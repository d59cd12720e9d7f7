"""What `trailcam serve` and `trailcam worker` begin with: settings, rules and a home."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from trailcam.app.home import make_home
from trailcam.app.load import load
from trailcam.app.serve import serve
from trailcam.settings.read import read_settings
from trailcam.state.processes import Role


def start(
    role: Role,
    *,
    config: Path | None,
    home: Path | None,
    log_types: Sequence[Path],
    workers: int,
    stop: Event,
    told: Callable[..., None],
) -> None:
    """Follows the sources of the settings until told to stop; see `serve`."""
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    settings = replace(settings, home=home or settings.home)
    loaded = load(log_types=log_types, settings=settings)
    serve(settings, loaded, make_home(settings.home), role=role, stop=stop, told=told, workers=workers)
