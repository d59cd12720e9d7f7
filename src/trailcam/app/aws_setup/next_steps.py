"""What is left to do after a template or a script was printed, and the section for trailcam.toml."""

import json
from collections.abc import Iterator

from trailcam.app.aws_setup.place import Setup
from trailcam.app.aws_setup.policies import assuming_policy, key_statement
from trailcam.app.aws_setup.script import command, look_command, tell_command

CANARY_SECONDS = 3600
"""How often a canary is planted, where a person has said no more than that there should be some."""


def next_steps(setup: Setup, *, as_script: bool) -> tuple[str, ...]:
    """Sentences in the order in which things are done; each is one line and may end in a command."""
    steps = [*_script(setup)] if as_script else [*_stack(setup)]
    return (*steps, *_assuming(setup), *_key(setup), *_planting(setup))


def source_section(setup: Setup) -> str:
    """The section of trailcam.toml that fits the setup, as lines."""
    lines = [
        f"[sources.{setup.source}]",
        'type = "s3"',
        f"queue = {_toml(setup.queue_url)}",
        f"region = {_toml(setup.region)}",
    ]
    if setup.prefixes != ("",):  # where all keys are followed, the section names none
        lines.append(f"prefixes = [{', '.join(map(_toml, setup.prefixes))}]")
    if setup.role_arn and setup.external_id:
        lines += [f"role_arn = {_toml(setup.role_arn)}", f"external_id = {_toml(setup.external_id)}"]
    if setup.canary_place:
        lines += [f"canary_place = {_toml(setup.canary_place)}", f"canary_seconds = {CANARY_SECONDS}"]
    return "\n".join(lines) + "\n"


def _script(setup: Setup) -> Iterator[str]:
    yield f"read the script, then run it with credentials of account {setup.account}"
    if setup.topic:
        yield from _topic(setup)


def _stack(setup: Setup) -> Iterator[str]:
    stack = {
        "region": setup.region,
        "stack-name": setup.name,
        "template-file": f"{setup.name}.yml",
        "capabilities": "CAPABILITY_NAMED_IAM",
    }
    yield (
        f"save the template as {setup.name}.yml and make the stack in account {setup.account}: "
        f"{command('cloudformation', 'deploy', stack)}"
    )
    if setup.topic:
        yield from _topic(setup)
        return
    yield f"see what the bucket tells others now; if this prints nothing, go on: {look_command(setup)}"
    yield (
        "if it printed something, put both into one configuration, for the next command REPLACES all that "
        "the bucket tells"
    )
    yield f"let the bucket tell the queue: {tell_command(setup)}"


def _topic(setup: Setup) -> Iterator[str]:
    yield (
        "the bucket must tell the topic of new objects, not CloudTrail, whose own messages have another "
        f"form; see whether it does: {look_command(setup)}"
    )


def _assuming(setup: Setup) -> Iterator[str]:
    if not setup.assumes:
        return
    who = setup.principal
    if who.kind == "root":
        yield (
            f"whoever account {who.account} lets assume {setup.role_arn} can read what Trailcam reads: "
            "a role or a user is a safer --principal"
        )
        return
    put = {
        f"{who.kind}-name": who.name,
        "policy-name": setup.reader,
        "policy-document": json.dumps(assuming_policy(setup)),
    }
    put_policy = command("iam", f"put-{who.kind}-policy", put)
    yield f"in account {who.account}, let Trailcam assume the role: {put_policy}"


def _key(setup: Setup) -> Iterator[str]:
    statement = key_statement(setup)
    if statement is None:
        return
    owner = (setup.kms_key or "").split(":")[4]
    when = (
        "if the key's policy does not leave it to IAM"
        if owner == setup.account
        else f"the key is of account {owner}"
    )
    yield f"{when}: add to the policy of the key: {json.dumps(statement)}"


def _planting(setup: Setup) -> Iterator[str]:
    if setup.canary_place:
        yield f"planted events will lie below {setup.canary_place}"


def _toml(text: str) -> str:
    """A basic string of TOML: JSON's, but that characters beyond ASCII stand for themselves.

    TOML's escapes know no surrogates, by which JSON would write them.
    """
    return json.dumps(text, ensure_ascii=False)
