"""Workloads: roles of machines, functions and nightly jobs."""

from collections.abc import Sequence
from typing import Any

from trailcam.model.timestamps import MINUTE, SECOND, Micros
from trailcam.testing.call import Call, Place
from trailcam.testing.caller import BOTO, Caller, assumed_role, aws_service
from trailcam.testing.calls import applications, ec2, kms, s3, sts
from trailcam.testing.chance import Chance, Deck
from trailcam.testing.habit import ALWAYS, CUSTOMERS, Begin, Habit
from trailcam.testing.organisation import NAT_EAST, NAT_WEST, PAYROLL_BUCKET, PRODUCTION, STAGING, instances
from trailcam.testing.record import Act

_SERVERS = ((12, PRODUCTION, "us-east-1"), (7, PRODUCTION, "us-west-2"), (3, STAGING, "us-east-1"))
_AFTER_WORK = (*(0.0,) * 23, 1.0)


def habits() -> tuple[Habit, ...]:
    """Servers of the shop, workers on functions, and the run that pays salaries."""
    return (
        *(_servers(weight, account, region) for weight, account, region in _SERVERS),
        Habit(
            name="functions",
            weight=14,
            hours=CUSTOMERS,
            places=Deck(((3, (PRODUCTION, "us-east-1")), (2, (PRODUCTION, "us-west-2")))),
            calls=Deck(
                (
                    (4, applications.create_log_stream),
                    (3, kms.generate_data_key),
                    (3, s3.write_report),
                    (2, applications.invoke),
                    (1, applications.get_secret),
                    (1, ec2.create_network_interface),
                )
            ),
            refusals=0.004,
            session_minutes=720,
            begin=_function("orders-worker", "OrderWorkerRole"),
        ),
        Habit(
            name="reports",
            weight=4,
            hours=ALWAYS,
            places=Deck(((1, (PRODUCTION, "us-west-2")),)),
            calls=Deck(((2, s3.read_report), (1, s3.write_report))),
            session_minutes=60,
            begin=_function("weekly-report", "ReportWriterRole"),
        ),
        Habit(
            name="payroll",
            weight=0.6,
            hours=_AFTER_WORK,
            weekend=0.0,
            places=Deck(((1, (PRODUCTION, "us-east-1")),)),
            calls=Deck(((1, _read_payroll),)),
            session_minutes=60,
            begin=_function("payroll-run", "PayrollRole"),
        ),
    )


def _read_payroll(_place: Place, chance: Chance) -> Call:
    return s3.get_object(chance, PAYROLL_BUCKET, f"2026/02/employee-{chance.between(1, 240):04}.pdf")


def _servers(weight: float, account: str, region: str) -> Habit:
    return Habit(
        name=f"servers-{account}-{region}",
        weight=weight,
        hours=CUSTOMERS,
        places=Deck(((1, (account, region)),)),
        calls=Deck(
            (
                (5, s3.read_asset),
                (3, kms.decrypt),
                (2, applications.get_parameter),
                (2, applications.update_instance_information),
                (1, applications.get_secret),
                (1, applications.pull_image),
            )
        ),
        refusals=0.002,
        session_minutes=45,
        begin=_on_a_machine(region),
    )


def _on_a_machine(region: str) -> Begin:
    def begin(account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
        session = assumed_role(
            account,
            "WebServerRole",
            chance.pick(instances(account, region)).id,
            began=Micros(at - chance.between(1, 50) * MINUTE),
            chance=chance,
            address=NAT_EAST if region == "us-east-1" else NAT_WEST,
            agent=BOTO,
            context={"ec2RoleDelivery": "2.0"},
        )
        began = Act(Micros(at - SECOND), aws_service(account, "ec2"), sts.assume_role(session, at=at), region)
        return session, (began,)

    return begin


def _function(name: str, role: str) -> Begin:
    def begin(account: str, at: Micros, chance: Chance) -> tuple[Caller, Sequence[Act]]:
        arn = f"arn:aws:lambda:us-east-1:{account}:function:{name}"
        scope: dict[str, Any] = {
            "inScopeOf": {"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": arn}
        }
        session = assumed_role(
            account,
            role,
            name,
            began=Micros(at - SECOND),
            chance=chance,
            address=chance.pick((NAT_EAST, NAT_WEST)),
            agent=BOTO,
            extra=scope,
        )
        call = sts.assume_role(session, at=at)
        return session, (Act(Micros(at - SECOND), aws_service(account, "lambda"), call, "us-east-1"),)

    return begin
