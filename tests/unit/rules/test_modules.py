"""How the Python of rules is executed, and which modules it finds."""

import builtins
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support import make_rule

from trailcam.model.rule import HelperModule, Pack, Rule
from trailcam.rules.modules import MissingFunction, execute, helpers

RULE = "def rule(event):\n    return True\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "helpers"
    made.mkdir()
    return made


def pack(*helper_paths: Path, **named: Path) -> Pack:
    return Pack(
        name="test",
        root=Path(),
        rules=(),
        helper_paths=helper_paths,
        helper_modules=tuple(HelperModule(id=name, path=path) for name, path in named.items()),
    )


def values(body: str, *packs: Pack, rule_id: str = "The.Rule") -> dict[str, Any]:
    """The globals of a rule's module."""
    with helpers(packs):
        return vars(execute(make_rule(rule_id, body + RULE)))


# -- the module of a rule ----------------------------------------------------------------------------------


def test_a_module_goes_by_the_id_and_knows_its_file() -> None:
    found = values("name, file = __name__, __file__\n")
    assert (found["name"], found["file"]) == ("The.Rule", "The.Rule.py")


def test_a_module_is_not_in_sys_modules_when_its_functions_run() -> None:
    before = set(sys.modules)
    with helpers(()):
        module = execute(
            make_rule(
                "The.Rule", f"import sys\n{RULE}\ndef title(event):\n    return __name__ in sys.modules\n"
            )
        )
        assert module.title({}) is False
        assert set(sys.modules) == before


def test_two_rules_of_one_file_name_are_two_modules() -> None:
    with helpers(()):
        first, second = (
            execute(make_rule(name, f"VALUE = {name!r}\n{RULE}", path=Path(f"{name}/rule.py")))
            for name in ("A", "B")
        )
    assert (first.VALUE, second.VALUE) == ("A", "B")


def test_a_rule_executed_again_begins_anew() -> None:
    rule = make_rule("The.Rule", f"SEEN = []\n{RULE}")
    first, second = execute(rule), execute(rule)
    first.SEEN.append(1)
    assert second.SEEN == []


@pytest.mark.parametrize("rule_id", ["The.Rule", "Rule", "A rule, with (signs)", "Regel.Größe", "x-y"])
def test_a_dataclass_with_postponed_annotations_is_found_by_its_module(rule_id: str) -> None:
    body = (
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\n"
        "from typing import ClassVar\n"
        "@dataclass\nclass Seen:\n    name: str = 'x'\n    all: ClassVar[list[str]] = []\n"
        "    more: list[Seen] = field(default_factory=list)\n"
    )
    found = values(body, rule_id=rule_id)
    assert repr(found["Seen"]()) == "Seen(name='x', more=[])"
    assert rule_id not in sys.modules


def test_a_rule_named_like_a_library_does_not_stand_in_its_place() -> None:
    for name in ("json", "xml.dom.minidom", "helper_of_ours"):
        found = values(
            f"import {name}\nfound = {name}.__name__\n" if "ours" not in name else "", rule_id=name
        )
        assert found.get("found", name) == name
    assert importlib.import_module("json").__name__ == "json"


@pytest.mark.parametrize("body", ["", "title = 'x'\n", "from json import *\n", "rule = 1\ndel rule\n"])
def test_a_file_that_defines_no_rule_cannot_be_executed(body: str) -> None:
    with pytest.raises(MissingFunction, match=r"it defines no `rule\(event\)`"):
        execute(make_rule("The.Rule", body))


def test_a_rule_may_come_from_a_star_import(folder: Path) -> None:
    (folder / "common_rule.py").write_text(RULE)
    with helpers([pack(folder)]):
        assert execute(make_rule("The.Rule", "from common_rule import *\n")).rule({}) is True


@pytest.mark.parametrize(
    "top", ["raise RuntimeError('top')", "import sys; sys.exit(3)", "raise KeyboardInterrupt"]
)
def test_what_the_top_level_raises_comes_through_and_leaves_nothing_behind(top: str) -> None:
    before = set(sys.modules)
    with pytest.raises((RuntimeError, SystemExit, KeyboardInterrupt)):
        execute(make_rule("The.Rule", top))
    assert set(sys.modules) == before


