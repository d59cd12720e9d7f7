"""The settings of a source of S3, as a file has them and as they are used."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trailcam.forms import COUNT, NAME, Form, Key, ListOf, Plain, same_text, whole_between
from trailcam.sources.aws import make_session, region_of_queue
from trailcam.sources.s3_objects import Objects

_HIDDEN_SECONDS = 120
"""For how long what was received is hidden from others, unless that is prolonged, where nothing is set."""

LONGEST_SECONDS = 43_200
"""SQS hides nothing for longer."""

_ROLE = Plain(
    "the ARN of a role, such as arn:aws:iam::111122223333:role/trailcam",
    lambda value: isinstance(value, str) and value.startswith("arn:") and ":role/" in value,
)
_URL = Plain(
    "a URL that begins with https:// or http://",
    lambda value: isinstance(value, str) and re.match(r"https?://[^\s/@]+(/|$)", value) is not None,
)

_PLACE = Plain(
    "a place such as s3://example-trail/trailcam-canary/",
    lambda value: isinstance(value, str) and value.startswith("s3://") and value.count("/") >= 3,
)

FORM = Form(
    "[sources.NAME] of type s3",
    {
        "queue": Key(_URL, required=True, doc="The URL of the SQS queue in which objects are announced."),
        "region": Key(NAME, doc="The region of the queue; that of its URL if absent."),
        "role_arn": Key(_ROLE, doc="A role to assume for queue and objects, of this account or another."),
        "external_id": Key(NAME, doc="What the role asks of who assumes it."),
        "profile": Key(NAME, doc="A profile of AWS's own configuration files, for its credentials."),
        "prefixes": Key(
            ListOf(NAME, 0, same_text), doc="Only objects whose keys begin with one of these; all if absent."
        ),
        "canary_place": Key(
            _PLACE, doc="Where canaries are written: a folder of a bucket whose new objects are announced."
        ),
        "hidden_seconds": Key(
            whole_between(2, LONGEST_SECONDS),
            doc="For how many seconds others do not see a message that was received; prolonged while it is "
            f"worked on, so others take over so soon when a process dies. {_HIDDEN_SECONDS} if absent.",
        ),
        "pollers": Key(COUNT, doc="How many threads receive messages; 2 if absent."),
        "endpoint": Key(_URL, doc="Another server than AWS's, for the objects."),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """See `FORM` for what they mean; `name` is that of the source."""

    name: str
    queue: str
    region: str = ""
    role_arn: str = ""
    external_id: str = field(default="", repr=False)
    profile: str = ""
    prefixes: Sequence[str] = ()
    canary_place: str = ""
    hidden_seconds: int = _HIDDEN_SECONDS
    pollers: int = 2
    endpoint: str = ""

    def session(self) -> Any:
        """The session by which queue and objects are read: that of the role, if there is one.

        Raises:
            WorldError: TC0801 there is no such profile.
        """
        return make_session(
            region=self._region, role_arn=self.role_arn, external_id=self.external_id, profile=self.profile
        )

    def own_session(self) -> Any:
        """The session of whoever assumes the role.

        Raises:
            WorldError: TC0801 there is no such profile.
        """
        return make_session(region=self._region, profile=self.profile)

    def objects(self, session: Any) -> Objects:
        """What a session may read of the objects, of now and of the past."""
        return Objects(session, name=self.name, endpoint=self.endpoint)

    @property
    def _region(self) -> str:
        return self.region or region_of_queue(self.queue)
