"""Whether the policy of a queue lets somebody send to it.

What is read is what S3, SNS and EventBridge bring: their names, and the ARN on whose behalf they send. Other
conditions are not guessed at: they may hold or not.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
and https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html, read
2026-11-28.
"""

import json
from collections.abc import Callable, Iterator
from enum import IntEnum
from fnmatch import fnmatchcase
from operator import eq
from typing import Any

S3 = "s3.amazonaws.com"
SNS = "sns.amazonaws.com"
EVENTS = "events.amazonaws.com"


class Sending(IntEnum):
    """Whether somebody may send."""

    NO = 0
    PERHAPS = 1
    """A condition says it that only AWS can weigh."""
    YES = 2


def read(text: str) -> list[dict[str, Any]]:
    """The statements of a policy; none where there is no policy, or none that can be read."""
    try:
        said = json.loads(text) if text else {}
    except ValueError:
        return []
    found = said.get("Statement", []) if isinstance(said, dict) else []
    return [it for it in (found if isinstance(found, list) else [found]) if isinstance(it, dict)]


def may_send(statements: list[dict[str, Any]], *, service: str, arn: str) -> Sending:
    """Whether a service may send to the queue on behalf of this bucket, topic or rule."""
    allowed = Sending.NO
    for statement in statements:
        if not (_is_about(statement, "Action", "sqs:sendmessage") and _names(statement, service)):
            continue
        holds = _holds(statement.get("Condition"), arn)
        if statement.get("Effect") == "Deny" and holds is Sending.YES:
            return Sending.NO
        if statement.get("Effect") == "Deny" and holds is Sending.PERHAPS:
            allowed = min(allowed, Sending.PERHAPS)
        if statement.get("Effect") == "Allow":
            allowed = max(allowed, holds)
    return allowed


def sources(statements: list[dict[str, Any]], kind: str) -> list[str]:
    """The ARNs of a kind (`s3`, `sns`, `events`) that the policy lets send by name, without wildcards."""
    found = [
        arn
        for statement in statements
        if statement.get("Effect") == "Allow"
        for _, key, values in _conditions(statement.get("Condition"))
        if key == "aws:sourcearn"
        for arn in values
    ]
    return [
        arn for arn in dict.fromkeys(found) if arn.split(":")[2:3] == [kind] and not set(arn) & set("*?$")
    ]


def _is_about(statement: dict[str, Any], key: str, action: str) -> bool:
    return any(fnmatchcase(action, str(it).lower()) for it in _listed(statement.get(key)))


def _names(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return "*" in _listed(principal.get("AWS")) or any(
        it in ("*", service) for it in _listed(principal.get("Service"))
    )


def _holds(condition: Any, arn: str) -> Sending:
    """Whether all conditions hold for who sends on behalf of an ARN, over TLS."""
    holds = Sending.YES
    for operator, key, values in _conditions(condition):
        kind = operator.lower().removesuffix("ifexists").rpartition(":")[2]
        if key == "aws:sourcearn" and kind in _COMPARED:
            one = Sending.YES if any(_COMPARED[kind](arn, value) for value in values) else Sending.NO
        elif key == "aws:securetransport" and kind == "bool":
            one = Sending.YES if "true" in [value.lower() for value in values] else Sending.NO
        elif key == "aws:sourceaccount":
            one = Sending.YES  # whose the bucket is, nobody tells us
        else:
            one = Sending.PERHAPS
        holds = min(holds, one)
    return holds


def _is_like(arn: str, pattern: str) -> bool:
    """`*` and `?` as IAM has them; its patterns know no brackets."""
    return fnmatchcase(arn, pattern.replace("[", "[[]"))


_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "arnequals": _is_like,
    "arnlike": _is_like,
    "stringlike": _is_like,
    "stringequals": eq,
    "stringequalsignorecase": lambda arn, value: arn.lower() == value.lower(),
}
"""How operators compare: ARNs by wildcards in any case, strings only where they are to be alike.

Source: the first of the pages above.
"""


def _conditions(condition: Any) -> Iterator[tuple[str, str, list[str]]]:
    if not isinstance(condition, dict):
        return
    for operator, tests in condition.items():
        if isinstance(tests, dict):
            for key, values in tests.items():
                yield operator, key.lower(), [str(it) for it in _listed(values)]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
