"""What can go wrong between a client and S3 or SQS, and when: a proxy passes on the rest.

Sources of what is imitated, all read 2026-11-28:
    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (the XML, codes and status)
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html (InternalError, SlowDown: to be
        tried again)
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
    https://docs.aws.amazon.com/botocore/latest/reference/services/sqs/client/exceptions/RequestThrottled.html
"""

import json
import random
import re
import threading
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Request:
    """What came in, what was done to it, and the status that went back: 0 when nothing did."""

    method: str
    path: str
    """Without the query, `%` decoded: `/bucket/key`."""
    query: str
    operation: str
    """Of SQS and others that name it in a header: `ReceiveMessage`; of S3 nothing."""
    status: int = 0
    fault: "Fault | None" = None


@dataclass(frozen=True)
class Refuse:
    """An answer of the server that it does not do it, in the form of S3, or of SQS when a request is one to it."""

    status: int
    code: str
    message: str

    def answer(self, request: Request) -> bytes:
        """The whole answer."""
        if request.operation:
            kind = "application/x-amz-json-1.0"
            body = json.dumps({"__type": f"com.amazonaws.sqs#{self.code}", "message": self.message})
        else:
            kind = "application/xml"
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
                f"<Resource>{escape(request.path)}</Resource><RequestId>4442587FB7D0A2F9</RequestId></Error>"
            )
        sent = "" if request.method == "HEAD" else body
        return (
            f"HTTP/1.1 {self.status} {self.code}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body.encode())}\r\n\r\n{sent}"
        ).encode()


@dataclass(frozen=True)
class Reset:
    """The connection is reset: before the request is passed on, or after the server has done it."""

    done: bool = False


@dataclass(frozen=True)
class Cut:
    """The answer ends after so many bytes of its body, as if it were whole but for its announced length."""

    kept_bytes: int = 100
    stall_seconds: float = 0
    """How long nothing comes before it ends."""


@dataclass(frozen=True)
class Delay:
    """The request is passed on when this time is over."""

    seconds: float


Fault = Refuse | Reset | Cut | Delay

INTERNAL_ERROR = Refuse(500, "InternalError", "An internal error occurred. Try again.")
SLOW_DOWN = Refuse(503, "SlowDown", "Please reduce your request rate.")
ACCESS_DENIED = Refuse(403, "AccessDenied", "Access Denied")
NO_SUCH_KEY = Refuse(404, "NoSuchKey", "The specified key does not exist.")
NO_SUCH_BUCKET = Refuse(404, "NoSuchBucket", "The specified bucket does not exist")
THROTTLED = Refuse(403, "RequestThrottled", "The request was denied due to request throttling.")
UNAVAILABLE = Refuse(
    503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."
)


@dataclass
class _Rule:
    fault: Fault
    method: str | None
    path: re.Pattern[str]
    operation: str | None
    left: int | None
    share: float
    rng: random.Random

    def strikes(self, request: Request) -> bool:
        """Whether it does, which counts."""
        if self.method not in (None, request.method) or self.operation not in (None, request.operation):
            return False
        if self.left == 0 or not self.path.search(request.path) or self.rng.random() >= self.share:
            return False
        if self.left is not None:
            self.left -= 1
        return True


@dataclass
class Faults:
    """The faults that are set, and the requests that came; to be used by any thread."""

    endpoint: str
    _rules: list[_Rule] = field(default_factory=list)
    _requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        path: str = "",
        operation: str | None = None,
        times: int | None = None,
        share: float = 1.0,
        seed: int = 1,
    ) -> Self:
        """Sets a fault for requests of a method or operation whose path a regular expression finds.

        It strikes the first so many of them, or all; of these a share by chance. The first that strikes counts.
        """
        rule = _Rule(fault, method, re.compile(path), operation, times, share, random.Random(seed))
        with self._lock:
            self._rules.append(rule)
        return self

    def clear(self) -> None:
        """Takes all faults away; requests that are on their way keep theirs."""
        with self._lock:
            self._rules.clear()

    def requests(
        self, *, method: str | None = None, path: str = "", operation: str | None = None
    ) -> list[Request]:
        """Those that came and were answered or failed, in the order in which that began."""
        with self._lock:
            return [
                one
                for one in self._requests
                if method in (None, one.method)
                and operation in (None, one.operation)
                and re.search(path, one.path)
            ]

    def forget(self) -> None:
        """Forgets the requests that came."""
        with self._lock:
            self._requests.clear()

    def fault_of(self, request: Request) -> Fault | None:
        """What shall happen to a request."""
        with self._lock:
            return next((rule.fault for rule in self._rules if rule.strikes(request)), None)

    def note(self, request: Request) -> None:
        """Keeps what became of a request."""
        with self._lock:
            self._requests.append(request)


def request_of(method: str, target: str, headers: dict[str, str]) -> Request:
    """The request that a head announces."""
    path, _, query = target.partition("?")
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    return Request(method=method, path=unquote(path), query=query, operation=operation)
