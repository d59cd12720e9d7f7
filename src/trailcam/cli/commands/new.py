"""`trailcam new`: a component with a test that fails until it is written, or a repository for rules."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trailcam.cli.output import say
from trailcam.errors import Problem, TrailcamError, code


class Kind(StrEnum):
    """What can be written."""

    rule = "rule"
    log_type = "log-type"
    project = "project"


def command(
    kind: Annotated[Kind, typer.Argument(help="What to write.")],
    name: Annotated[
        str, typer.Argument(help="A rule's id, the name of a log type, or the folder of a project.")
    ],
    *,
    form: Annotated[
        str | None,
        typer.Option("--format", help="Of a rule: native (one file) if absent, or panther."),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where to write; made if it is not there.")
    ] = Path(),
) -> int:
    """Write a rule or log type, with a test that fails until you fill it in, or a repository for rules.

    Prints the files it wrote, and what to do next. Nothing is ever overwritten.

    \b
    Examples:
      trailcam new rule My.RootLogin --folder detections
      trailcam new project our-detections
    """
    from trailcam.app.new import new_log_type, new_rule  # noqa: PLC0415  # only when it is used
    from trailcam.app.project import new_project  # noqa: PLC0415  # the same

    if kind is Kind.rule:
        written = new_rule(name, rule_format=form or "native", folder=folder)
    elif form is not None:
        message = f"--format is for rules; a {kind.value} has one form"
        raise TrailcamError(Problem(code=code("bad_option"), message=message, hint="see trailcam new --help"))
    elif kind is Kind.project:
        written = new_project(name, folder=folder)
    else:
        written = new_log_type(name, folder=folder)
    for path in written.files:
        print(path)
    for step in written.next_steps:
        say(f"next: {step}")
    return 0
