"""What may be written in conditions is declared; every mistake is told at once, with its line and a hint."""

from pathlib import Path
from textwrap import dedent

import pytest

from trailcam.errors import Problem
from trailcam.forms import Form, Key, check
from trailcam.rules.conditions.form import DEEPEST, DETECTION_KEYS, FILTERS
from trailcam.rules.conditions.table import CONDITIONS, LIST_CONDITIONS
from trailcam.yaml12 import Document, parse

FORM = Form("a rule", {**DETECTION_KEYS, "InlineFilters": Key(FILTERS)})
LEAST = "- {Key: a, Condition: Exists}"


def problems(text: str) -> list[Problem]:
    return check(parse(dedent(text), path=Path("x.yml")), FORM)


def only_problem(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def of_expression(expression: str) -> Problem:
    """The only problem of a detection that is one expression, written on one line."""
    return only_problem(f"Detection:\n- {expression}\n")


def test_every_form_that_can_be_written_is_taken() -> None:
    text = """\
        Detection:
          - Key: eventName
            Condition: Equals
            Value: StopLogging
          - KeyPath: resources[*].ARN
            Condition: IsIn
            Values: [a, 5, 1.5, true]
          - DeepKey: [a, 0, b.c]
            Condition: Exists
          - Condition: IsGreaterThan
            Values: [{KeyPath: a.b}, {DeepKey: [c, 1]}]
          - KeyPath: moons
            Condition: AnyElement
            Expressions:
              - {KeyPath: name, Condition: IEquals, Value: nix}
              - {Condition: IsNotNull}
          - Enrichment: {Table: noise, Selector: client.ip, FieldPath: "tags[0]"}
            Condition: DoesNotContain
            Value: bot
          - Condition: AlwaysTrue
          - {Key: ip, Condition: IsIPAddressInCIDR, Value: 10.0.0.0/8}
          - {Key: ip, Condition: IsIPAddressInCIDR, Values: [10.0.0.1, "2001:db8::/32"]}
          - Any:
              - OnlyOne: [{All: [{None: [{Key: a, Condition: IsNull}]}]}]
        AlertTitle: "{a} [{b.c[0]}]"
        GroupBy: [{Key: a}, {KeyPath: b.c}]
        AlertContext: [{KeyName: who, KeyValue: {KeyPath: a.b}}]
        DynamicSeverities:
          - ChangeTo: HIGH
            Conditions: [{Key: a, Condition: Exists}]
        InlineFilters:
          - All: []
          - Any: [{KeyPath: env, Condition: StartsWith, Value: prod}]
        """
    assert problems(text) == []


@pytest.mark.parametrize(
    "key", ["AlertTitle: ''", "GroupBy: []", "AlertContext: []", "DynamicSeverities: []"]
)
def test_the_keys_of_alerts_may_be_empty(key: str) -> None:
    assert problems(f"Detection: [{{Key: a, Condition: Exists}}]\n{key}\n") == []


def test_a_detection_without_an_expression_is_refused() -> None:
    assert "must be a list of one or more" in only_problem("Detection:\n").message
    assert "must be a list of one or more" in only_problem("Detection: []\n").message
    assert "must be a list of one or more" in of_expression("All: []").message


def test_an_unknown_condition_is_told_with_the_nearest_one() -> None:
    problem = of_expression("{Key: a, Condition: IsInCIDR, Value: x}")
    assert problem.code == "TC0205"
    assert problem.line == 2
    assert problem.message == (
        'Detection.0.Condition must be the name of a condition; found the text "IsInCIDR"'
    )
    assert problem.hint.startswith("did you mean ")
    assert of_expression("{Key: a, Condition: equals, Value: x}").hint == 'did you mean "Equals"?'
    assert "docs/simple-detections.md" in of_expression("{Key: a, Condition: Matches, Value: x}").hint


def test_all_mistakes_of_a_file_come_at_once_each_at_its_line() -> None:
    text = """\
        Detection:
          - Key: a
            Condition: Equal
            Value: b
            Valeu: c
          - KeyPath: a..b
            Condition: Exists
          - Any:
              - Key: a
                Condition: IsGreaterThan
                Value: "5"
              - nonsense
        AlertTitle: "{a"
        DynamicSeverities:
          - ChangeTo: Highest
            Conditions: []
        """
    assert [problem.line for problem in problems(text)] == [3, 5, 6, 11, 12, 13, 15, 16]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (
            "{Condition: Equals, Value: x}",
            "needs exactly one of Key, KeyPath, DeepKey, Enrichment; found none",
        ),
        ("{Key: a, KeyPath: a, Condition: Exists}", "found Key and KeyPath"),
        ("{Key: a}", 'missing key "Condition"'),
        ("{Key: a, Condition: Equals}", 'missing key "Value" in a match expression with Equals'),
        ("{Key: a, Condition: Exists, Value: x}", 'unknown key "Value" in a match expression with Exists'),
        (
            "{Key: a, Condition: Equals, Value: null}",
            "must be a text, a finite number, or true or false; found nothing",
        ),
        ("{Key: a, Condition: Equals, Value: .nan}", "must be a text, a finite number"),
        ("{Key: a, Condition: Equals, Value: [x]}", "found a list of 1"),
        ("{Key: a, Condition: IsIn, Value: x}", 'unknown key "Value"'),
        ("{Key: a, Condition: IsIn, Values: []}", "Values must be a list of one or more"),
        ("{Key: a, Condition: IsIn, Values: [{Key: b}, {Key: c}]}", "Values.0 must be a text"),
        (
            "{Key: a, Condition: IsLessThan, Value: true}",
            "must be a finite number; found the truth value true",
        ),
        ("{Key: a, Condition: StartsWith, Value: 5}", "must be a non-empty text; found the number 5"),
        ("{Key: a, Condition: Contains, Value: ''}", "must be a non-empty text, a finite number"),
        (
            "{Key: a, Condition: IsIPAddressInCIDR, Value: 10.0.0.0/40}",
            "must be a network such as 10.0.0.0/8",
        ),
        ("{Key: a, Condition: IsIPAddressInCIDR}", "needs exactly one of Value, Values"),
        (
            "{Key: a, Condition: CIDRContainsIPAddresses, Values: [10.0.0.0/8]}",
            "Values.0 must be an IP address",
        ),
        ("{Condition: Equals, Values: [{Key: a}]}", "Values must be a list of two keys"),
        ("{Condition: Equals, Values: [{Key: a}, 5]}", "Values.1 must be a mapping (a key)"),
        ('{Condition: Equals, Values: [{Key: a}, {KeyPath: "b[*]"}]}', "must be a path without [*]"),
        ("{Key: x, Condition: Equals, Values: [{Key: a}, {Key: b}]}", 'unknown key "Key"'),
        ("{Key: a, Condition: AlwaysTrue}", 'unknown key "Key" in a match expression with AlwaysTrue'),
        ("{Key: a, Condition: AnyElement}", 'missing key "Expressions"'),
        ("{Key: a, Condition: AnyElement, Expressions: []}", "Expressions must be a list of one or more"),
        (
            "{All: [{Key: a, Condition: Exists}], Any: [{Key: a, Condition: Exists}]}",
            "exactly one of All, Any",
        ),
        ("{All: [{Key: a, Condition: Exists}], Key: a}", 'unknown key "Key" in a match expression with All'),
        ("{DeepKey: [], Condition: Exists}", "must be a list of names and indexes, the first a name"),
        ("{DeepKey: [0], Condition: Exists}", "DeepKey.0 must be a name; found the number 0"),
        ("{DeepKey: [a, -1], Condition: Exists}", "DeepKey.1 must be a name or an index from 0"),
        ("{DeepKey: [a, true], Condition: Exists}", "DeepKey.1 must be a name or an index from 0"),
        (
            "{Enrichment: {Table: t, Selector: s}, Condition: Exists}",
            'missing key "FieldPath" in an enrichment',
        ),
    ],
)
def test_what_an_expression_lacks_or_has_wrong_is_told(expression: str, message: str) -> None:
    found = problems(f"Detection:\n- {expression}\n")
    assert {problem.line for problem in found} == {2}
    assert any(message in problem.message for problem in found)


