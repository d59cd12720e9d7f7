"""AWS itself: services that look after what they run, write logs, and use roles of their own."""

from collections.abc import Sequence

from trailcam.model.timestamps import Micros
from trailcam.testing.call import Call, Place
from trailcam.testing.caller import Caller, assumed_role, aws_service
from trailcam.testing.calls import applications, ec2, kms, reads, s3
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.habit import ALWAYS, Begin, Habit
from trailcam.testing.organisation import (
    HOME_REGIONS,
    LOG_ARCHIVE,
    PRODUCTION,
    SECURITY,
    STAGING,
    TRAIL_BUCKET,
)
from trailcam.testing.record import Act


def habits() -> tuple[Habit, ...]:
    """CloudTrail, Config, scaling groups and KMS."""
    everywhere = Deck(
        tuple(
            (weight, (account, region))
            for account, weight in ((PRODUCTION, 4.0), (STAGING, 3.0), (SECURITY, 1.0), (LOG_ARCHIVE, 1.0))
            for region in HOME_REGIONS
        )
    )
    machines = Deck(
        tuple((1.0, (account, region)) for account in (PRODUCTION, STAGING) for region in HOME_REGIONS)
    )
    return (
        Habit(
            name="trail",
            weight=14,
            hours=ALWAYS,
            places=Deck(((1, (LOG_ARCHIVE, "us-east-1")),)),
            calls=Deck(((8, _deliver), (1, _look_at_bucket), (2, kms.generate_data_key))),
            session_minutes=1_440,
            begin=_service("cloudtrail"),
        ),
        Habit(
            name="recorder",
            weight=12,
            hours=ALWAYS,
            places=everywhere,
            calls=Deck(tuple((1.0, call) for call in (*reads.MACHINES, *reads.STORES, *reads.IDENTITIES))),
            refusals=0.01,
            session_minutes=60,
            begin=_linked_role("config", "AWSServiceRoleForConfig", "AWSConfig-Describe"),
        ),
        Habit(
            name="scaling",
            weight=10,
            hours=ALWAYS,
            places=machines,
            calls=Deck(
                (
                    (6, applications.describe_target_health),
                    (3, ec2.describe_one),
                    (2, reads.DESCRIBE_INSTANCES),
                )
            ),
            session_minutes=60,
            begin=_linked_role("autoscaling", "AWSServiceRoleForAutoScaling", "AutoScaling"),
        ),
        Habit(
            name="keys",
            weight=0.05,
            hours=ALWAYS,
            places=machines,
            calls=Deck(((1, kms.rotated),)),
            session_minutes=1_440,
            begin=_service("kms"),
        ),
    )


def _deliver(place: Place, chance: Chance) -> Call:
    about = chance.pick((PRODUCTION, STAGING, SECURITY))
    key = f"AWSLogs/{about}/CloudTrail/{place.region}/{chance.letters(16)}.json.gz"
    return s3.put_object(chance, TRAIL_BUCKET, key)


def _look_at_bucket(_place: Place, chance: Chance) -> Call:
    return s3.about_bucket("GetBucketAcl", chance, TRAIL_BUCKET, asked="acl")


def _service(name: str) -> Begin:
    def begin(account: str, _at: Micros, _chance: Chance) -> tuple[Caller, Sequence[Act]]:
        return aws_service(account, name), ()

    return begin


def _linked_role(service: str, role: str, session: str) -> Begin:
    def begin(account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
        name = f"{service}.amazonaws.com"
        caller = assumed_role(
            account,
            role,
            session,
            began=at,
            chance=chance,
            address=name,
            agent=name,
            path=f"aws-service-role/{name}/",
            service=name,
        )
        return caller, ()

    return begin
