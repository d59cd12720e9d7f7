"""Whom a bucket tells of new objects, and whether that leads to our queue: itself, by SNS, by EventBridge."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trailcam.contracts.source import Finding, Grade
from trailcam.sources.aws import endpoint_of_queue
from trailcam.sources.s3_checks import policy
from trailcam.sources.s3_checks.access import Access
from trailcam.sources.s3_checks.asking import NotDone, Refusal, ask
from trailcam.sources.s3_checks.filters import KeyFilter, key_filter, passing
from trailcam.sources.s3_checks.policy import Sending
from trailcam.sources.s3_checks.queue import Queue

_MOST_SHOWN = 3
_MOST_PAGES = 20
_SETUP = "`trailcam aws setup` prints what the bucket must be told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the ways from a bucket to the queue."""

    leads_here: bool
    filters: tuple[KeyFilter, ...] | None = None
    """Of all ways that lead here; None where they cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """One whom the bucket tells of new objects."""

    findings: Sequence[Finding]
    is_ours: bool
    """Whether it is seen to be meant for the queue; else it may be another product's."""
    filter: KeyFilter | None = None
    """None where nothing is known of it: what rules of EventBridge ask for is not weighed."""

    @property
    def leads_here(self) -> bool:
        """Whether nothing is known that keeps it from that."""
        return all(it.grade is not Grade.BROKEN for it in self.findings)


def whom_it_tells(
    access: Access, bucket: str, *, queue: Queue, prefixes: Sequence[str], location: str
) -> Generator[Finding, None, Told]:
    """Findings, and in the end what was found."""
    try:
        said = ask(access.s3.get_bucket_notification_configuration, Bucket=bucket)
    except NotDone as refused:
        yield refused.finding(
            "notification",
            action="s3:GetBucketNotification",
            on=f"arn:aws:s3:::{bucket}",
            who=access.who,
            needed=False,
        )
        return Told(leads_here=True)
    ways = list(_ways(access, bucket, said, queue=queue, location=location))
    if not any(way.leads_here for way in ways):
        ways += _by_trail(access, bucket, queue)
    if not ways:
        others = [it["QueueArn"] for it in said.get("QueueConfigurations", ()) if _new(it)]
        yield _tells_others(bucket, others)
        return Told(leads_here=False)
    yield from _told(ways)
    leading = [way for way in ways if way.leads_here]
    filters = tuple(way.filter for way in leading or ways if way.filter is not None)
    if len(filters) < len(leading or ways):
        return Told(leads_here=bool(leading))
    if leading:
        yield from _filtered(bucket, prefixes, filters)
    return Told(leads_here=bool(leading), filters=filters)


def _told(ways: Sequence[_Way]) -> Iterator[Finding]:
    """What was found of the ways. One that leads here is enough, and others are not to be bent to lead here
    too: what they announced would come twice."""
    leads = any(way.leads_here for way in ways)
    surely = any(way.leads_here and way.is_ours for way in ways)
    for way in ways:
        if way.leads_here or not leads:
            yield from way.findings
        elif not surely:
            yield from map(_milder, way.findings)
        elif way.is_ours:
            yield from (replace(_milder(it), because="") for it in way.findings)


def _milder(it: Finding) -> Finding:
    return replace(it, grade=Grade.WARNING) if it.grade is Grade.BROKEN else it


def _ways(
    access: Access, bucket: str, said: dict[str, Any], *, queue: Queue, location: str
) -> Iterator[_Way]:
    """All whom the bucket tells of new objects, but for queues of others."""
    for it in said.get("QueueConfigurations", ()):
        if _same(it["QueueArn"], queue.arn) and _new(it):
            findings = [*_not_all(it, bucket), *_direct(access, bucket, queue, location)]
            yield _Way(findings=findings, is_ours=True, filter=key_filter(it))
    for it in said.get("TopicConfigurations", ()):
        if _new(it):
            way = _by_topic(access, it["TopicArn"], queue)
            yield replace(way, findings=[*_not_all(it, bucket), *way.findings], filter=key_filter(it))
    if "EventBridgeConfiguration" in said:
        yield _by_eventbridge(access, queue)


def _new(configuration: dict[str, Any]) -> list[str]:
    """The events it tells of that are new objects."""
    events = [str(event) for event in configuration.get("Events", ())]
    return [event for event in events if event.startswith("s3:ObjectCreated:")]