def test_a_pattern_with_a_stray_backslash_is_its_authors_business() -> None:
    assert values("PATTERN = '\\d'\n")["PATTERN"] == "\\d"  # a warning would fail this test


def test_the_annotations_of_trailcam_do_not_leak_into_rules() -> None:
    assert values("def f(x: int): ...\n")["f"].__annotations__ == {"x": int}


# -- what a rule takes from the others ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "del builtins.len",
        "builtins.len = None",
        "vars(builtins).clear()",
        "del builtins.dict, builtins.isinstance, builtins.hasattr",
        "del sys.modules['json']",
        "sys.modules['json'] = None",
        "sys.modules['trailcam.model.event'] = sys",
        "sys.modules.clear()",
    ],
)
def test_a_rule_takes_no_builtin_and_no_module_from_the_others(statement: str) -> None:
    own, modules = dict(vars(builtins)), dict(sys.modules)
    try:
        with helpers(()):
            execute(make_rule("The.Rule", f"import builtins, json, sys\n{RULE}{statement}\n"))
            spared = {name: module for name, module in sys.modules.items() if module is modules.get(name)}
            kept = dict(vars(builtins))
    finally:
        vars(builtins).update(own)
        sys.modules.update(modules)
    assert kept == own
    everybodys = {
        name for name in modules if name.partition(".")[0] in {*sys.stdlib_module_names, "trailcam"}
    }
    assert everybodys <= spared.keys()


def test_a_rule_that_raises_takes_nothing_either() -> None:
    own = builtins.len
    try:
        with pytest.raises(ValueError, match="x"):
            execute(make_rule("The.Rule", "import builtins\ndel builtins.len\nraise ValueError('x')\n"))
        assert builtins.len is own
    finally:
        builtins.len = own


# -- helpers -----------------------------------------------------------------------------------------------


def test_a_helper_of_the_pack_is_imported_by_its_name(folder: Path) -> None:
    (folder / "our_words.py").write_text("WORD = 'ours'\n")
    assert values("from our_words import WORD\n", pack(folder))["WORD"] == "ours"


def test_a_helper_declared_under_a_name_of_its_own_is_imported_by_that_name(tmp_path: Path) -> None:
    (tmp_path / "file_name.py").write_text("WORD = __name__\n")
    assert values("import given_name\n", pack(given_name=tmp_path / "file_name.py"))["given_name"].WORD == (
        "given_name"
    )


def test_a_package_of_helpers_brings_its_own_modules(folder: Path) -> None:
    (folder / "our_package").mkdir()
    (folder / "our_package/__init__.py").write_text("")
    (folder / "our_package/words.py").write_text("WORD = 'inner'\n")
    assert values("from our_package.words import WORD\n", pack(folder))["WORD"] == "inner"


def test_a_helper_imported_inside_a_function_is_found_when_it_runs(folder: Path) -> None:
    (folder / "late_words.py").write_text("def word():\n    return 'late'\n")
    body = "def rule(event):\n    from late_words import word\n    return word() == 'late'\n"
    with helpers([pack(folder)]):
        module = execute(make_rule("The.Rule", body))
        assert "late_words" not in sys.modules
        assert module.rule({}) is True
        assert module.rule({}) is True


def test_a_helper_is_executed_once_for_all_rules(folder: Path) -> None:
    (folder / "our_state.py").write_text("SEEN = []\n")
    rules = [make_rule(name, f"import our_state\nour_state.SEEN.append({name!r})\n{RULE}") for name in "AB"]
    with helpers([pack(folder)]):
        assert [execute(rule) for rule in rules][1].our_state.SEEN == ["A", "B"]


