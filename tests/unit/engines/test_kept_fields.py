"""What workers keep of matches for correlation rules."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.support import in_process, make_rule, make_setup, record

from trailcam.engines.inline import inline
from trailcam.model.match import Match

RULE = make_rule(
    "R",
    "def rule(event): return True\ndef alert_context(event): return {'who': event['eventID'], 'n': [1, True]}\n",
)


def found(keeps: Mapping[str, tuple[str, ...]]) -> Match:
    setup = replace(make_setup([RULE]), keeps=keeps)
    data = json.dumps({"Records": [record(1)]}).encode()
    (match,) = in_process(setup, [[inline(data)]]).matches
    return match


def test_fields_of_the_event_its_lists_and_its_context_are_kept() -> None:
    fields = (
        "absent",
        "p_alert_context.n",
        "p_alert_context.who",
        "p_any_usernames",
        "userIdentity.userName",
    )
    assert found({"R": fields}).kept == (
        ("absent", ()),
        ("p_alert_context.n", ("1", "true")),
        ("p_alert_context.who", ("00000000-0000-4000-8000-000000000001",)),
        ("p_any_usernames", ("alice",)),
        ("userIdentity.userName", ("alice",)),
    )


@pytest.mark.parametrize("keeps", [{}, {"Other": ("eventName",)}])
def test_of_other_rules_nothing_is_kept(keeps: Mapping[str, tuple[str, ...]]) -> None:
    assert found(keeps).kept is None
