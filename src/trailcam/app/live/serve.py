"""Sources followed live, for as long as nobody says stop."""

import threading
import time
from collections.abc import Callable
from functools import partial

from trailcam import registry
from trailcam.app.deploy.deployments import Deployments
from trailcam.app.home import Home
from trailcam.app.live.canaries import Canaries
from trailcam.app.live.follow import Follower
from trailcam.app.live.health import NAME, Health
from trailcam.app.live.in_hand import Followed
from trailcam.app.live.switching import Switching
from trailcam.app.live.watch import Watch
from trailcam.app.load import Loaded
from trailcam.commit.run_kind import RunKind
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.timestamps import Micros
from trailcam.settings.schema import Settings
from trailcam.settings.sources import KIND
from trailcam.state.processes import Role


def serve(
    settings: Settings,
    loaded: Loaded,
    home: Home,
    *,
    role: Role,
    stop: threading.Event,
    told: Callable[..., None],
    workers: int = 0,
    deployments: Deployments | None = None,
) -> None:
    """Follows the sources of the settings until `stop` is set, and then finishes what is in hand.

    `deployments` brings new versions of the rules while it goes on.

    Raises:
        TrailcamError: TC0803 there are no sources; those of `Line`.
        WorldError: those of `Line`, before anything is followed.
    """
    if not settings.sources:
        raise no_sources()
    opened = {
        it.name: registry.load(KIND, it.type).open_source(it.name, dict(it.options), database=home.database)
        for it in settings.sources
    }
    health = Health()
    watch = Watch(
        database=home.database,
        health=health,
        canaries=[
            Canaries(source=opened[it.name], settings=it, database=home.database, health=health, told=told)
            for it in settings.sources
            if it.canary_seconds
        ],
        started=_now(),
        serves=role is Role.serve,
    )
    Follower(
        settings=settings,
        home=home,
        kind=RunKind.live,
        role=role,
        stop=stop,
        told=told,
        workers=workers,
        followed=[
            *(Followed(name=it.name, source=opened[it.name], tries=it.tries) for it in settings.sources),
            Followed(name=NAME, source=health, tries=1, finishes=True),
        ],
        watch=watch,
        versions=None if deployments is None else partial(_switching, deployments, watch),
    ).run(loaded)


def no_sources() -> TrailcamError:
    """What is told where there is nothing to follow."""
    return TrailcamError(Problem(code=code("no_sources"), message="no source is declared"))


def _switching(deployments: Deployments, watch: Watch, follower: Follower) -> Switching:
    return Switching(
        deployments,
        made=follower.made,
        switch=follower.switch,
        told=follower.told,
        refused=lambda problems: watch.refused(problems, now=_now()),
    )


def _now() -> Micros:
    return Micros(int(time.time() * 1_000_000))
