"""Asks AWS one thing, and sorts what it answers when it does not do it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from trailcam.contracts.source import Finding, Grade
from trailcam.sources.aws import FAULTS_OF_CREDENTIALS, is_passing


class Refusal(StrEnum):
    """Why AWS does not do it."""

    DENIED = "denied"
    ABSENT = "absent"
    ELSEWHERE = "elsewhere"
    """It lies in another region."""
    CREDENTIALS = "credentials"
    """Who we are is not believed: keys, or the clock."""
    UNREACHABLE = "unreachable"
    OTHER = "other"


_DENIED = ("AccessDenied", "Forbidden", "AuthorizationError", "NotAuthorized", "AllAccessDisabled")
_ABSENT = ("NonExistentQueue", "QueueDoesNotExist", "NoSuchBucket", "NoSuchKey", "NotFound", "InvalidAddress")
_ARCHIVED = ("InvalidObjectState",)
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraint", "301")
_SKEWED = "RequestTimeTooSkewed"


class NotDone(Exception):
    """AWS did not do it. `said` is a line without secrets: a refusal of keys is told by its code alone."""

    def __init__(self, refusal: Refusal, said: str, *, date: str = "") -> None:
        super().__init__(said)
        self.refusal = refusal
        self.said = said
        self.date = date
        """What time AWS has, as its answer says it; empty where there was none."""

    def finding(self, check: str, *, action: str, on: str, who: str, needed: bool = True) -> Finding:
        """What is told of it. `needed`: Trailcam itself needs the action, and not only who looks."""
        if self.refusal is Refusal.DENIED:
            more = f" ({self.said})" if "kms:" in self.said else ""
            return Finding(
                check=check,
                grade=Grade.BROKEN if needed else Grade.WARNING,
                found=f"{action} on {on} is not allowed{more}",
                cure=f"allow {action} to {who}; `trailcam aws setup` prints the whole policy",
                because=f"{who} may not use {action} on {on}" if needed else "",
            )
        if self.refusal is Refusal.UNREACHABLE:
            return Finding(
                check=check,
                grade=Grade.UNKNOWN,
                found=f"{on} does not answer: {self.said}",
                cure="see network, region and the status page of AWS; it is tried again by itself",
                because=f"{on} does not answer" if needed else "",
            )
        grade = Grade.BROKEN if needed else Grade.WARNING
        found = f"{action} on {on}: {self.said}"
        return Finding(check=check, grade=grade, found=found, because=found if needed else "")


def ask(call: Callable[..., Any], **asked: Any) -> dict[str, Any]:
    """The answer of one call of boto3.

    Raises:
        NotDone: it was refused, or there was no answer.
    """
    from botocore.exceptions import (  # noqa: PLC0415  # with boto3
        BotoCoreError,
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        PartialCredentialsError,
        SSOError,
    )

    try:
        answer: dict[str, Any] = call(**asked)
    except ClientError as error:
        raise _not_done(error.response) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, SSOError) as error:
        raise NotDone(Refusal.CREDENTIALS, type(error).__name__) from None
    except BotoCoreError as error:
        raise NotDone(Refusal.UNREACHABLE, _line(str(error))) from None
    return answer


def date_of(answer: dict[str, Any]) -> str:
    """What time AWS has, as an answer says it; empty where it does not."""
    return str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))


def _not_done(response: dict[str, Any]) -> NotDone:
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    date = date_of(response)
    if any(word in code for word in FAULTS_OF_CREDENTIALS):
        # Its message may repeat what was signed, and with it a token.
        return NotDone(Refusal.CREDENTIALS, code, date=date)
    if is_passing(code, status):
        return NotDone(Refusal.UNREACHABLE, code or f"status {status}", date=date)
    said = _line(f"{code}: {error.get('Message', '')}".rstrip(": "))
    for words, refusal in (
        (_DENIED, Refusal.DENIED),
        (_ABSENT, Refusal.ABSENT),
        (_ELSEWHERE, Refusal.ELSEWHERE),
        (_ARCHIVED, Refusal.OTHER),  # as 403, which it shares with what is not allowed
    ):
        if any(word in code for word in words):
            return NotDone(refusal, said, date=date)
    by_status = {401: Refusal.DENIED, 403: Refusal.DENIED, 404: Refusal.ABSENT, 301: Refusal.ELSEWHERE}
    return NotDone(by_status.get(status, Refusal.OTHER), said, date=date)


def _line(said: str) -> str:
    return " ".join(said.split())[:300]
