"""A missing module is told once, however many rules import it."""

from pathlib import Path

import pytest
from tests.support import make_rule

from trailcam.engines.loading import LoadFailure, import_problems
from trailcam.engines.worker import load_failure
from trailcam.errors import Problem, code
from trailcam.model.rule import Rule
from trailcam.rules import extras


def failed(rule: str, error: BaseException) -> tuple[Rule, LoadFailure]:
    """A rule, and what executing it raised."""
    return make_rule(rule, ""), load_failure(error)


def told_of(*failures: tuple[Rule, LoadFailure]) -> list[Problem]:
    return import_problems(failures)


def missing(module: str, path: str = "some.py") -> BaseException:
    """What importing a module raises that is nowhere."""
    try:
        exec(compile(f"\nimport {module}", path, "exec"), {})
    except ImportError as error:
        return error
    raise AssertionError(f"{module} is there")


def test_one_problem_a_module_names_the_rules_that_need_it_and_a_cure() -> None:
    (told,) = told_of(*(failed(rule, missing("no_such_module")) for rule in ("A.One", "A.Two")))
    assert (
        told.message
        == 'the module "no_such_module" is missing: A.One, A.Two need it (first at some.py, line 2)'
    )
    assert told.path == Path("A.One.py")
    assert told.hint.startswith("pip install no_such_module, or")
    assert "helpers/ as no_such_module.py" in told.hint
    assert told.code == code("rule_import")


def test_one_rule_needs_it() -> None:
    (told,) = told_of(failed("A.One", missing("no_such_module")))
    assert "A.One needs it" in told.message


def test_many_rules_are_counted() -> None:
    (told,) = told_of(*(failed(f"A.{n:04}", missing("no_such_module")) for n in range(1500)))
    assert "A.0000, A.0001, A.0002, A.0003, A.0004 and 1,495 more rules need it" in told.message


def test_each_module_is_told_where_its_first_rule_stood_and_other_problems_stay() -> None:
    told = told_of(
        failed("A", missing("no_such_one")),
        failed("B", RuntimeError("No module named 'x'")),
        failed("C", missing("no_such_two")),
        failed("D", missing("no_such_one")),
    )
    assert [item.message.partition(" is missing")[0] for item in told] == [
        'the module "no_such_one"', "B: RuntimeError: No module named 'x'", 'the module "no_such_two"',
    ]  # fmt: skip
    assert told_of() == []


def test_of_a_module_in_a_package_the_package_is_what_is_to_be_installed() -> None:
    for error in (missing("no_such_package.inner"), missing("json.no_such_inner")):
        (told,) = told_of(failed("A", error))
        assert told.hint.startswith(("pip install no_such_package,", "pip install json,"))


def test_the_place_is_the_file_that_imports_it_which_may_be_a_helper() -> None:
    (told,) = told_of(failed("A.One", missing("no_such_module", "/pack/helpers/our_helper.py")))
    assert "(first at our_helper.py, line 2)" in told.message


def test_an_error_without_a_place_is_told_without_one() -> None:
    (told,) = told_of(failed("A.One", ModuleNotFoundError("No module named 'x'", name="x")))
    assert told.message == 'the module "x" is missing: A.One needs it'


def test_a_module_that_an_extra_brings_has_the_extra_as_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "requires", lambda _: ["boto3>=1", 'no-such.module>=2; extra == "panther"'])
    (told,) = told_of(failed("A.One", missing("no_such_module.inner")))
    assert told.hint == 'pip install "trailcam[panther]"'
    (told,) = told_of(failed("A.One", missing("no_such_other")))
    assert told.hint.startswith("pip install no_such_other, or")