def _not_all(configuration: dict[str, Any], bucket: str) -> Iterator[Finding]:
    new = _new(configuration)
    if "s3:ObjectCreated:*" not in new:
        yield Finding(
            check="notification",
            grade=Grade.WARNING,
            found=f"{bucket} tells of {', '.join(new)} only: an object that comes in another way is missed",
            cure="let it tell of s3:ObjectCreated:*",
        )


def _direct(access: Access, bucket: str, queue: Queue, location: str) -> Iterator[Finding]:
    # Source: https://github.com/awsdocs/amazon-s3-user-guide, setup-event-notification-destination.md (queue
    # and bucket lie in one region; read 2026-11-28).
    if location and access.region and location != access.region:
        yield Finding(
            check="notification",
            grade=Grade.BROKEN,
            found=f"{bucket} lies in {location}, the queue in {access.region}: S3 tells only its own region",
            cure=f"make the queue in {location}, or lead there by SNS",
            because=f"the bucket lies in {location} and the queue in {access.region}",
        )
    yield from _allowed(queue, service=policy.S3, arn=f"arn:aws:s3:::{bucket}", sender=f"the bucket {bucket}")
    yield Finding(check="notification", grade=Grade.OK, found=f"{bucket} tells the queue")


def _by_topic(access: Access, topic: str, queue: Queue) -> _Way:
    """Whether a topic tells the queue what it is told."""
    try:
        subscription = _subscription(access, topic, queue)
    except NotDone as refused:
        if refused.refusal is Refusal.ABSENT:
            gone = f"the topic that the bucket tells is not there: {topic}"
            finding = Finding(check="notification", grade=Grade.BROKEN, found=gone, because=gone)
            return _Way(findings=[finding], is_ours=False)
        action = "sns:ListSubscriptionsByTopic"
        finding = refused.finding("notification", action=action, on=topic, who=access.who, needed=False)
        return _Way(findings=[finding, *_topic_allowed(topic, queue)], is_ours=False)
    if subscription is None:
        finding = Finding(
            check="notification",
            grade=Grade.BROKEN,
            found=f"the bucket tells {topic}, to which the queue is not subscribed",
            cure=f"aws sns subscribe --topic-arn {topic} --protocol sqs --notification-endpoint {queue.arn}",
            because=f"the queue is not subscribed to {topic}",
        )
        return _Way(findings=[finding], is_ours=False)
    if not subscription.startswith("arn:"):
        finding = Finding(
            check="notification",
            grade=Grade.BROKEN,
            found=f"the subscription to {topic} is not confirmed",
            cure="subscribe the queue as the owner of the queue: that needs no confirmation",
            because=f"the subscription of the queue to {topic} is not confirmed",
        )
        return _Way(findings=[finding], is_ours=True)
    findings = list(_topic_allowed(topic, queue))
    if _is_filtered(access, topic, subscription):
        filtered = Finding(
            check="filter",
            grade=Grade.WARNING,
            found=f"the subscription to {topic} has a filter policy, which may keep things back",
            cure=f"aws sns get-subscription-attributes --subscription-arn {subscription}",
        )
        findings.insert(0, filtered)
    findings.append(Finding(check="notification", grade=Grade.OK, found=f"{topic} tells the queue"))
    return _Way(findings=findings, is_ours=True)


def _topic_allowed(topic: str, queue: Queue) -> Iterator[Finding]:
    return _allowed(queue, service=policy.SNS, arn=topic, sender=f"the topic {topic}")


def _by_eventbridge(access: Access, queue: Queue) -> _Way:
    action = "events:ListRuleNamesByTarget"
    client = access.client("events", endpoint=endpoint_of_queue(access.queue))
    try:
        rules = ask(client.list_rule_names_by_target, TargetArn=queue.arn).get("RuleNames", [])
    except NotDone as refused:
        finding = refused.finding("notification", action=action, on=queue.arn, who=access.who, needed=False)
        return _Way(findings=[finding], is_ours=False)
    if not rules:
        finding = Finding(
            check="notification",
            grade=Grade.BROKEN,
            found="the bucket tells EventBridge, where no rule leads to the queue",
            cure='make a rule for "Object Created" of this bucket with the queue as its target',
            because="no rule of EventBridge leads to the queue",
        )
        return _Way(findings=[finding], is_ours=False)
    _, partition, _, region, account, _ = queue.arn.split(":", 5)
    findings = [
        finding
        for rule in rules
        for finding in _allowed(
            queue,
            service=policy.EVENTS,
            arn=f"arn:{partition}:events:{region}:{account}:rule/{rule}",
            sender=f"the rule {rule}",
        )
    ]
    named = f"rules of EventBridge: {', '.join(rules)}"
    findings.append(Finding(check="notification", grade=Grade.OK, found=named))
    return _Way(findings=findings, is_ours=True)


