"""Which log type a record is of, told by the signatures that the schemas declare."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from trailcam.model.logtype import LogType, Signature, spelling


class Classifier:
    """Decides between the log types a source may hold.

    Where the signatures of several fit, the one that asks for most wins (an insight is also a CloudTrail
    record), then the name; so the decision does not depend on the order of the log types.
    """

    def __init__(self, log_types: Iterable[LogType]) -> None:
        self._log_types = sorted(
            log_types, key=lambda log_type: (-_weight(log_type.signature), log_type.name)
        )

    def classify(self, record: Mapping[str, Any]) -> LogType | None:
        """The log type of a record; None when no signature fits."""
        for log_type in self._log_types:
            if _may_fit(log_type.signature, record) and not missing(log_type.signature, record):
                return log_type
        return None

    def recognise(self, record: Mapping[str, Any]) -> bool:
        """Whether a value is a whole record of one of the log types."""
        return self.classify(record) is not None

    def why_not(self, record: Mapping[str, Any]) -> str:
        """The nearest log type and what the record lacks of its signature, in words.

        The nearest is the one of which the record has most, and has more than half of what it asks for; below
        that a name would mislead. Nothing of the record's own text is repeated.
        """
        if not self._log_types:
            return "no log types are loaded"
        found = [(_present(one.signature, record), one) for one in self._log_types]
        if not any(present for present, _ in found):
            return "it has no key that any known log type asks for"
        near = [
            (-present, len(lacks), one.name, lacks)
            for present, one in found
            if present > _demands(one.signature) / 2
            for lacks in [missing(one.signature, record)]
        ]
        if not near:
            return "it has no more than half of what any known log type asks for"
        *_, name, lacks = min(near)
        return f"nearest is {name}, but {'; '.join(lacks)}"


def missing(signature: Signature, record: Mapping[str, Any]) -> list[str]:
    """What a record lacks of a signature, in words; empty when it fits."""
    if signature.any_case:
        signature = _as_written(signature, record)
    lacks = [f"{key} is absent" for key in signature.requires if key not in record]
    for key, accepted in signature.values:
        if key not in record or not _among(record[key], accepted):
            lacks.append(f"{key} is not {' or '.join(map(str, accepted))}")
    for key, refused in signature.excludes:
        if key in record and (not refused or _among(record[key], refused)):
            lacks.append(f"{key} is {record[key] if refused else 'present'}")
    present = sum(key in record for key in signature.some)
    if signature.some and present < signature.at_least:
        lacks.append(f"only {present} of {', '.join(signature.some)} are present, not {signature.at_least}")
    return lacks


def _may_fit(signature: Signature, record: Mapping[str, Any]) -> bool:
    """False where the first of the required keys tells already: of most signatures no more is asked."""
    if not signature.requires or signature.requires[0] in record:
        return True
    return signature.any_case and signature.requires[0].lower() in " ".join(record).lower()


def _as_written(signature: Signature, record: Mapping[str, Any]) -> Signature:
    """A signature that takes keys in any case, with the keys as this record writes them."""
    return replace(
        signature,
        requires=tuple(spelling(record, key) for key in signature.requires),
        values=tuple((spelling(record, key), accepted) for key, accepted in signature.values),
        excludes=tuple((spelling(record, key), refused) for key, refused in signature.excludes),
        some=tuple(spelling(record, key) for key in signature.some),
    )


def _among(value: Any, words: Iterable[Any]) -> bool:
    """Equality that keeps 1, 1.0 and true apart."""
    return any(type(value) is type(word) and value == word for word in words)


def _weight(signature: Signature) -> int:
    return 2 * len(signature.requires) + 2 * len(signature.values) + signature.at_least * bool(signature.some)


def _demands(signature: Signature) -> int:
    """How many demands a signature has; those of `some` together are one."""
    return len(signature.requires) + len(signature.values) + bool(signature.some)


def _present(signature: Signature, record: Mapping[str, Any]) -> float:
    """How many of a signature's demands a record meets; those of `some` together are one."""
    if signature.any_case:
        signature = _as_written(signature, record)
    some = sum(key in record for key in signature.some)
    return (
        sum(key in record for key in signature.requires)
        + sum(key in record and _among(record[key], accepted) for key, accepted in signature.values)
        + min(some / signature.at_least, 1)
    )
