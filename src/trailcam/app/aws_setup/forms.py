"""The forms of AWS's names, and what to tell when something is not of its form."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: what has it, and how to mend what has not. Patterns are matched whole, in ASCII."""

    what: str
    pattern: str
    hint: str

    def fits(self, text: str) -> re.Match[str] | None:
        """The match of the whole text."""
        return re.fullmatch(self.pattern, text, re.ASCII)


BUCKET = Form(
    what="the name of a bucket",
    pattern=r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--|sthree-)(?!.*\.\.)(?!.*(?:-s3alias|--ol-s3|--x-s3|--table-s3|\.mrap)$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    hint="3 to 63 of a-z, 0-9, - and ., without s3:// and without a folder, which is for --prefix; "
    "a directory bucket, an alias or an access point will not do",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html (read 2026-11-28)."""

ACCOUNT = Form(
    what="the number of an account",
    pattern=r"\d{12}",
    hint='12 digits without "-": aws sts get-caller-identity --query Account --output text',
)
"""Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
(read 2026-11-28)."""

ORGANIZATION = Form(
    what="the id of an organisation",
    pattern=r"o-[a-z0-9]{10,32}",
    hint="o- and 10 to 32 of a-z and 0-9: aws organizations describe-organization --query Organization.Id",
)
"""Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
(read 2026-11-28)."""

PRINCIPAL = Form(
    what="the ARN of a role, a user or an account's root",
    pattern=r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):"
    r"(?:root|(?P<kind>user|role)/(?P<path>(?:[!-~]*/)?)(?P<name>[\w+=,.@-]{1,64}))",
    hint="like arn:aws:iam::444455556666:role/trailcam: aws iam list-roles --query 'Roles[].Arn'",
)
"""Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (paths, characters,
lengths; read 2026-11-28)."""

SESSION = Form(
    what="the ARN of a role's session",
    pattern=r"arn:(?P<partition>[a-z-]+):sts::(?P<account>\d{12}):assumed-role/(?P<name>[\w+=,.@-]{1,64})/.+",
    hint="",
)
"""What `aws sts get-caller-identity` answers to a role: as `userIdentity.arn` in CloudTrail's own records."""

TOPIC = Form(
    what="the ARN of a standard topic",
    pattern=r"arn:(?P<partition>[a-z-]+):sns:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):[\w-]{1,256}",
    hint="like arn:aws:sns:eu-central-1:111122223333:new-objects; S3 cannot send to a .fifo topic",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html (no FIFO topics) and
https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html (read 2026-11-28)."""

KEY = Form(
    what="the ARN of a key",
    pattern=r"arn:(?P<partition>[a-z-]+):kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/[a-zA-Z0-9-]{1,256}",
    hint="like arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab; "
    "an alias will not do in a policy: aws kms describe-key --key-id ALIAS --query KeyMetadata.Arn",
)
"""Source: https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html (no aliases; read
2026-11-28)."""

NAME = Form(
    what="a name for what is made",
    pattern=r"[a-zA-Z][a-zA-Z0-9-]{0,49}",
    hint="up to 50 of A-Z, a-z, 0-9 and -, a letter first",
)
"""What queues (80 characters with our endings), roles (64) and stacks have in common.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html, and of a role as
at `PRINCIPAL` (read 2026-11-28)."""

EXTERNAL_ID = Form(
    what="an external id",
    pattern=r"[\w+=,.@:/-]{2,1224}",
    hint="2 to 1224 of A-Z, a-z, 0-9 and _ + = , . @ : / -; leave it out, and one is made",
)
"""Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (read 2026-11-28)."""

MOST_KEY_BYTES = 1024
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_FilterRule.html (read 2026-11-28)."""


def key_part_problem(text: str) -> str:
    """Why a text cannot be the beginning or the end of followed keys; empty when it can.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    (no wildcards; read 2026-11-28).
    """
    if not text.isprintable():
        return "holds control characters"
    if "*" in text:
        return "holds a *: filters have no wildcards, a * there stands for itself and S3 refuses it"
    if len(text.encode()) > MOST_KEY_BYTES:
        return f"is longer than {MOST_KEY_BYTES:,} bytes"
    return ""
