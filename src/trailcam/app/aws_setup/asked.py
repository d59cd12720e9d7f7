"""From what a person asked for to a setup, or to all that is wrong with it, at once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trailcam.app.aws_setup import forms
from trailcam.app.aws_setup.forms import Form
from trailcam.app.aws_setup.place import Principal, Setup, default_external_id, default_prefix
from trailcam.errors import Problem, TrailcamError, code, nearest

CANARY_NAME = ".json"
"""How the names of canaries end, which sources plant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for, unchecked. None was not given."""

    bucket: str | None = None
    account: str | None = None
    region: str | None = None
    principal: str | None = None
    prefixes: Sequence[str] = ()
    suffix: str | None = None
    organization: str | None = None
    topic: str | None = None
    kms_key: str | None = None
    external_id: str | None = None
    name: str = "trailcam"
    canary: bool = False


def check(asked: Asked) -> Setup:
    """The setup that was asked for.

    Raises:
        TrailcamError: TC0104 something is missing, TC0150 a value is none that AWS takes, TC0151 values do
            not fit together; all of them at once.
    """
    problems: list[Problem] = []

    def take(option: str, value: str | None, form: Form, *, needed: bool = False) -> re.Match[str] | None:
        found = None if value is None else form.fits(value)
        if value is None and needed:
            problems.append(_missing(option, form))
        elif value is not None and found is None:
            problems.append(_bad(f"{option} is not {form.what}: {value!r}", form.hint))
        return found

    bucket = take("--bucket", asked.bucket, forms.BUCKET, needed=True)
    account = take("--account", asked.account, forms.ACCOUNT, needed=True)
    region, partition, dns_suffix = _region(asked.region, problems)
    organization = take("--organization", asked.organization, forms.ORGANIZATION)
    principal = _principal(asked.principal, problems)
    topic = take("--topic", asked.topic, forms.TOPIC)
    kms_key = take("--kms-key", asked.kms_key, forms.KEY)
    take("--name", asked.name, forms.NAME, needed=True)
    take("--external-id", asked.external_id, forms.EXTERNAL_ID)
    for option, texts in (("--prefix", asked.prefixes), ("--suffix", [asked.suffix or ""])):
        problems += _key_parts(option, texts)
    problems += _overlaps(asked.prefixes)
    problems += _unseen(asked)
    if organization:
        problems += _outside(asked.prefixes, organization[0])
    if region:
        arns = {"--principal": principal, "--topic": topic, "--kms-key": kms_key}
        problems += _elsewhere({name: arn for name, arn in arns.items() if arn}, region, partition)
    if account and principal and principal["account"] == account[0]:
        problems += _same_account(principal, external_id=asked.external_id)
    if problems or not (bucket and account and region and principal):
        raise TrailcamError(dict.fromkeys(problems))
    who = Principal(
        arn=principal[0],
        account=principal["account"],
        kind=principal["kind"] or "root",
        name=principal["name"] or "",
    )
    made_id = default_external_id(account=account[0], bucket=bucket[0], principal=who.arn, name=asked.name)
    return Setup(
        bucket=bucket[0],
        account=account[0],
        region=region,
        partition=partition,
        dns_suffix=dns_suffix,
        prefixes=tuple(asked.prefixes) or (default_prefix(account[0], asked.organization),),
        suffix=asked.suffix or "",
        principal=who,
        name=asked.name,
        organization=asked.organization,
        topic=asked.topic,
        kms_key=asked.kms_key,
        external_id=None if who.account == account[0] else asked.external_id or made_id,
        canary=asked.canary,
    )


_DIRECTIONS = re.compile("central|(north|south)?(east|west)|north|south")


def _region(region: str | None, problems: list[Problem]) -> tuple[str, str, str]:
    """The region with its partition and the suffix of its host names; three empty texts for none.

    A region of a known form that is not listed is taken, if it names a direction: regions open faster than
    libraries are updated, and `eu-centrl-1` is none.

    Source: partitions.json of botocore, which is AWS's own list.
    """
    from botocore.loaders import create_loader  # noqa: PLC0415  # only when it is used

    hint = "the region of the bucket: aws s3api get-bucket-location --bucket BUCKET; null there is us-east-1"
    if region is None:
        problems.append(_bad("--region is missing", hint, name="bad_option"))
        return "", "", ""
    known: list[str] = []
    for partition in create_loader().load_data("partitions")["partitions"]:
        formed = re.fullmatch(partition["regionRegex"].strip("^$"), region, re.ASCII)
        if formed and (region in partition["regions"] or _DIRECTIONS.fullmatch(region.split("-")[-2])):
            return region, str(partition["id"]), str(partition["outputs"]["dnsSuffix"])
        known += [name for name in partition["regions"] if not name.endswith("-global")]
    problems.append(_bad(f"--region is not a region: {region!r}", nearest(region, known) or hint))
    return "", "", ""


def _principal(arn: str | None, problems: list[Problem]) -> re.Match[str] | None:
    form = forms.PRINCIPAL
    if arn is None:
        problems.append(_missing("--principal", form))
        return None
    found = form.fits(arn)
    if found is None:
        hint = form.hint
        session = forms.SESSION.fits(arn)
        if session:
            role = f"arn:{session['partition']}:iam::{session['account']}:role/{session['name']}"
            hint = f"that is a session of a role, which ends; name the role itself, with its path: {role}"
        problems.append(_bad(f"--principal is not {form.what}: {arn!r}", hint))
    return found


def _key_parts(option: str, texts: Sequence[str]) -> list[Problem]:
    found = []
    for text in texts:
        why = forms.key_part_problem(text)
        hint = f"give what keys {'begin' if option == '--prefix' else 'end'} with, as S3 shows it"
        if not why and option == "--prefix" and text.startswith(("/", "s3://")):
            why, hint = "is no beginning of a key", "without / at its start and without the bucket: AWSLogs/"
        if why:
            found.append(_bad(f"{option} {why}: {text!r}", hint))
    return found


def _overlaps(prefixes: Sequence[str]) -> list[Problem]:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    (overlapping filters of the same events are refused; read 2026-11-28).
    """
    return [
        _unfit(
            f"--prefix {longer!r} lies inside of --prefix {shorter!r}",
            "leave the longer one out: S3 refuses filters that overlap",
        )
        for at, longer in enumerate(prefixes)
        for other, shorter in enumerate(prefixes)
        if at != other and longer.startswith(shorter) and (longer != shorter or other < at)
    ]