def test_a_helper_may_import_helpers_of_other_packs_and_those_that_trailcam_brings(tmp_path: Path) -> None:
    for name, text in (
        ("one", "from panther_base_helpers import deep_get\n"),
        ("two", "from our_one import *\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"our_{name}.py").write_text(text)
    found = values("from our_two import deep_get\n", pack(tmp_path / "one"), pack(tmp_path / "two"))
    assert found["deep_get"].__module__.startswith(("panther_base_helpers", "trailcam"))


@pytest.mark.parametrize("way", ["folder", "declared"])
def test_a_packs_own_helper_wins_over_the_one_that_trailcam_brings(folder: Path, way: str) -> None:
    path = folder / "panther_base_helpers.py"
    path.write_text("deep_get = 'ours'\n")
    own = pack(folder) if way == "folder" else pack(panther_base_helpers=path)
    assert values("from panther_base_helpers import deep_get\n", own)["deep_get"] == "ours"
    assert values("from panther_base_helpers import deep_get\n")["deep_get"] != "ours"


def test_a_helper_never_shadows_the_standard_library_or_trailcam(folder: Path) -> None:
    for name in ("sched", "json", "trailcam"):
        (folder / f"{name}.py").write_text("OURS = True\n")
    sys.modules.pop("sched", None)  # what is loaded already would be found in any case
    found = values("import json, sched, trailcam\n", pack(folder))
    assert not any(hasattr(found[name], "OURS") for name in ("json", "sched", "trailcam"))


def test_a_folder_that_is_no_package_hides_no_library(folder: Path) -> None:
    (folder / "rich").mkdir()
    (folder / "rich" / "notes.py").write_text("")
    loaded = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "rich"}
    try:
        assert hasattr(values("import rich\n", pack(folder))["rich"], "get_console")
    finally:
        sys.modules.update(loaded)


def test_a_module_that_is_nowhere_is_not_found(folder: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'our_nothing'"):
        values("import our_nothing\n", pack(folder))


# -- afterwards --------------------------------------------------------------------------------------------


def test_afterwards_nothing_of_the_helpers_is_left(folder: Path) -> None:
    (folder / "our_words.py").write_text("")
    (folder / "our_package").mkdir()
    (folder / "our_package/__init__.py").write_text("from . import inner\n")
    (folder / "our_package/inner.py").write_text("")
    before = (set(sys.modules), list(sys.meta_path), list(sys.path))
    body = "import our_words, our_package, panther_core, sys\nfrom panther_detection_helpers import caching\n"
    values(body + "sys.path.append('/somewhere')\n", pack(folder))
    assert (set(sys.modules), list(sys.meta_path), list(sys.path)) == before
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("our_words")


def test_two_packs_one_after_the_other_do_not_see_each_others_helpers(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "our_words.py").write_text(f"WORD = {name!r}\n")
        assert values("from our_words import WORD\n", pack(tmp_path / name))["WORD"] == name


def test_a_library_that_a_rule_loads_stays_loaded() -> None:
    sys.modules.pop("this", None)
    values("import calendar\n")
    assert "calendar" in sys.modules


def test_closing_survives_rules_that_tampered_with_the_import_system(folder: Path) -> None:
    (folder / "our_words.py").write_text("")
    before = list(sys.meta_path)
    hostile = type("Hostile", (), {"__getattr__": lambda self, name: 1 / 0})()
    try:
        with helpers([pack(folder)]):
            execute(make_rule("The.Rule", f"import our_words\n{RULE}"))
            sys.meta_path.pop(0)
            sys.modules["our_words.odd"] = hostile
            sys.modules["odd_one"] = hostile
        assert sys.meta_path == before
        assert "our_words.odd" not in sys.modules
        assert "our_words" not in sys.modules
    finally:
        sys.modules.pop("odd_one", None)


def test_afterwards_nothing_is_left_when_a_rule_raised(folder: Path) -> None:
    (folder / "our_words.py").write_text("")
    rule: Rule = make_rule("The.Rule", "import our_words\n1 / 0\n")
    with pytest.raises(ZeroDivisionError), helpers([pack(folder)]):
        execute(rule)
    assert "our_words" not in sys.modules
