"""YAML as Panther's tool reads it, with the place of everything, and refused where it would mislead."""

import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailcam import yaml12
from trailcam.errors import Problem, TrailcamError

FILE = Path("rule.yml")


def value(text: str) -> Any:
    return yaml12.parse(text, path=FILE).value


def problems(text: str) -> list[Problem]:
    with pytest.raises(TrailcamError) as caught:
        yaml12.parse(text, path=FILE)
    return list(caught.value.problems)


def only_problem(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("10", 10),
        ("-3", -3),
        ("010", 10),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1:30:00", "1:30:00"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("~", None),
        ("null", None),
        ("nullable", "nullable"),
        ("'true'", "true"),
        ('"10"', "10"),
        ("!!str 10", "10"),
        ("!!int 10", 10),
        ("! 10", "10"),
        ("12a", "12a"),
        ("", None),
    ],
)
def test_a_scalar_means_what_it_says(text: str, expected: Any) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


NUMBERS: list[tuple[str, list[tuple[str, Any]]]] = [
    (
        "integers, with or without a sign; a leading zero is no octal, and stays text before an 8 or 9",
        [
            *[
                ("0", 0),
                ("-0", 0),
                ("+1", 1),
                ("00", 0),
                ("010", 10),
                ("-017", -17),
                ("0777777777777", 777777777777),
            ],
            *[("08", "08"), ("-08", "-08"), ("+09", "+09"), ("018", "018"), ("012345678908", "012345678908")],
            *[("123456789012", 123456789012), ("99999999999999999999", 99999999999999999999)],
            *[("++1", "++1"), ("+", "+"), ("1,000", "1,000"), ("1-1", "1-1"), ("5%", "5%"), ("١٢", "١٢")],
        ],
    ),
    (
        "underlines between digits",
        [
            *[("1_000", 1000), ("1__0", 10), ("1_", 1), ("0_1", 1), ("0_17", 17), ("0_", 0), ("-1_0", -10)],
            *[("_1", "_1"), ("0_8", "0_8"), ("_", "_")],
            *[
                ("1_0.5", 10.5),
                ("1.5_0", 1.5),
                ("1._5", 1.5),
                (".5_0", 0.5),
                ("1.0_e+3", 1000.0),
                ("._5", "._5"),
            ],
        ],
    ),
    (
        "other bases",
        [
            *[
                ("0b11", 3),
                ("0b_1", 1),
                ("-0b11", -3),
                ("+0b_1_0", 2),
                ("0b", "0b"),
                ("0b2", "0b2"),
                ("0B1", "0B1"),
            ],
            *[
                ("0x1F", 31),
                ("0x_1F", 31),
                ("-0x1F", -31),
                ("+0x1f", 31),
                ("0x", "0x"),
                ("0xg", "0xg"),
                ("0X1", "0X1"),
            ],
            *[("0o10", "0o10"), ("-0o7", "-0o7"), ("0_o7", "0_o7"), ("0_b1", "0_b1"), ("0_x1", "0_x1")],
        ],
    ),
    (
        "floats have a point, and their exponent has a sign",
        [
            *[
                ("0.1", 0.1),
                ("00.1", 0.1),
                ("-08.5", -8.5),
                ("1.", 1.0),
                ("+1.", 1.0),
                (".5", 0.5),
                ("-0.0", -0.0),
            ],
            *[("-.5", "-.5"), ("+.5", "+.5"), (".", "."), ("-.", "-."), (".5.", ".5."), ("1.2.3", "1.2.3")],
            *[
                ("1.0e+5", 100000.0),
                ("1.5E+3", 1500.0),
                ("1.e+3", 1000.0),
                (".5e-3", 0.0005),
                ("0.0e+0", 0.0),
            ],
            *[("1e5", "1e5"), ("1e+5", "1e+5"), ("1E5", "1E5"), ("1.5e3", "1.5e3"), ("-.5e-3", "-.5e-3")],
            *[("1.e5", "1.e5"), ("12e34567", "12e34567"), ("1.0e400", "1.0e400"), ("1.0e+400", math.inf)],
            *[
                (".e+5", ".e+5"),
                ("1.0e+", "1.0e+"),
                ("1_0e+5", "1_0e+5"),
                ("1.5e+3_0", "1.5e+3_0"),
                ("1.٢", "1.٢"),
            ],
        ],
    ),
    (
        "of what has colons, numbers are those with a fraction",
        [
            *[
                ("12:30:45.5", 45045.5),
                ("190:20:30.15", 685230.15),
                ("12:30:45.", 45045.0),
                ("1:2:3:4.5", 223384.5),
            ],
            *[("1:30.5", 90.5), ("-1:30.5", -90.5), ("1:30.5_0", 90.5), ("1:99.5", "1:99.5")],
            *[("1:30", "1:30"), ("-1:30", "-1:30"), ("190:20:30", "190:20:30"), ("08:05:00", "08:05:00")],
            *[("1:30e+3", "1:30e+3"), ("1_0:30", "1_0:30"), ("1:2:3:4", "1:2:3:4")],
        ],
    ),
    (
        "words",
        [
            *[
                (".inf", math.inf),
                ("+.INF", math.inf),
                ("-.Inf", -math.inf),
                (".iNf", ".iNf"),
                ("inf", "inf"),
            ],
            *[
                ("+.nan", "+.nan"),
                (".Nan", ".Nan"),
                ("nan", "nan"),
                ("tRUE", "tRUE"),
                ("nULL", "nULL"),
                ("y", "y"),
            ],
            *[("off", "off"), ("NO", "NO"), ("2026-1-1", "2026-1-1"), ("2026-13-45", "2026-13-45")],
        ],
    ),
]
"""What panther-analysis-tool 1.11.1 reads unquoted words as, observed 2026-11-29."""