@pytest.mark.parametrize("name", ["OnlyOne", "None"])
def test_filters_take_no_combinator_but_all_and_any(name: str) -> None:
    problem = only_problem(f"Detection:\n{LEAST}\nInlineFilters:\n- {name}:\n  {LEAST}\n")
    assert (problem.line, problem.message) == (4, f'"{name}" cannot be used in inline filters')


@pytest.mark.parametrize("name", LIST_CONDITIONS)
def test_filters_take_no_condition_on_items(name: str) -> None:
    found = problems(f"Detection:\n{LEAST}\nInlineFilters:\n- {{Key: a, Condition: {name}}}\n")
    assert [problem.message for problem in found] == [f'"{name}" cannot be used in inline filters']


def test_a_key_may_be_left_out_for_items_and_nowhere_else() -> None:
    inside = "{Key: a, Condition: AnyElement, Expressions: [{Any: [{Condition: Equals, Value: x}]}]}"
    assert problems(f"Detection:\n- {inside}\n") == []
    assert "needs exactly one of" in of_expression("{Any: [{Condition: Equals, Value: x}]}").message


@pytest.mark.parametrize(
    "around", ["All: [{inner}]", "Key: a, Condition: AnyElement, Expressions: [{inner}]"]
)
def test_expressions_nest_to_a_limit(around: str) -> None:
    def nested(levels: int) -> list[Problem]:
        expression = "{Key: a, Condition: Exists}"
        for _ in range(levels):
            expression = "{" + around.replace("{inner}", expression) + "}"
        return problems(f"Detection: [{expression}]")

    assert nested(DEEPEST) == []
    assert [problem.message for problem in nested(DEEPEST + 1)] == [
        f"expressions are nested deeper than {DEEPEST} levels"
    ]


def test_two_values_of_the_alert_context_cannot_have_one_name() -> None:
    item = "{KeyName: a, KeyValue: {Key: b}}"
    text = f"Detection: [{{Key: a, Condition: Exists}}]\nAlertContext:\n- {item}\n- {item}\n"
    assert only_problem(text).message == 'AlertContext holds "a" twice'


def test_keys_that_are_no_texts_are_told() -> None:
    assert problems("Detection:\n- {5: x, true: y, Condition: AlwaysTrue}\n") != []
    assert check(Document(Path("x.yml"), {"Detection": [{None: []}]}), FORM) != []


def test_both_spellings_are_one_condition() -> None:
    assert CONDITIONS["IsLessThanOrEquals"] is CONDITIONS["IsLessThanOrEqual"]
    assert CONDITIONS["IsGreaterThanOrEquals"] is CONDITIONS["IsGreaterThanOrEqual"]
