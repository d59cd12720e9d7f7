"""What `trailcam serve` and `trailcam worker` begin with: settings, rules and a home."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

from trailcam.app.deploy.deployment import Deployment
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.home import make_home
from trailcam.app.live.serve import no_sources, serve
from trailcam.settings.read import read_settings
from trailcam.settings.schema import Settings
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

    def read() -> Settings:
        settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
        return replace(settings, home=home or settings.home)

    settings = read()
    if not settings.sources:
        raise no_sources()
    opened = make_home(settings.home)
    with Deployments(read, opened, log_types=log_types) as deployments:
        serve(
            settings,
            _started(deployments, told).loaded,
            opened,
            role=role,
            stop=stop,
            told=told,
            workers=workers,
            deployments=deployments,
        )


def _started(deployments: Deployments, told: Callable[..., None]) -> Deployment:
    """What is in force when the server begins; another one may bring something else while ours is checked."""
    while True:
        started = deployments.start()
        for problem in started.refused.problems if started.refused else ():
            told(
                "refused: the rules that were in force go on",
                code=problem.code,
                why=problem.message,
                where=str(problem.path or ""),
            )
        if deployments.switched(started.deployment):
            return started.deployment
