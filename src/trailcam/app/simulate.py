"""Writes simulated logs into a folder, from what was given on the command line."""

from pathlib import Path

from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.timestamps import Micros, parse
from trailcam.testing import simulator
from trailcam.testing.simulation import Simulation

NONE = "none"
"""The name that stands for no story at all."""


def simulate(
    folder: Path, *, seed: int, until: str | None, events: int, hours: int, stories: str | None, force: bool
) -> Simulation:
    """What `trailcam.testing.simulator.simulate` writes; `until` in RFC 3339, `stories` with commas between.

    Raises:
        TrailcamError: TC0104 `until` is no time; and what the simulator refuses.
        WorldError: TC0106 the folder cannot be written.
    """
    chosen = None
    if stories is not None:
        chosen = [word.strip() for word in stories.split(",") if word.strip()] or [stories]
    try:
        return simulator.simulate(
            folder,
            seed=seed,
            until=simulator.UNTIL if until is None else _moment(until),
            events=events,
            hours=hours,
            stories=() if chosen == [NONE] else chosen,
            force=force,
        )
    except OSError as error:
        raise cannot_write_logs(error, folder) from None


def cannot_write_logs(error: OSError, folder: Path) -> WorldError:
    """What is told when the operating system refuses a file of a simulation."""
    message = f"cannot write the simulated logs: {error.strerror}"
    return WorldError(Problem(code=code("cannot_write"), message=message, path=error.filename or folder))


def _moment(text: str) -> Micros:
    moment = parse(text)
    if moment is None:
        message = f"--until takes a time such as 2026-03-03T00:00:00Z; found {text!r}"
        hint = "see trailcam simulate --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
    return moment
