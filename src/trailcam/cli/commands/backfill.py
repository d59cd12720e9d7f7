"""`trailcam backfill`: the past of a bucket through the line."""

import os
import signal
import sys
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Any

import typer

from trailcam.cli.days import day
from trailcam.cli.options import ConfigOption, HomeOption, LogTypesOption
from trailcam.cli.output import TextFormat, progress_bar, say, say_problem, to_json
from trailcam.cli.told_report import tell_report
from trailcam.errors import Problem, TrailcamError, code


def command(
    url: Annotated[
        str | None,
        typer.Argument(metavar="s3://BUCKET[/PREFIX]", help="What to read; what is kept if absent."),
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option("--since", help="The first day of delivery, as 2026-03-01.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last day of delivery, included.")] = None,
    accounts: Annotated[
        list[str] | None, typer.Option("--accounts", help="Only of this account. May be given again.")
    ] = None,
    regions: Annotated[
        list[str] | None, typer.Option("--regions", help="Only of this region. May be given again.")
    ] = None,
    rules: Annotated[
        list[str] | None, typer.Option("--rule", help="Only this rule, by its id; * is any text.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="The declared source whose credentials and name are used.")
    ] = "",
    rate: Annotated[float, typer.Option("--rate", min=0, help="Objects a second at most; 0 is any.")] = 0,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes; 0 is one a processor.")] = 0,
    packs: Annotated[
        list[Path] | None, typer.Option("--packs", help="Packs to run instead of those of the settings.")
    ] = None,
    log_types: LogTypesOption = None,
    summary: Annotated[TextFormat, typer.Option("--summary", help="json: on stdout.")] = TextFormat.text,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Read what a bucket already holds. Alerts are recorded and nobody is told of them.

    Objects that were read before are read again only for rules that have not seen them. Without a bucket,
    rules named by --rule go over what is kept. It may be stopped and begun again. Days are those of delivery.

    \b
    Examples:
      trailcam backfill s3://example-trail --since 2026-03-01 --until 2026-03-31
      trailcam backfill --rule My.Rule --since 2026-03-01
    """
    from trailcam.app.backfill import Asked, BackfillProgress, backfill  # noqa: PLC0415  # only when it is used
    from trailcam.app.deploy.in_force import folders, in_force  # noqa: PLC0415  # the same
    from trailcam.app.home import make_home  # noqa: PLC0415  # the same
    from trailcam.app.load import load  # noqa: PLC0415  # the same
    from trailcam.app.rerun import rerun  # noqa: PLC0415  # the same
    from trailcam.settings.read import read_settings  # noqa: PLC0415  # the same

    _check(url, rules, {"--accounts": accounts, "--regions": regions, "--source": source, "--rate": rate})
    first, last = day("--since", since), day("--until", until)
    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    kept = make_home(home or settings.home)
    settings = settings if packs else in_force(kept, settings)
    loaded = load(
        packs=packs or (folders(settings) if rules else ()),
        rules=rules or (),
        log_types=log_types or (),
        settings=settings,
    )
    stop = Event()

    def asked_to_stop(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        say("stopping: what is in hand is finished; say it again to end at once")
        stop.set()

    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, asked_to_stop)
    with progress_bar("reading") as update:

        def told(what: str, **values: object) -> None:
            if "code" in values or "why" in values:
                say(f"{what}: " + ", ".join(f"{key} {value}" for key, value in values.items()))

        def progress(at: BackfillProgress) -> None:
            more = "" if at.is_listed else "+, still listing"
            words = f"{at.objects_done:,} of {at.objects_all:,}{more} objects, {at.matches:,} matches"
            update(at.bytes_done, at.bytes_all, words)

        def rerun_progress(done: int, everything: int, matches: int) -> None:
            update(done, everything, f"{done:,} of {everything:,} origins, {matches:,} matches")

        if url is None:
            made = rerun(
                loaded,
                settings,
                kept,
                since=first,
                until=last,
                stop=stop,
                workers=workers,
                progress=rerun_progress,
            )
        else:
            asked = Asked(
                url=url,
                accounts=accounts or (),
                regions=regions or (),
                since=first,
                until=last,
                source=source,
                per_second=rate,
            )
            made = backfill(
                asked, loaded, settings, kept, stop=stop, told=told, workers=workers, progress=progress
            )
    if summary is TextFormat.json:
        print(to_json(made.summary))
        sys.stdout.flush()
    tell_report(made, loaded, noun="origin" if url is None else "object")
    for problem in made.problems:
        say_problem(problem)
    if stop.is_set():
        say("stopped before the end: the same command goes on where it was")
        return 128 + signal.SIGINT
    return made.exit_code


def _check(url: str | None, rules: list[str] | None, of_buckets: dict[str, Any]) -> None:
    message = ""
    if url is None and not rules:
        message = "name a bucket to read, or with --rule the rules to run over what is kept"
    elif url is None and any(of_buckets.values()):
        message = f"{next(name for name, value in of_buckets.items() if value)} is for buckets; name one"
    if message:
        hint = "see trailcam backfill --help"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint=hint))
