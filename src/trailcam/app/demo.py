"""One minute with Trailcam: a simulated organisation, the pack for it, the line, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trailcam.app.home import make_home
from trailcam.app.load import load
from trailcam.app.report import Report
from trailcam.app.run import Progress, run
from trailcam.app.simulate import cannot_write_logs
from trailcam.errors import Problem, TrailcamError, code
from trailcam.model.alert import Alert
from trailcam.model.match import Match
from trailcam.pipeline.window import key_of
from trailcam.settings.read import SETTINGS_FILE, read_settings
from trailcam.testing import simulator
from trailcam.testing.organisation import HOME_REGIONS, INSTANCES, PAYROLL_BUCKET
from trailcam.testing.simulation import Simulation, Told

SETTINGS = f"""\
# What the demonstration tells the rules of the pack about its organisation.
home = "home"
packs = ["aws_top5"]

[rules."Top5.SensitiveBucket"]
buckets = ["{PAYROLL_BUCKET.name}"]
trusted = ["arn:aws:sts::*:assumed-role/PayrollRole/*"]

[rules."Top5.InstancesTerminated"]
crucial = [{", ".join(f'"{each.id}"' for each in INSTANCES if each.crucial)}]

[rules."Top5.StackChanged"]
regions = [{", ".join(f'"{region}"' for region in HOME_REGIONS)}]

[lookup_tables.greynoise_noise_basic]
path = "simulated/intel/greynoise.jsonl"
key = "ip"

[lookup_tables.greynoise_noise_basic.selectors]
"AWS.CloudTrail" = ["sourceIPAddress"]
"AWS.GuardDuty" = ["p_any_ip_addresses"]
"""


MARK = "demonstration"
"""The file by which a folder is known as one that a demonstration has made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What was simulated, what the rules said of it, and which alerts tell of which story."""

    folder: Path
    simulation: Simulation
    settings: Path
    """The settings file that it ran with."""
    home: Path
    report: Report

    @property
    def alerts(self) -> list[Alert]:
        """All of them, the gravest first."""
        return sorted(self.report.alerts, key=lambda each: (-each.severity, each.window_start, each.title))

    def alerts_of(self, told: Told) -> list[Alert]:
        """The alerts in whose windows an event of a story is, the gravest first."""
        ids = {*told.event_ids, *told.finding_ids}
        matches = [match for match in self.report.matches if match.event_id in ids]
        return [alert for alert in self.alerts if any(_holds(alert, match) for match in matches)]


def _holds(alert: Alert, match: Match) -> bool:
    inside = alert.window_start <= match.event_time < alert.window_end
    return inside and alert.key == key_of(match)


def demo(
    folder: Path,
    *,
    seed: int = simulator.SEED,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Demo:
    """Simulates an organisation in a folder, which is made if it is not there, and runs `aws_top5` over it.

    What lies there is an earlier demonstration of the same seed, or nothing: a second one tells the same and
    adds nothing. Its settings are kept as they are, for whoever tries others.

    Raises:
        TrailcamError: TC0901 the folder holds other things.
        WorldError: TC0106 it cannot be written; and what a run raises.
    """
    simulated, written = folder / "simulated", folder / SETTINGS_FILE
    try:
        _claim(folder, seed)
        made = simulator.simulate(simulated, seed=seed, force=True)
        if not written.exists():
            written.write_text(SETTINGS, encoding="utf-8")
    except OSError as error:
        raise cannot_write_logs(error, folder) from None
    settings = read_settings(folder=folder, environment={})
    loaded = load(settings=settings)
    report = run([made.logs], loaded, settings, make_home(settings.home), progress=progress)
    return Demo(folder=folder, simulation=made, settings=written, home=settings.home, report=report)


def _claim(folder: Path, seed: int) -> None:
    """Refuses a folder that is neither empty nor a demonstration of this seed; marks it as one."""
    mark, said = folder / MARK, f"a demonstration of trailcam, seed {seed}\n"
    if mark.is_file():
        found = mark.read_text(encoding="utf-8", errors="replace")
        message = "" if found in (said, "") else f"what is there is {found.strip() or 'no demonstration'}"
    else:
        there = folder.exists() or folder.is_symlink()
        empty = folder.is_dir() and not any(folder.iterdir())
        message = "what is there is not a demonstration, nor an empty folder" if there and not empty else ""
    if message:
        raise TrailcamError(Problem(code=code("folder_in_use"), message=message, path=folder))
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(said, encoding="utf-8")
