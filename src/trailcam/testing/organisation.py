"""The organisation that is simulated: accounts, regions, machines, buckets, addresses. Nothing of it exists.

Its facts are the same for every seed, so that rules and lookup tables can name them.
Addresses and accounts are those kept for documentation (RFC 5737, RFC 3849; AWS's own pages).
"""

import hashlib
from dataclasses import dataclass

PRODUCTION = "111122223333"
STAGING = "444455556666"
SECURITY = "123456789012"
LOG_ARCHIVE = "555555555555"
ACCOUNTS = {
    PRODUCTION: "production",
    STAGING: "staging",
    SECURITY: "security",
    LOG_ARCHIVE: "log-archive",
}

HOME_REGIONS = ("us-east-1", "us-west-2")
"""Where the organisation works."""
FOREIGN_REGION = "ap-southeast-2"
"""Where it does not."""

IDENTITY_STORE = "d-9067example"
NEW_YORK, SEATTLE = "198.51.100.24", "198.51.100.87"
"""The two offices."""
RUNNERS = ("192.0.2.40", "192.0.2.41", "192.0.2.42", "192.0.2.43")
"""Machines that build and deploy."""
NAT_EAST, NAT_WEST = "192.0.2.110", "192.0.2.111"

ATTACKER = "203.0.113.66"
"""GreyNoise knows it as malicious."""
SCANNER = "203.0.113.200"
"""GreyNoise knows it as a benign scanner."""
STRANGER = "203.0.113.131"
"""GreyNoise has seen it and knows nothing of it; alice is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket of S3; no two in the world have one name."""

    name: str
    account: str
    region: str

    @property
    def host(self) -> str:
        """Where it answers."""
        return f"{self.name}.s3.{self.region}.amazonaws.com"

    @property
    def arn(self) -> str:
        """Its ARN, to which `/` and a key are added for one of an object."""
        return f"arn:aws:s3:::{self.name}"


TRAIL_BUCKET = Bucket(name="example-organisation-trail", account=LOG_ARCHIVE, region="us-east-1")
PAYROLL_BUCKET = Bucket(name="example-payroll", account=PRODUCTION, region="us-east-1")
DESTINATION_BUCKET = Bucket(name="example-transfer", account="777788889999", region="us-east-1")
"""Nobody's in the organisation: the attacker copies there."""


def bucket(purpose: str, account: str, region: str) -> Bucket:
    """The bucket that an account has for a purpose in a region."""
    return Bucket(name=f"example-{purpose}-{ACCOUNTS[account]}-{region}", account=account, region=region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A machine in EC2."""

    id: str
    name: str
    account: str
    region: str
    crucial: bool = False
    """Its end is felt by customers at once."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:ec2:{self.region}:{self.account}:instance/{self.id}"


def _instance(name: str, account: str, region: str, *, crucial: bool = False) -> Instance:
    made_up = hashlib.sha256(f"{account}/{name}".encode()).hexdigest()[:16]
    return Instance(id=f"i-0{made_up}", name=name, account=account, region=region, crucial=crucial)


INSTANCES = (
    Instance(
        id="i-0a11ce00000000001", name="ledger-database", account=PRODUCTION, region="us-east-1", crucial=True
    ),
    Instance(
        id="i-0a11ce00000000002", name="order-gateway", account=PRODUCTION, region="us-east-1", crucial=True
    ),
    *(_instance(f"web-{number}", PRODUCTION, "us-east-1") for number in range(1, 9)),
    *(_instance(f"worker-{number}", PRODUCTION, "us-west-2") for number in range(1, 7)),
    *(_instance(f"web-{number}", STAGING, "us-east-1") for number in range(1, 4)),
    *(_instance(f"build-{number}", STAGING, "us-west-2") for number in range(1, 6)),
)


_BY_PLACE = {
    place: tuple(one for one in INSTANCES if (one.account, one.region) == place)
    for place in {(one.account, one.region) for one in INSTANCES}
}


def instances(account: str, region: str) -> tuple[Instance, ...]:
    """The machines of an account in a region; empty where there are none."""
    return _BY_PLACE.get((account, region), ())


def key_id(account: str, region: str) -> str:
    """The KMS key with which an account encrypts in a region."""
    made_up = hashlib.sha256(f"{account}/{region}".encode()).hexdigest()
    return f"{made_up[:8]}-{made_up[8:12]}-4{made_up[13:16]}-8{made_up[17:20]}-{made_up[20:32]}"