def _unseen(asked: Asked) -> Iterator[Problem]:
    """Canaries that no filter lets through: each would be missed, and that is an alarm."""
    suffix = asked.suffix or ""
    if asked.canary and not CANARY_NAME.endswith(suffix):
        yield _unfit(
            f"--canary plants files that end in {CANARY_NAME}, which --suffix {suffix!r} leaves out",
            "leave out one of them: the bucket would tell of no canary, and each would be an alarm",
        )


def _outside(prefixes: Sequence[str], organization: str) -> list[Problem]:
    """Prefixes below which an organisation's trail writes nothing, or something else, too."""
    wanted = f"AWSLogs/{organization}/"
    return [
        _unfit(
            f"--prefix {prefix!r} does not hold {wanted}, where a trail of --organization writes",
            f"give the trail's own prefix and that: {'/'.join([*filter(None, prefix.split('/')), wanted])}; "
            "or leave --organization out",
        )
        for prefix in prefixes
        if f"/{wanted}" not in f"/{prefix}"
    ]


def _elsewhere(arns: Mapping[str, re.Match[str]], region: str, partition: str) -> Iterator[Problem]:
    """What the bucket cannot be joined with, for it is of another region or of another partition."""
    for option, found in arns.items():
        where = found.groupdict()
        if where.get("region", region) != region:
            yield _unfit(
                f"{option} is of the region {where['region']}, and the bucket of {region}",
                "S3 uses topics and keys of the bucket's own region: check the ARN and --region",
            )
        if where["partition"] != partition:
            yield _unfit(
                f"{option} is of the partition {where['partition']}, and {region} of {partition}",
                "nothing of one partition can be allowed anything in another: check the ARN and --region",
            )


def _same_account(principal: re.Match[str], *, external_id: str | None) -> list[Problem]:
    """What only a role of another account can have, and principals that cannot be given a policy.

    Source: https://repost.aws/knowledge-center/identity-center-aws-reserved-sso (roles of IAM Identity Center
    are changed there only; those that are linked to a service are alike; read 2026-11-28).
    """
    problems = []
    if external_id is not None:
        problems.append(
            _unfit(
                "--external-id is for a role of another account, and --principal is of --account",
                "leave it out: the principal gets the policy itself and assumes nothing",
            )
        )
    if principal["name"] is None:
        problems.append(
            _unfit(
                "--principal is the whole of --account, to which no policy can be given",
                "name the role or the user that runs Trailcam",
            )
        )
    elif principal["path"].startswith(("aws-reserved/", "aws-service-role/")):
        problems.append(
            _unfit(
                f"--principal is a role of AWS's own ({principal['path']}), whose policies cannot be changed",
                "run Trailcam as a role of your own",
            )
        )
    return problems


def _missing(option: str, form: Form) -> Problem:
    return _bad(f"{option} is missing", f"{form.what}, {form.hint}", name="bad_option")


def _bad(message: str, hint: str, *, name: str = "bad_aws_value") -> Problem:
    return Problem(code=code(name), message=message, hint=hint)


def _unfit(message: str, hint: str) -> Problem:
    return Problem(code=code("aws_values_apart"), message=message, hint=hint)
