"""What the policies of IAM allow, as far as this pack asks: whether who holds one reaches everything."""

import fnmatch
import json
from urllib.parse import unquote

from aws_top5_words import listed

SELF_GRANTS = (
    "iam:addusertogroup",
    "iam:attachgrouppolicy",
    "iam:attachrolepolicy",
    "iam:attachuserpolicy",
    "iam:createaccesskey",
    "iam:createpolicyversion",
    "iam:putrolepolicy",
    "iam:putuserpolicy",
    "iam:updateassumerolepolicy",
)
"""By each of these one gives oneself everything else: a policy that allows them all reaches everything."""


def statements(policy):
    """The statements of a policy, with their keys in small letters; none where it cannot be read.

    It is an object, JSON, or JSON that is quoted as in a URL.
    """
    if isinstance(policy, str):
        try:
            policy = json.loads(policy if policy.lstrip().startswith("{") else unquote(policy))
        except (ValueError, RecursionError):
            return []
    return [_in_small_letters(each) for each in listed(_in_small_letters(policy).get("statement", ()))]


def reaches_everything(statement):
    """Whether it allows all of `SELF_GRANTS`, on whatever there is."""
    if statement.get("effect") != "Allow":
        return False
    if "notaction" in statement:
        held = not any(_covers(statement["notaction"], action) for action in SELF_GRANTS)
    else:
        held = all(_covers(statement.get("action"), action) for action in SELF_GRANTS)
    if "notresource" in statement:
        return held and not any(map(_is_everywhere, listed(statement["notresource"])))
    return held and any(map(_is_everywhere, listed(statement.get("resource"))))


def _covers(patterns, action):
    return any(
        isinstance(pattern, str) and fnmatch.fnmatchcase(action, pattern.lower().replace("[", "[[]"))
        for pattern in listed(patterns)
    )


def _is_everywhere(resource):
    """Whether a pattern of resources leaves out nothing of IAM, in the account at least."""
    *before, last = resource.split(":", 5) if isinstance(resource, str) else [""]
    return (
        last.strip("*?") == ""
        and "*" in last
        and all(
            part in ("arn", "iam") or part.startswith("aws") or part.isdecimal() or not part.strip("*")
            for part in before
        )
    )


def _in_small_letters(mapping):
    return {str(key).lower(): value for key, value in mapping.items()} if hasattr(mapping, "items") else {}
