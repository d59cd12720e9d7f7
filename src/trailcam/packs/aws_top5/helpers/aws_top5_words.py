"""What the titles and dedup strings of this pack are made of, from whatever a record holds."""

import fnmatch


def actor(event):
    """Who made a call, in short: user, person and permission set, role and session, or service."""
    name = _name(event)
    role, _, session = name.partition("/")
    if role.startswith(SIGN_ON) and session:
        return f"{session} ({role.removeprefix(SIGN_ON).rpartition('_')[0]})"
    return name


def principal(event):
    """The same without what changes from session to session: what alerts are told apart by."""
    name = _name(event)
    role, _, session = name.partition("/")
    return session if role.startswith(SIGN_ON) and session else role


SIGN_ON = "AWSReservedSSO_"
"""How IAM Identity Center names its roles; their sessions are people."""


def _name(event):
    arn = event.deep_get("userIdentity", "arn")
    if isinstance(arn, str) and arn:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        return name or kind
    for path in (("userIdentity", "userName"), ("userIdentity", "invokedBy"), ("userIdentity", "type")):
        name = event.deep_get(*path)
        if isinstance(name, str) and name:
            return name
    return "somebody"


def failed(event):
    """Whether the call was refused or did not come through."""
    return bool(event.get("errorCode") or event.get("errorMessage"))


def fits(name, patterns):
    """Whether a name is one of these; `*` in a pattern stands for any text."""
    return isinstance(name, str) and any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def texts(value, *keys):
    """The texts at the end of a path that also enters lists, each once, whatever else lies there."""
    found = [value]
    for key in keys:
        found = [item.get(key) for each in found for item in _each(each) if hasattr(item, "get")]
    return list(
        dict.fromkeys(item for each in found for item in _each(each) if isinstance(item, str) and item)
    )


def _each(value):
    return (
        value
        if hasattr(value, "__iter__") and not isinstance(value, str) and not hasattr(value, "get")
        else [value]
    )


def account(event):
    """The account in which it happened."""
    named = event.get("recipientAccountId") or event.get("accountId")
    return str(named or event.deep_get("userIdentity", "accountId", default="?"))


def known_addresses(event):
    """What lookup tables of GreyNoise say of addresses in the event: address to classification."""
    said = {}
    for table in _values(event.get("p_enrichment")):
        for rows in _values(table):
            for row in _each(rows):
                if hasattr(row, "get"):
                    scanner = row.get("internet_scanner_intelligence")
                    told = row.get("classification") or (
                        scanner.get("classification") if hasattr(scanner, "get") else None
                    )
                    if told:
                        said[row.get("p_match")] = told
    return said


def _values(value):
    return list(value.values()) if hasattr(value, "values") else []
