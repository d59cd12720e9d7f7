"""What S3 answers instead of an object: for what the object is, for who we are, or because it cannot now.

Of the first the object is not fetched, as a dead letter after some tries; the other two will pass.
"""

import re
from html import unescape
from typing import Any

from trailcam.contracts.source import NotFetched
from trailcam.errors import Problem, WorldError, code
from trailcam.sources.aws import FAULTS_OF_CREDENTIALS, is_passing
from trailcam.sources.s3_notifications import S3Object

_NOTHING_THERE = 404
_OTHER_NOW = (412, 416)
"""Another etag, or shorter than was announced."""

_OF_OTHER_THINGS = (
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "OperationAborted",
    "RequestTimeout",
)
"""Refusals that say nothing of the object: of a wrong region, or of this attempt alone.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorCodeBilling.html, read 2026-11-28.
"""

_STATUS = re.compile(r"status code: (\d{3})\b")
"""As obstore says it."""

_SAID = re.compile(r"<Code>([^<]*)</Code>(?:\s*<Message>([^<]*)</Message>)?")


def by_obstore(it: S3Object, error: Exception) -> Exception:
    """What obstore raises, as what it means of the object."""
    from obstore.exceptions import UnauthenticatedError  # noqa: PLC0415  # only where objects are read

    said = str(error)
    if isinstance(error, UnauthenticatedError):  # nothing was asked: we have no credentials to ask with
        return _no_credentials(it, _short(said))
    if isinstance(error, FileNotFoundError):
        return _meant(it, _NOTHING_THERE, said)
    status = _STATUS.search(said)
    return _meant(it, int(status[1]) if status else 0, said)


def by_boto3(it: S3Object, response: dict[str, Any]) -> Exception:
    """What S3 says to boto3, as the `response` of its ClientError, as what it means of the object."""
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0
    said = response.get("Error", {})
    answer = f"<Code>{said.get('Code')}</Code><Message>{said.get('Message')}</Message>"
    return _meant(it, status, answer)


def replaced(it: S3Object) -> NotFetched:
    """Another one lies there now."""
    return NotFetched(code("object_replaced"), f"{it.name} is not what was announced")


def unreachable(it: S3Object, said: str) -> WorldError:
    """It cannot be had now."""
    return WorldError(Problem(code=code("source_unreachable"), message=f"{it.name}: {said}"))


def _meant(it: S3Object, status: int, answer: str) -> Exception:
    said = _said(answer)
    name = said.partition(":")[0]
    if name in FAULTS_OF_CREDENTIALS:
        return _no_credentials(it, said)
    if status == _NOTHING_THERE:
        return NotFetched(code("object_gone"), f"{it.name} is not there")
    if status in _OTHER_NOW:
        return replaced(it)
    if 400 <= status < 500 and name not in _OF_OTHER_THINGS and not is_passing(name, status):
        return NotFetched(code("object_denied"), f"{it.name}: {said}")
    return unreachable(it, said)


def _no_credentials(it: S3Object, said: str) -> WorldError:
    return WorldError(Problem(code=code("source_refused"), message=f"{it.name}: {said}"))


def _said(answer: str) -> str:
    """S3's code and words alone: the rest may repeat the request, with the token of a session in it."""
    found = _SAID.search(answer)
    if found is None:
        return _short(answer)
    return _short(": ".join(unescape(part) for part in found.groups() if part))


def _short(said: str) -> str:
    """What was said, in one line; obstore appends how it is written in Rust."""
    return " ".join(said.partition("\n\nDebug source:")[0].split())[:500]
