"""`trailcam aws`: what must exist in AWS, so that Trailcam can follow a bucket."""

from enum import StrEnum
from typing import Annotated

import typer

from trailcam.cli.output import say


class What(StrEnum):
    """What is wanted of AWS."""

    setup = "setup"


class Form(StrEnum):
    """In what form it is printed."""

    cloudformation = "cloudformation"
    cli = "cli"


def command(
    what: Annotated[What, typer.Argument(help="setup: print what must exist.")],  # noqa: ARG001  # there is one
    *,
    bucket: Annotated[str | None, typer.Option("--bucket", help="The bucket to follow.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Number of the bucket's account.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="Region of the bucket.")] = None,
    principal: Annotated[
        str | None, typer.Option("--principal", help="ARN of the role or user that runs Trailcam.")
    ] = None,
    organization: Annotated[
        str | None, typer.Option("--organization", help="Of an organisation's trail: its id, o-...")
    ] = None,
    prefix: Annotated[
        list[str] | None,
        typer.Option("--prefix", help="What followed keys begin with; CloudTrail's if absent. May repeat."),
    ] = None,
    suffix: Annotated[str | None, typer.Option("--suffix", help="What followed keys end with.")] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="ARN of a topic of SNS that the bucket tells already.")
    ] = None,
    kms_key: Annotated[
        str | None, typer.Option("--kms-key", help="ARN of the key that objects are encrypted with.")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option("--external-id", help="Of the role; one is made if absent.")
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="What names of queues and role begin with.")
    ] = "trailcam",
    canary: Annotated[
        bool, typer.Option("--canary", help="Let Trailcam plant events in a folder of its own.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="A template or a script.")] = Form.cloudformation,
) -> int:
    """Print what must exist in AWS, so that Trailcam can follow a bucket's logs.

    A queue with dead letters, the bucket's notification, a role where Trailcam runs in another account, and
    a policy of the little that it may do. What is left to do, and the section for trailcam.toml, are told
    beside it. AWS is not asked and nothing is changed.

    \b
    Examples:
      trailcam aws setup --bucket logs --account 111122223333 --region us-east-1 --principal $ARN
      trailcam aws setup --bucket logs --account $LOGS --region $REGION --principal $ARN --format cli
    """
    from trailcam.app import aws_setup  # noqa: PLC0415  # only when it is used

    setup = aws_setup.check(
        aws_setup.Asked(
            bucket=bucket,
            account=account,
            region=region,
            principal=principal,
            prefixes=tuple(prefix or ()),
            suffix=suffix,
            organization=organization,
            topic=topic,
            kms_key=kms_key,
            external_id=external_id,
            name=name,
            canary=canary,
        )
    )
    as_script = form is Form.cli
    print(aws_setup.script(setup) if as_script else aws_setup.template(setup), end="")
    for step in aws_setup.next_steps(setup, as_script=as_script):
        say(f"next: {step}")
    say("next: put this into trailcam.toml:")
    for line in aws_setup.source_section(setup).splitlines():
        say(line)
    return 0
