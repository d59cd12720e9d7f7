"""`trailcam doctor`: what sources that are followed need, and why nothing arrives."""

import os
from pathlib import Path
from typing import Annotated

import typer

from trailcam.cli.findings import finding_rows, print_examined
from trailcam.cli.options import ConfigOption, HomeOption
from trailcam.cli.output import Format, say, to_json


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Sources; all if absent.")
    ] = None,
    *,
    bucket: Annotated[
        list[str] | None,
        typer.Option("--bucket", help="Of s3: a bucket whose objects should come. May repeat."),
    ] = None,
    peek: Annotated[
        bool, typer.Option("--peek", help="Of s3: look at messages that wait; that counts as a reception.")
    ] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> int:
    """Look at all that the sources of trailcam.toml need, and say why nothing arrives.

    Home, process, credentials, queue, notification, filter, prefix, objects: each is a line. Nothing is
    changed, and no message is taken. Exit code 0: nothing is broken. 1: something is. 3: nothing is, but
    something could not be looked at.

    \b
    Examples:
      trailcam doctor
      trailcam doctor trail --bucket amzn-s3-demo-trail
    """
    from trailcam.app import doctor  # noqa: PLC0415  # only when it is used
    from trailcam.contracts.source import Grade  # noqa: PLC0415
    from trailcam.settings.read import read_settings  # noqa: PLC0415

    settings = read_settings(folder=Path.cwd(), environment=os.environ, file=config)
    examined = []
    for one in doctor.examine(
        settings, home or settings.home, names=names or (), places=bucket or (), peek=peek
    ):
        examined.append(one)
        if form is Format.table:
            print_examined(one)
        elif form is Format.jsonl:
            for row in finding_rows(one):
                print(to_json(row))
    if form is Format.json:
        rows = [row for one in examined for row in finding_rows(one)]
        print("[" + ",\n ".join(map(to_json, rows)) + "]")
    of_home, *sources = examined
    for one in sources:
        say(doctor.sentence(one.name, one.findings, home=of_home.findings))
    grades = {finding.grade for one in examined for finding in one.findings}
    if Grade.BROKEN in grades:
        return 1
    return 3 if Grade.UNKNOWN in grades else 0
