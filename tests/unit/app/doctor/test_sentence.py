"""What findings come to in one sentence."""

from typing import Any

from trailcam.app.doctor import sentence
from trailcam.contracts.source import Finding, Grade

NOBODY = Finding(
    check="followed by", grade=Grade.WARNING, found="nobody", because="no process follows the sources"
)


def finding(grade: Grade, because: str = "", **fields: Any) -> Finding:
    return Finding(check="queue", grade=grade, found="it is so", because=because, **fields)


def told(*findings: Finding, home: tuple[Finding, ...] = ()) -> str:
    return sentence("trail", findings, home=home)


def test_the_first_of_what_is_broken_is_the_reason() -> None:
    found = (
        finding(Grade.WARNING, "it is late"),
        finding(Grade.BROKEN),
        finding(Grade.BROKEN, "a filter"),
        finding(Grade.BROKEN, "a prefix"),
    )
    assert told(*found, home=(NOBODY,)) == "nothing arrives from trail because a filter"


def test_what_is_broken_on_the_way_counts_before_a_server_that_died() -> None:
    died = finding(Grade.BROKEN, "no process follows the sources; the last one ended")
    found = finding(Grade.BROKEN, "a filter")
    assert told(found, home=(died,)) == "nothing arrives from trail because a filter"
    assert "the last one ended" in told(finding(Grade.WARNING, "it is late"), home=(died,))


def test_where_nothing_is_broken_the_home_comes_first() -> None:
    found = (finding(Grade.OK, "the queue is empty"), finding(Grade.WARNING, "it is late"))
    assert told(*found, home=(NOBODY,)) == "nothing arrives from trail because no process follows the sources"
    assert told(*found) == "nothing arrives from trail because it is late"
    assert told(found[0]) == "nothing arrives from trail because the queue is empty"


def test_what_arrives_is_told_as_such() -> None:
    arrives = finding(Grade.OK, arrives=True)
    assert told(arrives) == "trail: what is there was read"
    assert told(arrives, finding(Grade.BROKEN)) == "trail: something arrives, and yet queue: it is so"
    assert told(arrives, home=(NOBODY,)) == (
        "trail: what is there was read; nothing more will be, for no process follows the sources"
    )


def test_where_no_reason_is_found_that_is_told() -> None:
    assert told(finding(Grade.OK)) == "trail: no reason was found why nothing should arrive"
    assert told(finding(Grade.UNKNOWN)) == "trail: not all could be looked at, and nothing else is wrong"
