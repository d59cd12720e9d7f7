"""What every rule format keeps. A format inherits this suite by lying among the formats."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailcam import registry
from trailcam.contracts.rule_format import Known, Reading, RuleFormat
from trailcam.model.rule import Rule
from trailcam.rules.loader import load_packs

NAMES = registry.names("rule_format")

each_format = pytest.mark.parametrize("name", NAMES)


def sample(log_type: str, name: str) -> dict[str, Any]:
    """Any sample: an event of a root user."""
    return {"eventName": "ConsoleLogin", "userIdentity": {"type": "Root"}}


KNOWN = Known(log_types=frozenset({"AWS.CloudTrail"}), sample=sample)


def format_named(name: str) -> RuleFormat:
    rule_format: RuleFormat = registry.load("rule_format", name)
    return rule_format


def example(rule_format: RuleFormat, folder: Path) -> Reading:
    """The reading of the format's own example, written to a folder."""
    for name, text in rule_format.EXAMPLE.items():
        (folder / name).write_text(text, encoding="utf-8")
    (reading,) = (
        reading
        for name in rule_format.EXAMPLE
        if Path(name).suffix in rule_format.SUFFIXES
        and (reading := rule_format.read(folder / name, known=KNOWN)) is not None
    )
    return reading


def rule_of(reading: Reading) -> Rule:
    assert reading.problems == ()
    assert isinstance(reading.item, Rule)
    return reading.item


def test_there_are_formats() -> None:
    assert {"native", "panther"} <= set(NAMES)


@each_format
def test_endings_are_in_lower_case_and_begin_with_a_dot(name: str) -> None:
    suffixes = format_named(name).SUFFIXES
    assert suffixes
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)


@each_format
def test_the_example_is_a_rule_with_a_firing_and_a_quiet_test(name: str, tmp_path: Path) -> None:
    reading = example(format_named(name), tmp_path)
    assert reading.problems == ()
    assert rule_of(reading).format == name
    assert {test.expected for test in rule_of(reading).tests} == {True, False}


@each_format
def test_every_file_of_the_example_belongs_to_its_rule(name: str, tmp_path: Path) -> None:
    rule_format = format_named(name)
    reading = example(rule_format, tmp_path)
    files = {rule_of(reading).path, rule_of(reading).metadata_path, *reading.companions}
    assert files == {tmp_path / file for file in rule_format.EXAMPLE}
    assert rule_of(reading).path.read_text(encoding="utf-8") == rule_of(reading).body


@each_format
def test_the_example_loads_as_a_pack(name: str, tmp_path: Path) -> None:
    example(format_named(name), tmp_path)
    (pack,) = load_packs([tmp_path], log_types=KNOWN.log_types, sample=sample)
    assert len(pack.rules) == 1
    assert (pack.helper_modules, pack.helper_paths, pack.not_loaded) == ((), (), ())


@each_format
def test_the_python_of_the_example_compiles_and_defines_rule(name: str, tmp_path: Path) -> None:
    reading = example(format_named(name), tmp_path)
    names: dict[str, Any] = {}
    exec(compile(rule_of(reading).body, "example", "exec"), names)
    assert callable(names["rule"])


@each_format
def test_a_rule_can_be_sent_to_a_worker(name: str, tmp_path: Path) -> None:
    rule = rule_of(example(format_named(name), tmp_path))
    assert pickle.loads(pickle.dumps(rule)) == rule


@each_format
def test_reading_twice_gives_the_same(name: str, tmp_path: Path) -> None:
    rule_format = format_named(name)
    assert example(rule_format, tmp_path) == example(rule_format, tmp_path)


@each_format
def test_reading_executes_nothing(name: str, tmp_path: Path) -> None:
    rule_format = format_named(name)
    marker = tmp_path / "executed"
    reading = example(rule_format, tmp_path)
    rule_of(reading).path.write_text(
        f"{rule_of(reading).body}\nopen({str(marker)!r}, 'w').close()\n", encoding="utf-8"
    )
    again = rule_format.read(rule_of(reading).metadata_path, known=KNOWN)
    assert again is not None
    assert rule_of(again)
    assert not marker.exists()


@each_format
def test_a_file_of_something_else_is_not_of_the_format(name: str, tmp_path: Path) -> None:
    rule_format = format_named(name)
    for suffix in rule_format.SUFFIXES:
        file = tmp_path / f"other{suffix}"
        for data in (b"", b"\n", b"# a remark\n", b"\xff\xfe\x00", b"\x00" * 10):
            file.write_bytes(data)
            assert rule_format.read(file, known=KNOWN) is None


@each_format
def test_a_file_that_vanished_is_a_problem_and_no_crash(name: str, tmp_path: Path) -> None:
    rule_format = format_named(name)
    for suffix in rule_format.SUFFIXES:
        reading = rule_format.read(tmp_path / f"gone{suffix}", known=KNOWN)
        assert reading is not None
        assert [problem.code for problem in reading.problems] == ["TC0214"]


@each_format
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_example_is_read_or_refused_and_never_crashes(
    name: str, tmp_path: Path, data: st.DataObject
) -> None:
    rule_format = format_named(name)
    files = sorted(rule_format.EXAMPLE)
    for file in files:
        (tmp_path / file).write_text(rule_format.EXAMPLE[file], encoding="utf-8")
    damaged = data.draw(st.sampled_from(files))
    text = rule_format.EXAMPLE[damaged]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    patch = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
    (tmp_path / damaged).write_text(text[:start] + patch + text[end:], encoding="utf-8")
    for file in files:
        if Path(file).suffix in rule_format.SUFFIXES:
            reading = rule_format.read(tmp_path / file, known=KNOWN)
            assert reading is None or reading.problems or reading.item or reading.not_run
            assert reading is None or not (reading.problems and reading.item)