def _by_trail(access: Access, bucket: str, queue: Queue) -> Iterator[_Way]:
    """A trail may tell a topic by itself, past the bucket: what the queue's policy lets send may be one."""
    for topic in policy.sources(queue.statements, "sns"):
        if _by_topic(access, topic, queue).leads_here:
            finding = Finding(
                check="notification",
                grade=Grade.WARNING,
                found=f"{bucket} tells nobody that leads here; {topic} does, if its trail tells it",
                cure=f"see that the trail has this topic: aws cloudtrail describe-trails; or {_SETUP}",
                because=f"perhaps nobody tells {topic} of new objects",
            )
            yield _Way(findings=[finding], is_ours=False)
            return


def _tells_others(bucket: str, queues: Sequence[str]) -> Finding:
    others = f"only {', '.join(queues[:_MOST_SHOWN])}" if queues else "nobody"
    return Finding(
        check="notification",
        grade=Grade.BROKEN,
        found=f"{bucket} tells {others} of new objects, and not the queue",
        cure=_SETUP,
        because=f"the bucket {bucket} does not tell the queue of new objects",
    )


def _allowed(queue: Queue, *, service: str, arn: str, sender: str) -> Iterator[Finding]:
    if not queue.seen:
        return
    allowed = policy.may_send(queue.statements, service=service, arn=arn)
    if allowed is Sending.NO:
        yield Finding(
            check="policy",
            grade=Grade.BROKEN,
            found=f"the policy of the queue does not let {sender} send",
            cure=f"allow sqs:SendMessage to {service} for aws:SourceArn {arn}; see `trailcam aws setup`",
            because=f"the policy of the queue does not let {sender} send",
        )
    elif allowed is Sending.PERHAPS:
        yield Finding(
            check="policy",
            grade=Grade.WARNING,
            found=f"whether it lets {sender} send hangs on a condition that only AWS can weigh",
            cure="look at the queue's policy",
        )
    else:
        yield Finding(check="policy", grade=Grade.OK, found=f"lets {sender} send")


def _filtered(bucket: str, prefixes: Sequence[str], filters: Sequence[KeyFilter]) -> Iterator[Finding]:
    passes = passing(prefixes, filters)
    told = ", or ".join(str(it) for it in filters)
    for prefix in passes.nothing:
        kept_all = not passes.whole and not passes.in_part
        yield Finding(
            check="filter",
            grade=Grade.BROKEN,
            found=f"{bucket} tells only of keys that {told}; wanted are those that begin {prefix}",
            cure="mend `prefixes` in trailcam.toml, or the filter of the notification",
            because=f"the bucket tells only of keys that {told}" if kept_all else "",
        )
    for prefix, it in passes.in_part:
        wanted = f"of what begins {prefix}" if prefix else "of all keys"
        yield Finding(
            check="filter",
            grade=Grade.WARNING if prefix else Grade.OK,
            found=f"{wanted}, {bucket} tells only of keys that {it}",
        )
    if passes.whole and not passes.nothing and not passes.in_part:
        yield Finding(check="filter", grade=Grade.OK, found=f"lets through all that is wanted of {bucket}")


def _subscription(access: Access, topic: str, queue: Queue) -> str | None:
    """The ARN of the queue's subscription, or a word instead of one; None where there is none.

    Raises:
        NotDone: the subscriptions may not be seen.
    """
    client = _sns(access, topic)
    token: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = ask(client.list_subscriptions_by_topic, TopicArn=topic, **token)
        for it in page.get("Subscriptions", ()):
            if _same(it.get("Endpoint", ""), queue.arn):
                return str(it["SubscriptionArn"])
        if not page.get("NextToken"):
            break
        token = {"NextToken": page["NextToken"]}
    return None


def _is_filtered(access: Access, topic: str, subscription: str) -> bool:
    try:
        answer = ask(_sns(access, topic).get_subscription_attributes, SubscriptionArn=subscription)
    except NotDone:  # it is more than is asked of anybody: nothing is told of it
        return False
    return answer.get("Attributes", {}).get("FilterPolicy", "{}") not in ("", "{}")


def _sns(access: Access, topic: str) -> Any:
    return access.client("sns", region=topic.split(":")[3], endpoint=endpoint_of_queue(access.queue))


def _same(arn: str, other: str) -> bool:
    """Whether two ARNs name one thing, whatever the partition: of a queue that we may not see we guess it."""
    return arn.split(":")[2:] == other.split(":")[2:]
