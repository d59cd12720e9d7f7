"""Who we are in AWS: credentials, the role, and whether our clock is right."""

import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from trailcam.contracts.source import Finding, Grade
from trailcam.model.timestamps import Micros
from trailcam.sources.aws import endpoint_of_queue
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, Refusal, ask, date_of

_SKEW_SECONDS = 60
_MOST_SKEW_SECONDS = 300
"""In most cases a request has to reach AWS within five minutes of the time that stands in it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-signing.html (read 2026-11-28).
"""


def who_we_are(access: Access, *, now: Micros) -> Generator[Finding, None, bool]:
    """Findings, and in the end whether it makes sense to go on."""
    credentials = _credentials(access)
    if credentials is None:
        yield Finding(
            check="credentials",
            grade=Grade.BROKEN,
            found="none are found",
            cure="give Trailcam a role of its machine, a profile, or AWS_ACCESS_KEY_ID and its secret",
            because="there are no credentials for AWS",
        )
        return False
    if not _asks_aws(access):
        yield Finding(check="credentials", grade=Grade.OK, found=f"found: {credentials.method}")
        return True
    if not (yield from _own(access, credentials.method, now)):
        return False
    return (yield from _assumed(access)) if access.settings.role_arn else True


def _credentials(access: Access) -> Any:
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # with boto3

    try:
        return access.own.get_credentials()
    except BotoCoreError:  # a profile that names what there is not
        return None


def _asks_aws(access: Access) -> bool:
    """Whether STS is asked: not where queue and objects are those of another server that has none."""
    variables = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS")
    if access.settings.role_arn or not endpoint_of_queue(access.queue):
        return True
    return any(map(os.environ.get, variables))


def _own(access: Access, method: str, now: Micros) -> Generator[Finding, None, bool]:
    try:
        answer = ask(access.client("sts", own=True).get_caller_identity)
    except NotDone as refused:
        yield from _clock(refused.date, now)
        if refused.refusal is Refusal.CREDENTIALS:
            yield Finding(
                check="credentials",
                grade=Grade.BROKEN,
                found=f"{method}: AWS does not take them: {refused.said}",
                cure="renew them, and see that the clock of this machine is right",
                because=f"AWS does not take our credentials: {refused.said}",
            )
            return False
        # Nobody needs a permission for this question, so a refusal or silence says nothing of the rest.
        yield Finding(
            check="credentials",
            grade=Grade.UNKNOWN if refused.refusal is Refusal.UNREACHABLE else Grade.WARNING,
            found=f"{method}; who that is, STS does not tell: {refused.said}",
        )
        return True
    access.who = str(answer["Arn"])
    yield Finding(check="credentials", grade=Grade.OK, found=f"{access.who}, by {method}")
    yield from _clock(date_of(answer), now)
    return True


def _assumed(access: Access) -> Generator[Finding, None, bool]:
    role = access.settings.role_arn
    try:
        answer = ask(access.client("sts").get_caller_identity)
    except NotDone as refused:
        if refused.refusal is Refusal.UNREACHABLE:
            yield Finding(check="role", grade=Grade.UNKNOWN, found=f"STS does not answer: {refused.said}")
            return False
        external_id = access.settings.external_id
        told = "with the external id of the settings" if external_id else "without an external id"
        yield Finding(
            check="role",
            grade=Grade.BROKEN,
            found=f"{role} cannot be assumed {told}: {refused.said.partition(':')[0]}",
            cure=f"its trust policy must name {access.who}"
            + (" and this external id" if external_id else ", and external_id be set if it asks for one")
            + f"; and {access.who} needs sts:AssumeRole on it",
            because=f"{access.who} cannot assume {role}",
        )
        return False
    access.who = str(answer["Arn"])
    yield Finding(check="role", grade=Grade.OK, found=f"assumed: {role}")
    return True


def _clock(date: str, now: Micros) -> Iterator[Finding]:
    """By what AWS has written into its answer; seconds of answering stand within what is let pass."""
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return
    skew = round((datetime.fromtimestamp(now / 1e6, UTC) - theirs.astimezone(UTC)).total_seconds())
    words = f"{abs(skew):,} s {'ahead of' if skew > 0 else 'behind'} that of AWS"
    if abs(skew) < _SKEW_SECONDS:
        yield Finding(check="clock", grade=Grade.OK, found="as that of AWS")
    elif abs(skew) < _MOST_SKEW_SECONDS:
        yield Finding(check="clock", grade=Grade.WARNING, found=words, cure="let NTP set it")
    else:
        yield Finding(
            check="clock",
            grade=Grade.BROKEN,
            found=words,
            cure="let NTP set it",
            because=f"the clock of this machine is {words}, and AWS takes no such requests",
        )
