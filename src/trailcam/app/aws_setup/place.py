"""A setup that was checked: where everything lies, and how it is named there."""

import hashlib
from dataclasses import dataclass

CANARY_FOLDER = "trailcam-canary/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who runs Trailcam: a role, a user, or (`root`) whoever an account lets assume roles."""

    arn: str
    account: str
    kind: str
    """`role`, `user` or `root`."""
    name: str
    """The name without its path, by which IAM's calls know it; empty for `root`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What to follow and for whom. Every text is in the form that AWS takes: `asked.check` made it."""

    bucket: str
    account: str
    """Of the bucket, and so of the queue and of the role."""
    region: str
    """Of the bucket, and so of the queue.

    Source: https://github.com/awsdocs/amazon-s3-user-guide, setup-event-notification-destination.md (queue
    and topic lie in the region of the bucket; read 2026-11-28).
    """
    partition: str
    dns_suffix: str
    prefixes: tuple[str, ...]
    suffix: str
    """Empty: whatever the end of a key."""
    principal: Principal
    name: str
    organization: str | None = None
    topic: str | None = None
    kms_key: str | None = None
    external_id: str | None = None
    canary: bool = False

    @property
    def assumes(self) -> bool:
        """Whether Trailcam assumes a role: its principal is of another account than the bucket."""
        return self.principal.account != self.account

    @property
    def bucket_arn(self) -> str:
        """Of the bucket; it names neither region nor account."""
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def queue_name(self) -> str:
        """Of the queue that Trailcam reads."""
        return f"{self.name}-objects"

    @property
    def queue_arn(self) -> str:
        """Of the queue that Trailcam reads."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{self.queue_name}"

    @property
    def queue_url(self) -> str:
        """Of the queue that Trailcam reads: its host is that of SQS's endpoint in the region."""
        return f"https://sqs.{self.region}.{self.dns_suffix}/{self.account}/{self.queue_name}"

    @property
    def dead_letters_name(self) -> str:
        """Of the queue where messages end that were received too often."""
        return f"{self.name}-dead-letters"

    @property
    def dead_letters_arn(self) -> str:
        """Of the queue where messages end that were received too often."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{self.dead_letters_name}"

    @property
    def reader(self) -> str:
        """The name of the role that Trailcam assumes, and of the policy that says what it may."""
        return f"{self.name}-reader"

    @property
    def role_arn(self) -> str | None:
        """Of the role that Trailcam assumes; None where its own principal gets the policy."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.reader}" if self.assumes else None

    @property
    def canary_prefix(self) -> str | None:
        """Where planted events may be written: one folder, whose objects are announced like all others."""
        if not self.canary:
            return None
        first = self.prefixes[0]
        return f"{first}{'' if first.endswith('/') or not first else '/'}{CANARY_FOLDER}"

    @property
    def canary_place(self) -> str | None:
        """The same as a place in S3, as the settings name it."""
        return None if self.canary_prefix is None else f"s3://{self.bucket}/{self.canary_prefix}"

    @property
    def source(self) -> str:
        """The NAME of `[sources.NAME]` in trailcam.toml."""
        return "trail" if self.name == "trailcam" else self.name.removeprefix("trailcam-")


def default_prefix(account: str, organization: str | None) -> str:
    """Where CloudTrail writes, in a bucket whose trail has no prefix of its own.

    Of one account it is without a slash at its end: digests and insights lie beside the log, in
    `CloudTrail-Digest/` and `CloudTrail-Insight/`. Logs of other services lie in the folder above.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
    cloudtrail-log-file-validation-digest-file-structure.html (`AWSLogs/aws-account-id/CloudTrail-Digest/`, of
    an organisation `AWSLogs/O-ID/aws-account-id/`; read 2026-11-28).
    """
    return f"AWSLogs/{organization}/" if organization else f"AWSLogs/{account}/CloudTrail"


def default_external_id(*, account: str, bucket: str, principal: str, name: str) -> str:
    """An external id that is the same every time, and another one for every setup.

    It is no secret: it keeps somebody who has Trailcam follow a bucket of his own from naming this role.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html (read 2026-11-28).
    """
    digest = hashlib.sha256("\n".join((account, bucket, principal, name)).encode()).hexdigest()
    return f"trailcam-{digest[:24]}"
