"""Which fields of a match are kept for correlation rules, and with which values."""

import pickle

from trailcam.model.correlation import (
    MOST_CHARACTERS,
    MOST_VALUES,
    Correlation,
    Criterion,
    Step,
    Transition,
    needed,
    sources,
    values_at,
    values_kept,
)
from trailcam.model.derived import MOST_GROUPS, SourceMatch, groups_of, is_cut
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


def many_valued(**values: tuple[str, ...]) -> SourceMatch:
    return SourceMatch(rule_id="One", row_id="r", event_time=Micros(0), values=values)


def test_lists_do_not_multiply_without_end() -> None:
    some = tuple(f"{n:03}" for n in range(20))
    match = many_valued(user=some, ip=some)
    found = groups_of(GROUP, PAIR[0], match)
    assert len(found) == MOST_GROUPS
    assert found[:2] == [("000", "000"), ("000", "001")]
    assert is_cut(GROUP, PAIR[0], match)


def test_of_a_long_list_the_first_values_are_looked_at() -> None:
    kept = values_kept(f"{n:06}" for n in range(25_000))
    assert len(kept) == MOST_VALUES + 1, "one more tells that there were more"
    match = many_valued(user=kept, ip=("x",))
    assert groups_of(GROUP, PAIR[0], match) == [(value, "x") for value in kept[:MOST_VALUES]]
    assert is_cut(GROUP, PAIR[0], match)
    assert not is_cut(GROUP, PAIR[0], many_valued(user=kept[:MOST_VALUES], ip=("x",)))


def test_what_lies_in_other_fields_than_the_rule_asks_for_is_not_cut() -> None:
    other = tuple(f"{n:03}" for n in range(MOST_VALUES + 1))
    assert not is_cut(GROUP, PAIR[0], many_valued(user=("x",), ip=("x",), other=other))


def test_a_long_value_is_kept_as_its_beginning_and_its_digest() -> None:
    fits, one, another = "x" * MOST_CHARACTERS, "x" * 5_000 + "1\ud800", "x" * 5_000 + "2"
    kept = values_kept([fits, one, another])
    assert fits in kept
    assert len(kept) == 3
    assert {len(value) for value in kept} == {MOST_CHARACTERS}
    assert values_kept([one]) == values_kept([one])
