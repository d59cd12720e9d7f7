"""The `p_any_*` lists: every address, name, id and hash of a record, from anywhere in it.

The schema says where indicators lie: a field's own `indicators`, and `anywhere` for keys and shapes that are
looked for at every depth. This is the plain path: it walks every value once.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from trailcam.model.logtype import Field, LogType, spelling
from trailcam.model.standard_fields import is_reserved

Found = Iterator[tuple[str, str]]
"""Pairs of (list name, value)."""

Scanner = Callable[[str], Found]

_ADDRESS_SHAPE = re.compile(r"[0-9a-fA-F.:]{2,45}")
_INSTANCE_SHAPE = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_EMAIL_SHAPE = re.compile(r"[^\s@<>\"'(),:;/\\\[\]]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_ARN_PARTS = 6
_HASH_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}


def address(text: str) -> Found:
    """An IPv4 or IPv6 address, trimmed; a zone (`%eth0`) is none."""
    text = text.strip()
    if _ADDRESS_SHAPE.fullmatch(text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return
        yield "p_any_ip_addresses", text


def domain(text: str) -> Found:
    """A domain name; punycode is decoded where it can be."""
    text = text.strip()
    if text.startswith("xn--") or ".xn--" in text:
        with suppress(UnicodeError):  # the text as it stands is still what the log said
            text = text.encode("ascii").decode("idna")
    if text:
        yield "p_any_domain_names", text


def hostname(text: str) -> Found:
    """An address or else a domain name; a text with blanks in it (`AWS Internal`) is neither."""
    found = list(address(text))
    if found:
        yield from found
    elif not re.search(r"\s", text.strip()):
        yield from domain(text)


def url(text: str) -> Found:
    """The host of a URL."""
    try:
        host = urlsplit(text.strip()).hostname
    except ValueError:
        return
    if host:
        yield from hostname(host)


def net_addr(text: str) -> Found:
    """The host of `host:port`."""
    yield from url(f"//{text.strip()}")


def aws_arn(text: str) -> Found:
    """An ARN, and the account, instance and e-mail address that lie in it."""
    parts = text.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[0] != "arn":
        return
    yield "p_any_aws_arns", text
    account, resource = parts[4], parts[5]
    yield from aws_account_id(account)
    if resource.startswith("instance/"):
        yield from aws_instance_id(resource.removeprefix("instance/"))
    if parts[2] == "sts" and resource.startswith("assumed-role/"):
        session = resource.rsplit("/", 1)[1]
        if _EMAIL_SHAPE.fullmatch(session):
            yield "p_any_emails", session


def aws_account_id(text: str) -> Found:
    """An AWS account id: exactly 12 digits."""
    if _ACCOUNT.fullmatch(text):
        yield "p_any_aws_account_ids", text


def aws_instance_id(text: str) -> Found:
    """An EC2 instance id."""
    if text.startswith("i-"):
        yield "p_any_aws_instance_ids", text


def email(text: str) -> Found:
    """A text with an @ in it."""
    if "@" in text:
        yield "p_any_emails", text


def _any_text(name: str) -> Scanner:
    def scanner(text: str) -> Found:
        if text:
            yield name, text

    return scanner


def _hash(kind: str) -> Scanner:
    def scanner(text: str) -> Found:
        if len(text) == _HASH_DIGITS[kind] and _HEX.fullmatch(text):
            yield f"p_any_{kind}_hashes", text.lower()

    return scanner


def _shaped(shape: re.Pattern[str], scanner: Scanner) -> Scanner:
    def strict(text: str) -> Found:
        return scanner(text) if shape.fullmatch(text) else iter(())

    return strict


SCANNERS: dict[str, Scanner] = {
    "ip": address,
    "domain": domain,
    "hostname": hostname,
    "url": url,
    "net_addr": net_addr,
    "aws_arn": aws_arn,
    "aws_account_id": aws_account_id,
    "aws_instance_id": aws_instance_id,
    "email": email,
    "username": _any_text("p_any_usernames"),
    "actor_id": _any_text("p_any_actor_ids"),
    "trace_id": _any_text("p_any_trace_ids"),
    "md5": _hash("md5"),
    "sha1": _hash("sha1"),
    "sha256": _hash("sha256"),
}
"""Scanners by name; `aws_tag` takes a list of tags and stands apart."""

SHAPED: dict[str, Scanner] = {
    "ip": address,
    "aws_arn": _shaped(re.compile(r"arn:[\s\S]+"), aws_arn),
    "aws_instance_id": _shaped(_INSTANCE_SHAPE, aws_instance_id),
    "email": _shaped(_EMAIL_SHAPE, email),
    "md5": _hash("md5"),
    "sha1": _hash("sha1"),
    "sha256": _hash("sha256"),
}
"""The strict forms, for any text whatever its key."""

_REMEMBERED_LENGTH = 256

TAGS = "aws_tag"

_TAG_KEYS = (("key", "value"), ("Key", "Value"), ("tagKey", "tagValue"), ("TagKey", "TagValue"))
"""How AWS services spell a tag."""


class Indicators:
    """The indicator scan of one log type."""

    def __init__(self, log_type: LogType) -> None:
        self._any_case = log_type.any_case
        self._fields = _bearing(log_type.fields)
        self._shaped = [SHAPED[rule.scanner] for rule in log_type.anywhere if not rule.keys]
        self._exact: dict[str, list[str]] = {}
        self._patterns: list[tuple[str, str, str]] = []
        for rule in log_type.anywhere:
            for key in map(str.lower, rule.keys) if self._any_case else rule.keys:
                head, star, tail = key.partition("*")
                if star:
                    self._patterns.append((head, tail, rule.scanner))
                else:
                    self._exact.setdefault(key, []).append(rule.scanner)
        # Keys and texts recur from record to record; what they were found to hold is remembered.
        self._scanners_of = lru_cache(4_096)(self._scanners_under)
        self._shapes_of = lru_cache(32_768)(self._shapes_in)

    def scan(self, record: dict[str, Any]) -> dict[str, list[str]]:
        """The lists of one record by name: sorted, unique, none of them empty.

        Keys that would pass for ours, lists of an earlier scan for instance, are not looked into.
        """
        if any(map(is_reserved, record)):
            record = {key: value for key, value in record.items() if not is_reserved(key)}
        found: set[tuple[str, str]] = set()
        self._declared_in(self._fields, record, found)
        self._walk(record, found)
        lists: dict[str, list[str]] = {}
        for name, value in sorted(found):
            lists.setdefault(name, []).append(value)
        return lists

    def _declared_in(
        self, fields: tuple[Field, ...], record: dict[str, Any], found: set[tuple[str, str]]
    ) -> None:
        for field in fields:
            key = spelling(record, field.name) if self._any_case else field.name
            if key in record:
                self._declared(field, record[key], found)

    def _declared(self, field: Field, value: Any, found: set[tuple[str, str]]) -> None:
        for scanner in field.indicators:
            _apply(scanner, value, found)
        if field.fields and isinstance(value, dict):
            self._declared_in(field.fields, value, found)
        if field.element is not None and isinstance(value, list):
            for item in value:
                self._declared(field.element, item, found)

    def _walk(self, value: Any, found: set[tuple[str, str]]) -> None:
        if isinstance(value, str):
            shapes = self._shapes_of(value) if len(value) <= _REMEMBERED_LENGTH else self._shapes_in(value)
            if shapes:
                found.update(shapes)
        elif isinstance(value, list):
            for item in value:
                self._walk(item, found)
        elif isinstance(value, dict):
            for key, item in value.items():
                for scanner in self._scanners_of(key):
                    _apply(scanner, item, found)
                self._walk(item, found)

    def _scanners_under(self, key: str) -> tuple[str, ...]:
        """The scanners whose keys this is."""
        key = key.lower() if self._any_case else key
        fitting = [
            scanner
            for head, tail, scanner in self._patterns
            if len(key) >= len(head) + len(tail) and key.startswith(head) and key.endswith(tail)
        ]
        return (*self._exact.get(key, ()), *fitting)

    def _shapes_in(self, text: str) -> tuple[tuple[str, str], ...]:
        """What a text shows by its shape alone."""
        return tuple(pair for shaped in self._shaped for pair in shaped(text))


def _bearing(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields in or under which the schema declares indicators."""
    kept = []
    for field in fields:
        inner = _bearing(field.fields)
        element = _bearing((field.element,)) if field.element is not None else ()
        if field.indicators or inner or element:
            kept.append(replace(field, fields=inner, element=element[0] if element else None))
    return tuple(kept)


def _apply(scanner: str, value: Any, found: set[tuple[str, str]]) -> None:
    """A text, or each text of a list; tags have shapes of their own."""
    if scanner == TAGS:
        found.update(_tags(value))
    elif isinstance(value, str):
        found.update(SCANNERS[scanner](value))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, str):
                found.update(SCANNERS[scanner](item))


def _tags(value: Any) -> Found:
    """From a list of tags, `{items: [tags]}`, one tag, or a mapping of names to values."""
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    if isinstance(value, dict):
        yield from list(_tag(value)) or _named(value)
    elif isinstance(value, list):
        for tag in value:
            if isinstance(tag, dict):
                yield from _tag(tag)


def _tag(tag: dict[str, Any]) -> Found:
    for key_name, value_name in _TAG_KEYS:
        key, content = tag.get(key_name), tag.get(value_name)
        if isinstance(key, str) and isinstance(content, str):
            yield "p_any_aws_tags", f"{key}:{content}"


def _named(tags: dict[str, Any]) -> Found:
    for key, content in tags.items():
        if isinstance(content, str):
            yield "p_any_aws_tags", f"{key}:{content}"
