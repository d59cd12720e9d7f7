"""What the titles and dedup strings of this pack are made of, from whatever a record holds."""

import fnmatch
import hashlib
import ipaddress

SIGN_ON = "AWSReservedSSO_"
"""How IAM Identity Center names its roles; their sessions are people."""


TERMINATING = {
    ("ec2.amazonaws.com", "TerminateInstances"),
    ("autoscaling.amazonaws.com", "TerminateInstanceInAutoScalingGroup"),
}
"""Calls that terminate instances, by source and name."""


def actor(event):
    """Who made a call, in short: user, person and permission set, role and session, account or service."""
    arn = text(event, "userIdentity", "arn")
    if not arn:
        return _unnamed(event)[0]
    kind, _, name = arn.rpartition(":")[2].partition("/")
    role, _, session = name.partition("/")
    if role.startswith(SIGN_ON) and session:
        return f"{session} ({role.removeprefix(SIGN_ON).rpartition('_')[0]})"
    return name or kind


def principal(event):
    """Who made a call, whatever session it was made in: what alerts are told apart by."""
    arn = text(event, "userIdentity", "arn")
    if not arn:
        return " ".join(_unnamed(event))
    role = "/".join(arn.split("/")[:2])
    return role if ":assumed-role/" in arn and SIGN_ON not in role else arn


def _unnamed(event):
    """What is known of a caller without an ARN: a user or service, another account, nobody at all."""
    account_id = text(event, "userIdentity", "accountId")
    names = [
        text(event, "userIdentity", "userName"),
        text(event, "userIdentity", "invokedBy"),
        f"account {account_id}" if account_id else "",
        text(event, "userIdentity", "principalId"),
        text(event, "userIdentity", "type"),
    ]
    return [name for name in names if name] or ["somebody"]


def failed(event):
    """Whether the call was refused or did not come through."""
    return bool(event.get("errorCode") or event.get("errorMessage"))


def fits(name, patterns):
    """Whether a name is one of these; `*` in a pattern stands for any text, capitals do not matter."""
    return isinstance(name, str) and any(
        fnmatch.fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]").replace("?", "[?]"))
        for pattern in patterns
    )


def text(event, *path, default=""):
    """The text at the end of a path; `default` where there is none, or what is no text."""
    value = event.deep_get(*path)
    return value if isinstance(value, str) and value else default


def texts(value, *keys):
    """The texts at the end of a path that also enters lists, each once, whatever else lies there."""
    found = [value]
    for key in keys:
        found = [item.get(key) for each in found for item in listed(each) if hasattr(item, "get")]
    return list(
        dict.fromkeys(item for each in found for item in listed(each) if isinstance(item, str) and item)
    )


def listed(value):
    """The items of a list; anything else is a list of itself."""
    single = isinstance(value, str) or hasattr(value, "get") or not hasattr(value, "__iter__")
    return [value] if single else list(value)


def account(event):
    """The account in which it happened."""
    named = event.get("recipientAccountId") or event.get("accountId")
    return str(named or event.deep_get("userIdentity", "accountId", default="?"))


def digest(items):
    """Some texts as one, which is never so long that a dedup string would lose its end."""
    joined = " ".join(items)
    return joined if len(joined) <= 200 else hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()


GREYNOISE = "greynoise"
"""How the names of lookup tables begin that hold rows of GreyNoise."""


def classifications(event):
    """What GreyNoise's tables say of addresses: `malicious`, `benign` or another word, by the address in its
    shortest form. Where two rows differ, the graver one counts.
    """
    tables = [table for name, table in _items(event.get("p_enrichment")) if name.startswith(GREYNOISE)]
    rows = [row for table in tables for _, found in _items(table) for row in listed(found)]
    said = {}
    for row in rows:
        if hasattr(row, "get"):
            words = said.setdefault(shortest(row.get("p_match")), set())
            words.update(texts(row, "classification"))
            words.update(texts(row, "internet_scanner_intelligence", "classification"))
    return {address: _gravest(words) for address, words in said.items()}


def _gravest(words):
    return next((word for word in ("malicious", *sorted(words - {"benign"}), "benign") if word in words), "")


def shortest(address):
    """An address in its one shortest form; what is none stays as it is, and is empty when it is no text."""
    try:
        return str(ipaddress.ip_address(address)) if isinstance(address, str) else ""
    except ValueError:
        return address


def _items(value):
    return value.items() if hasattr(value, "items") else ()
