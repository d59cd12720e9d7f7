"""Resources as policies see them: plain dicts, of the types and ids that a policy is about."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from trailcam.model.event import PantherEvent
from trailcam.model.rule import Rule
from trailcam.model.standard_fields import is_reserved

TYPE = "ResourceType"
ID = "ResourceId"


def resource(event: PantherEvent) -> dict[str, Any]:
    """The document itself, in plain dicts and lists, without what Trailcam has put beside it."""
    return {key: value for key, value in event.to_dict().items() if not is_reserved(key)}


def concerns(policy: Rule, document: Mapping[str, Any]) -> bool:
    """Whether a policy is about a resource: of one of its types, and not suppressed."""
    if policy.resource_types and document.get(TYPE) not in policy.resource_types:
        return False
    name = document.get(ID)
    return not (isinstance(name, str) and any(_fits(name, pattern) for pattern in policy.suppressions))


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is a pattern's, in which `*` is any text and nothing else means anything."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))
