"""Goes from who we are to the newest object, and says of each step how it stands."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC

from trailcam.contracts.source import Finding, Grade, Surroundings
from trailcam.errors import WorldError
from trailcam.model.text import storable
from trailcam.model.timestamps import SECOND, span
from trailcam.sources.s3_checks import objects, policy
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, Refusal, ask
from trailcam.sources.s3_checks.filters import lets_through
from trailcam.sources.s3_checks.identity import who_we_are
from trailcam.sources.s3_checks.peeking import peek
from trailcam.sources.s3_checks.queue import Queue, look_at
from trailcam.sources.s3_checks.routes import Told, whom_it_tells
from trailcam.sources.s3_notifications import S3Object
from trailcam.sources.s3_settings import S3Settings

_MOST_BUCKETS = 10
_ON_ITS_WAY_SECONDS = 120
"""S3 tells mostly within seconds, and sometimes takes a minute or longer.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html, read 2026-11-28.
"""

_OLD_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What is looked at, with what is known from elsewhere."""

    access: Access
    surroundings: Surroundings


def examine(settings: S3Settings, *, surroundings: Surroundings) -> Iterator[Finding]:
    """See `trailcam.contracts.source.SourceType`."""
    try:
        session = settings.session()
        own = settings.own_session() if settings.role_arn else session
    except WorldError as error:
        said = error.problems[0].message
        yield Finding(check="credentials", grade=Grade.BROKEN, found=said, because=said)
        return
    if not session.region_name:
        yield Finding(
            check="region",
            grade=Grade.BROKEN,
            found="neither the settings nor the URL of the queue nor the environment name one",
            cure="write it into trailcam.toml: region = ...",
            because="no region is set",
        )
        return
    access = Access(own=own, session=session, settings=settings)
    with closing(access):
        if (yield from who_we_are(access, now=surroundings.now)):
            yield from _way(_Visit(access=access, surroundings=surroundings))


def _way(visit: _Visit) -> Iterator[Finding]:
    access, surroundings = visit.access, visit.surroundings
    buckets = _named(surroundings.places) or _named(surroundings.names)
    locations = {bucket: _location(access, bucket) for bucket in buckets[:_MOST_BUCKETS]}
    regions = [it for it in dict.fromkeys(locations.values()) if isinstance(it, str) and it]
    queue = yield from look_at(access, tries=surroundings.tries, regions=regions)
    if queue is None:
        return
    queue.arn = queue.arn or _guessed(access)
    if not surroundings.places:
        buckets += [arn.rpartition(":")[2] for arn in policy.sources(queue.statements, "s3")]
    if surroundings.peek:
        yield from peek(access, visit.access.settings.prefixes, buckets=buckets)
    if queue.seen:
        yield Finding(
            check="waiting",
            grade=Grade.OK,
            found=f"{queue.visible:,} messages, and {queue.in_flight:,} that somebody works on",
            because="" if queue.waiting else "nothing is announced: the queue is empty",
        )
    if not buckets:
        yield Finding(
            check="bucket",
            grade=Grade.WARNING,
            found="which buckets tell the queue cannot be seen from here",
            cure="name one: trailcam doctor --bucket BUCKET",
        )
    for bucket in list(dict.fromkeys(buckets))[:_MOST_BUCKETS]:
        location = locations[bucket] if bucket in locations else _location(access, bucket)
        yield from _bucket(visit, bucket, queue=queue, location=location)


def _bucket(visit: _Visit, bucket: str, *, queue: Queue, location: str | NotDone) -> Iterator[Finding]:
    access = visit.access
    if isinstance(location, NotDone):
        if location.refusal is Refusal.ABSENT:
            yield Finding(
                check="bucket",
                grade=Grade.BROKEN,
                found=f"there is no bucket {bucket}",
                cure="see its name",
                because=f"there is no bucket {bucket}",
            )
            return
        on = f"arn:aws:s3:::{bucket}"
        yield location.finding("bucket", action="s3:GetBucketLocation", on=on, who=access.who, needed=False)
        if location.refusal is Refusal.UNREACHABLE:
            return
    else:
        yield Finding(check="bucket", grade=Grade.OK, found=f"{bucket} in {location}")
    told = yield from whom_it_tells(
        access,
        bucket,
        queue=queue,
        prefixes=visit.access.settings.prefixes,
        location=location if isinstance(location, str) else "",
    )
    yield from _newest(visit, bucket, queue=queue, told=told)


