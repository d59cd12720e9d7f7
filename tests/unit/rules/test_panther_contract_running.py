"""What Panther's rules rely on, continued: how they are loaded, what their errors say, how their tests run.

See `test_panther_contract.py` for the clauses and where each is held.
"""

from pathlib import Path

import pytest
from tests.panther_repository import YES, Repository, reasons


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


# -- loading (1.1), errors (2.3), tests (8.3) --------------------------------------------------------------


def test_a_module_is_executed_once_under_the_id_of_its_rule_and_stays_out_of_the_modules(
    repository: Repository,
) -> None:
    count = repository.folder / "count"
    count.touch()
    repository.rule(
        f"import sys\nfrom pathlib import Path\ncount = Path({str(count)!r})\n"
        "count.write_text(count.read_text() + 'x')\ndef rule(event):\n    return __name__ == 'Example.Rule' and __name__ not in sys.modules\n",
        tests="- {Name: a, ExpectedResult: true, Log: {}}\n- {Name: b, ExpectedResult: true, Log: {}}\n",
    )
    assert reasons(repository) == ["", ""]
    assert count.read_text(encoding="utf-8") == "x"


def test_a_global_is_imported_by_its_id_and_not_by_the_name_of_its_file(repository: Repository) -> None:
    repository.write(
        "elsewhere/names.yml", "AnalysisType: global\nGlobalID: example_names\nFilename: file_name.py\n"
    )
    repository.write("elsewhere/file_name.py", "NAME = 'a'\n")
    repository.rule("from example_names import NAME\ndef rule(event):\n    return event['n'] == NAME\n")
    assert repository.verdicts({"n": "a"})[0].match is not None
    repository.rule("import file_name\ndef rule(event):\n    return True\n")
    with pytest.raises(ModuleNotFoundError):
        repository.verdicts({})


def test_the_packs_own_helper_wins_over_the_one_of_trailcam(repository: Repository) -> None:
    repository.write("global_helpers/panther_base_helpers.py", "def deep_get(*_):\n    return 'own'\n")
    repository.rule(
        YES + "from panther_base_helpers import deep_get\ndef title(event):\n    return deep_get()\n"
    )
    assert repository.title({}) == "own"


@pytest.mark.parametrize("name", ["rule", "title", "dedup", "severity", "alert_context", "unique"])
def test_ending_the_process_is_an_error_like_others(repository: Repository, name: str) -> None:
    repository.rule(("" if name == "rule" else YES) + f"def {name}(event):\n    raise SystemExit(3)\n")
    (verdict,) = repository.verdicts({})
    assert (verdict.match is None) is (name == "rule")
    assert [error.error_class for error in verdict.errors] == ["SystemExit"] * (name in ("rule", "unique"))


def test_the_error_of_a_rule_says_what_was_raised_and_where(repository: Repository) -> None:
    repository.rule(
        "def inner(event):\n    return event['gone']\ndef rule(event):\n    return inner(event)\n"
    )
    ((error,),) = (verdict.errors for verdict in repository.verdicts({"a": 1}))
    assert (error.error_class, error.error) == ("KeyError", "KeyError('gone')")
    assert error.message == "'gone': rule.py\", line 2, in inner"


def test_a_test_passes_by_the_match_alone_where_none_is_expected_and_else_by_every_function(
    repository: Repository,
) -> None:
    repository.rule(
        "def rule(event):\n    return event['yes']\ndef title(event):\n    return event['name']\n"
        "def unique(event):\n    return event['user']\ndef destinations(event):\n    return ['nobody knows it']\n",
        tests="""\
        - {Name: all there, ExpectedResult: true, Log: {"yes": true, name: a, user: b}}
        - {Name: no match, ExpectedResult: false, Log: {"yes": false}}
        - {Name: no title, ExpectedResult: true, Log: {"yes": true, user: b}}
        - {Name: no unique, ExpectedResult: true, Log: {"yes": true, name: a}}
        """,
    )
    assert reasons(repository) == ["", "", "title() failed", "unique() failed"]


def test_tests_of_a_rule_that_is_switched_off_are_loaded_too(repository: Repository) -> None:
    repository.rule(YES, tests="- {Name: a, ExpectedResult: true, Log: {}}\n")
    path = repository.folder / "rules" / "rule.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Enabled: true", "Enabled: false"), encoding="utf-8"
    )
    assert reasons(repository) == [""]
    assert not repository.pack().rules[0].enabled
