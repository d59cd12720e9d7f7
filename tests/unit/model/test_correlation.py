"""Which fields of a match are kept for correlation rules, and with which values."""

import pickle

from trailcam.model.correlation import (
    Correlation,
    Criterion,
    Step,
    Transition,
    needed,
    sources,
    values_at,
)
from trailcam.model.derived import MOST_GROUPS, SourceMatch, groups_of
from trailcam.model.query import Schedule
from trailcam.model.timestamps import Micros

PAIR = (Step(id="A", rule_id="One"), Step(id="B", rule_id="Two"))
GROUP = Correlation(
    rule_id="C",
    steps=PAIR,
    is_sequence=False,
    criteria=(
        Criterion(name="who", fields=(("A", "user"), ("B", "p_alert_context.actor"))),
        Criterion(name="where", fields=(("A", "ip"), ("B", "ip"))),
    ),
    schedule=Schedule(rate_minutes=5, timeout_minutes=1),
)


def test_the_fields_that_rules_ask_for_are_needed_of_the_rules_they_name() -> None:
    other = Correlation(rule_id="D", steps=(Step(id="X", rule_id="One"),), is_sequence=False)
    assert needed([GROUP, other], "One") == ("ip", "user")
    assert needed([GROUP, other], "Two") == ("ip", "p_alert_context.actor")
    assert needed([GROUP], "Three") == needed([other], "One") == ()
    assert sources([GROUP, other]) == {"One", "Two"}


def test_a_correlation_is_picklable_also_after_it_was_used() -> None:
    assert GROUP.fields
    assert pickle.loads(pickle.dumps(GROUP)) == GROUP


def test_all_transitions_of_a_sequence_share_one_value() -> None:
    steps = (*PAIR, Step(id="C", rule_id="Three"))
    transitions = (
        Transition(from_step="A", to_step="B", match=(("x", "x"),)),
        Transition(from_step="B", to_step="C", match=(("y", "z"),)),
    )
    rule = Correlation(rule_id="S", steps=steps, is_sequence=True, transitions=transitions)
    assert rule.fields == {"A": (("x",),), "B": (("x", "y"),), "C": (("z",),)}
    both = SourceMatch(
        rule_id="Two", row_id="r", event_time=Micros(0), values={"x": ("v", "w"), "y": ("w", "u")}
    )
    assert groups_of(rule, steps[1], both) == [("w",)]


def test_values_are_texts_from_the_event_its_lists_or_its_alert_context() -> None:
    event = {"userIdentity": {"userName": "alice"}, "ids": [3, 1, 3], "none": None, "deep": {"a": 1}}
    lists = {"p_any_emails": ["b@example.com", "a@example.com"]}
    context = {"actor": {"email": "x@example.com"}, "list": ["z", "", "y"]}

    def at(field: str) -> tuple[str, ...]:
        return values_at(field, event=event, lists=lists, context=context)

    assert at("userIdentity.userName") == ("alice",)
    assert at("ids") == ("1", "3")
    assert at("p_any_emails") == ("a@example.com", "b@example.com")
    assert at("p_alert_context.actor.email") == ("x@example.com",)
    assert at("p_alert_context.list") == ("y", "z")
    assert at("none") == at("deep") == at("missing") == at("p_alert_context.actor") == ()


def test_an_alert_context_that_is_no_mapping_has_no_values() -> None:
    assert values_at("p_alert_context.x", event={}, lists={}, context=None) == ()


def test_lists_of_hundreds_do_not_multiply_without_end() -> None:
    many = tuple(f"{n:03}" for n in range(100))
    match = SourceMatch(rule_id="One", row_id="r", event_time=Micros(0), values={"user": many, "ip": many})
    found = groups_of(GROUP, PAIR[0], match)
    assert len(found) == MOST_GROUPS
    assert found[:2] == [("000", "000"), ("000", "001")]
