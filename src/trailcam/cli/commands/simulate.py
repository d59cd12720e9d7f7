"""`trailcam simulate`: logs of an AWS organisation that does not exist, with a breach in them."""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from trailcam.cli.output import TextFormat, count, existing, say, to_json
from trailcam.model.timestamps import to_rfc3339

if TYPE_CHECKING:
    from trailcam.testing.simulation import Simulation


def command(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Where to; made if it is not there.")],
    *,
    seed: Annotated[int, typer.Option("--seed", help="Another number gives other logs.")] = 1,
    events: Annotated[
        int, typer.Option("--events", help="About how many everyday events; stories come on top.")
    ] = 20_000,
    hours: Annotated[int, typer.Option("--hours", help="How long a time the logs are of.")] = 24,
    until: Annotated[
        str | None, typer.Option("--until", help="When it ends; 2026-03-03T00:00:00Z if absent.")
    ] = None,
    stories: Annotated[
        str | None, typer.Option("--stories", help="Ids with commas between, or none; all if absent.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier simulation.")] = False,
    form: Annotated[
        TextFormat, typer.Option("--format", help="How to tell what was written.")
    ] = TextFormat.text,
) -> int:
    """Write the logs of a simulated AWS organisation, as they would lie in its bucket.

    Everyday work in four accounts, and in it a breach told in several stories, with look-alikes that mean no
    harm. stories.json has the ids of the events of each story. The same options give the same logs.

    \b
    Examples:
      trailcam simulate simulated
      trailcam simulate simulated --force --seed 7 --stories stolen_key,payroll_read
    """
    from trailcam.app.simulate import simulate  # noqa: PLC0415  # only when it is used

    made = simulate(
        existing(folder), seed=seed, until=until, events=events, hours=hours, stories=stories, force=force
    )
    if form is TextFormat.json:
        print(to_json(made.to_json()))
        return 0
    _print(made)
    sys.stdout.flush()
    if made.left_out:
        say(f"not in these hours, so not told: {', '.join(made.left_out)}")
    say(f"next: {shlex.join(['trailcam', 'run', str(made.logs)])}")
    return 0


def _print(made: "Simulation") -> None:
    lines = [
        ("period", f"{to_rfc3339(made.start)} to {to_rfc3339(made.until)}, seed {made.seed}"),
        ("files", f"{made.files:,}, {count(made.size_bytes, 'byte')}"),
        ("records", f"{made.records:,} = {count(made.events, 'event')} + {count(made.copies, 'duplicate')}"),
        ("findings", f"{made.findings:,}"),
        ("stories", f"{len(made.stories):,}"),
    ]
    for name, words in lines:
        print(f"{name:<10}{words}")
    for told in made.stories:
        ids = len(told.event_ids) + len(told.finding_ids)
        look = "" if told.malicious else ", benign"
        print(f"  {to_rfc3339(told.starts)[11:16]}  {told.id}: {told.title} ({count(ids, 'event')}{look})")