@pytest.mark.parametrize(("written", "expected"), [pair for _, pairs in NUMBERS for pair in pairs])
def test_an_unquoted_word_is_read_as_panthers_tool_reads_it(written: str, expected: Any) -> None:
    assert repr(value(f"- {written}")) == repr([expected])


def test_not_a_number_is_read() -> None:
    assert math.isnan(value(".nan"))


def test_a_number_of_endless_digits_stays_text() -> None:
    assert value("9" * 5000) == "9" * 5000
    assert value("0x" + "f" * 5000) == "0x" + "f" * 5000
    assert value("0b" + "1" * 5000) == "0b" + "1" * 5000


@given(st.text())
def test_any_text_is_read_or_refused_and_never_breaks_the_reader(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    try:
        yaml12.parse(text, path=FILE)
    except TrailcamError as error:
        assert {problem.code for problem in error.problems} <= {"TC0202", "TC0213"}


def test_what_is_no_regular_file_or_too_long_is_told_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "zero.yml").symlink_to("/dev/zero")
    (tmp_path / "long.yml").write_text("a: 1\n")
    monkeypatch.setattr(yaml12, "MOST_BYTES", 4)
    for name, reason in (
        ("pipe", "no regular file"),
        ("zero", "no regular file"),
        ("long", "longer than 4 bytes"),
    ):
        with pytest.raises(TrailcamError, match=reason) as caught:
            yaml12.read(tmp_path / f"{name}.yml")
        assert [problem.code for problem in caught.value.problems] == ["TC0214"]


def test_block_texts_keep_their_lines() -> None:
    assert value("a: |\n  one\n  two\nb: >\n  one\n  two\n") == {"a": "one\ntwo\n", "b": "one two\n"}


def test_every_key_and_item_knows_its_line() -> None:
    document = yaml12.parse("a: 1\nb:\n  - x\n  - c: 2\n    d:\n      3\n", path=FILE)
    assert document.lines == {
        (): 1,
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 3,
        ("b", 1): 4,
        ("b", 1, "c"): 4,
        ("b", 1, "d"): 5,
    }
    assert document.line(("b", 1, "absent", "deeper")) == 4
    assert document.line(("absent",)) == 1


def test_an_alias_is_the_value_it_names() -> None:
    assert value("a: &x [1, 2]\nb: *x\nc: &y z\n*y : 3\n") == {"a": [1, 2], "b": [1, 2], "c": "z", "z": 3}


def test_merged_keys_do_not_win_over_the_mappings_own() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n"
    assert value(text)["c"] == {"x": 3, "y": 1, "z": 2}


def test_a_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert value("'<<': 1") == {"<<": 1}


def test_a_merge_of_something_else_than_a_mapping_is_refused() -> None:
    problem = only_problem("a: 1\n<<: 3\n")
    assert (problem.code, problem.line) == ("TC0202", 2)
    assert "<< takes a mapping" in problem.message


def test_keys_given_twice_are_told_all_at_once() -> None:
    found = problems("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert [(problem.code, problem.line, problem.column) for problem in found] == [
        ("TC0213", 2, 11),
        ("TC0213", 3, 1),
    ]
    assert found[1].message == 'key "a" was given before, in line 1'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: 'x\nb: 1", 2, "unexpected end of stream"),
        ("a: 1\n\tb: 2", 2, "tab character"),
        ("a: 1\nb: \x07", 2, "control characters are not allowed"),
        ("--- 1\n--- 2\n", 2, "a second document"),
        ("? [1]\n: 2\n", 1, "a key must be a text or number"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, "tag"),
        ("a: 1\nb: !Ref x\n", 2, "tag !Ref is not understood"),
        ("a: !!int x\n", 1, "is not understood here"),
        ("a: *nothing\n", 1, "*nothing names nothing"),
        ("a: &a\n  - *a\n", 2, "*a stands inside of what it names"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(text: str, line: int, words: str) -> None:
    problem = only_problem(text)
    assert (problem.code, problem.path, problem.line) == ("TC0202", FILE, line)
    assert words in problem.message


@pytest.mark.parametrize("opening", ["[", "{", "- ", "a:\n  "])
def test_nesting_without_end_is_refused_and_does_not_end_the_process(opening: str) -> None:
    if opening.startswith("a"):
        text = "".join(f"{' ' * depth}a:\n" for depth in range(1000))
    else:
        text = opening * 100_000
    assert "nested deeper than 200 levels" in only_problem(text).message


def test_nesting_up_to_the_limit_is_read() -> None:
    assert value("[" * 200 + "]" * 200)


def test_aliases_of_aliases_cannot_explode() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    problem = only_problem("\n".join(lines))
    assert "more than 1,000,000 values" in problem.message
    assert problem.line == 6


def test_a_file_may_begin_with_a_byte_order_mark_and_end_its_lines_in_any_way(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert yaml12.read(file).value == {"a": 1, "b": 2}
    assert yaml12.read_text(file) == "a: 1\nb: 2\n"


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").touch()
    assert yaml12.read(tmp_path / "empty.yml").value is None


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(TrailcamError) as caught:
        yaml12.read(file)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.line) == ("TC0214", file, 2)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrailcamError) as caught:
        yaml12.read(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("TC0214", tmp_path)
    assert "Is a directory" in problem.message