def _newest(visit: _Visit, bucket: str, *, queue: Queue, told: Told) -> Iterator[Finding]:
    search = objects.Search(visit.access, bucket)
    wanted = list(visit.access.settings.prefixes) or [it.prefix for it in told.filters or ()] or [""]
    search.look(list(dict.fromkeys(wanted)), known=visit.surroundings.names)
    yield from objects.told(search)
    newest = search.newest
    if newest is None:
        return
    yield _arrival(search, newest, queue=queue, told=told, surroundings=visit.surroundings)
    yield from objects.readable(visit.access, newest)


def _arrival(
    search: objects.Search, newest: S3Object, *, queue: Queue, told: Told, surroundings: Surroundings
) -> Finding:
    """What became of the newest object."""
    called = "the newest object" if search.whole else "the newest of the objects that were looked at"
    seconds = max(0, round(surroundings.now / 1e6 - objects.written(newest).timestamp()))
    words = f"{newest.name}, {span(seconds * SECOND)} ago"
    if surroundings.read([storable(newest.origin_id or "")]):
        is_stale = search.whole and seconds > _OLD_SECONDS
        stale = f"nothing was written since {_when(newest)}" if is_stale else ""
        return Finding(
            check="newest",
            grade=Grade.WARNING if stale else Grade.OK,
            found=f"{called} was read: {words}",
            because=stale,
            arrives=not stale,
        )
    if told.filters is not None and not lets_through(newest.key, told.filters):
        return Finding(
            check="newest",
            grade=Grade.WARNING,
            found=f"{called} is not announced, for the filter keeps it back: {words}",
            cure="mend the filter of the notification, or `prefixes`",
            because=f"the filter keeps back keys such as {newest.key}",
        )
    if seconds < _ON_ITS_WAY_SECONDS:
        return Finding(check="newest", grade=Grade.OK, found=f"{called} may be on its way: {words}")
    if queue.waiting:
        return Finding(
            check="newest",
            grade=Grade.WARNING,
            found=f"{called} is not read, and may be among the messages that wait: {words}",
            because=f"{queue.waiting:,} messages wait in the queue",
        )
    return Finding(
        check="newest",
        grade=Grade.WARNING,
        found=f"{called} is not read, and no message waits: {words}",
        cure=f"S3 tells of no object that was there before: trailcam backfill s3://{newest.bucket}/...",
        because="nothing was written since the bucket tells the queue, or the message of the newest object "
        "was lost"
        if told.leads_here
        else "",
    )


def _location(access: Access, bucket: str) -> str | NotDone:
    """The region of a bucket.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html (null, EU; read
    2026-11-28).
    """
    try:
        said = ask(access.s3.get_bucket_location, Bucket=bucket).get("LocationConstraint")
    except NotDone as refused:
        return refused
    return {"": "us-east-1", "EU": "eu-west-1"}.get(said or "", said or "")


def _named(places: Sequence[str]) -> list[str]:
    """The buckets of places, which are names or `s3://bucket/key`."""
    return list(dict.fromkeys(it.removeprefix("s3://").partition("/")[0] for it in places if it))


def _guessed(access: Access) -> str:
    """The ARN of a queue that may not be looked at, but for the partition."""
    *_, owner, name = access.queue.rstrip("/").split("/")
    return f"arn:aws:sqs:{access.region}:{owner}:{name}"


def _when(it: S3Object) -> str:
    return f"{objects.written(it).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
