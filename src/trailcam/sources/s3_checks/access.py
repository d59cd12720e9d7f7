"""Clients of AWS as a source has them, and who we are there."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trailcam.sources.aws import endpoint_of_queue
from trailcam.sources.s3_settings import S3Settings


@dataclass(kw_only=True)
class Access:
    """What is looked through, until it is closed. `who` is how a cure names us, until that is known."""

    own: Any
    """Our own session."""
    session: Any
    """The session by which queue and objects are read: that of the role, if there is one."""
    settings: S3Settings
    who: str = "these credentials"
    _opened: list[Any] = field(default_factory=list, repr=False)

    @property
    def queue(self) -> str:
        """The URL of the queue."""
        return self.settings.queue

    @property
    def region(self) -> str:
        """That of the session: of the settings, of the queue's URL, or of the environment."""
        return str(self.session.region_name)

    @cached_property
    def sqs(self) -> Any:
        """The client of the queue."""
        return self.client("sqs", endpoint=endpoint_of_queue(self.queue))

    @cached_property
    def s3(self) -> Any:
        """The client of buckets."""
        client = self.settings.objects(self.session).client()
        self._opened.append(client)
        return client

    def client(self, service: str, *, region: str = "", endpoint: str = "", own: bool = False) -> Any:
        """Another client: of a region, at a server, by our own credentials instead of the role's."""
        from botocore.config import Config  # noqa: PLC0415  # with boto3

        session = self.own if own else self.session
        config = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2, "mode": "standard"})
        client = session.client(
            service, region_name=region or self.region or None, endpoint_url=endpoint or None, config=config
        )
        self._opened.append(client)
        return client

    def close(self) -> None:
        """Closes all clients."""
        for client in self._opened:
            client.close()
