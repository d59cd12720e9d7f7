"""The generated pages are what the code says now, and say all of it."""

import pkgutil
import re
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from tests.docs.checkout import check_out, run
from tests.docs.markdown import ROOT, anchors, links, prose, section, text_of

from trailcam import registry
from trailcam.app import reference
from trailcam.app.reference.markdown import capital
from trailcam.cli import commands
from trailcam.errors import ERRORS
from trailcam.logtypes import loader as logtypes
from trailcam.model.standard_fields import STANDARD_FIELDS
from trailcam.rules.values import METADATA
from trailcam.settings.read import read_settings
from trailcam.settings.schema import LimitSettings, LiveSettings, Settings

FOLDER = ROOT / "docs" / "reference"
PAGES = reference.pages(reference.help_of_commands())

each_page = pytest.mark.parametrize("name", sorted(PAGES))


@each_page
def test_the_committed_page_is_the_generated_one(name: str, update_golden: bool) -> None:
    if update_golden:
        (FOLDER / name).write_text(PAGES[name], encoding="utf-8")
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run `make reference`, review the diff"


@each_page
def test_the_links_inside_of_a_generated_page_have_their_headings(name: str) -> None:
    wanted = {link[1:] for link in links(PAGES[name]) if link.startswith("#")}
    assert wanted - anchors(PAGES[name]) == set()


@each_page
def test_no_table_of_a_generated_page_has_a_row_of_another_length(name: str) -> None:
    tables = re.findall(r"(?:^\|.*\n)+", prose(PAGES[name]), re.MULTILINE)
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_every_error_code_is_described_with_its_cause_and_its_cure() -> None:
    for entry in ERRORS.values():
        described = section(PAGES["errors.md"], f"{entry.code}: {entry.title}")
        assert f"Cause: {entry.cause}" in described
        assert f"Cure: {entry.cure}" in described


def test_every_log_type_is_described_with_its_fields() -> None:
    for log_type in logtypes.builtin():
        described = section(PAGES["log-types.md"], log_type.name)
        assert log_type.description in described
        assert [field.name for field in log_type.fields if f"| `{field.name}` |" not in described] == []


def test_every_field_that_trailcam_sets_is_described() -> None:
    described = section(PAGES["log-types.md"], "Fields that Trailcam sets")
    assert [name for name in STANDARD_FIELDS if f"| `{name}` |" not in described] == []


def test_every_rule_format_is_described_with_its_keys_and_an_example() -> None:
    for name in registry.names("rule_format"):
        described = section(PAGES["rule-metadata.md"], name.capitalize())
        assert [key.doc for key in METADATA.values() if key.doc not in described] == []
        for text in registry.load("rule_format", name).EXAMPLE.values():
            assert text in described


def test_every_kind_of_item_of_a_rule_format_is_described_with_all_its_keys() -> None:
    page = PAGES["rule-metadata.md"]
    for name in registry.names("rule_format"):
        for form in registry.load("rule_format", name).forms():
            described = section(page, f"{capital(form.name)} ({name})")
            assert [key for key in form.keys if f"| `{key}` |" not in described] == []


def test_no_two_headings_of_a_generated_page_are_one() -> None:
    for text in PAGES.values():
        headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
        assert [heading for heading, count in Counter(headings).items() if count > 1] == []


def test_the_defaults_of_rule_metadata_are_shown() -> None:
    assert "| `dedup_period_minutes` | a whole number from 0 to 1000000 | `60` |" in PAGES["rule-metadata.md"]
    assert "| `enabled` | true or false | `true` |" in PAGES["rule-metadata.md"]


def test_every_setting_is_described_with_its_variable_and_its_default() -> None:
    for field in fields(LimitSettings):
        assert f"| `{field.name}` | `TRAILCAM_LIMITS_{field.name.upper()}` |" in PAGES["settings.md"]
    assert '\norigin_bytes = "4 GiB"\n' in PAGES["settings.md"]


def test_the_pace_and_the_keys_of_every_type_of_source_are_described() -> None:
    for field in fields(LiveSettings):
        assert f"| `{field.name}` | `TRAILCAM_LIVE_{field.name.upper()}` |" in PAGES["settings.md"]
    for name in registry.names("source"):
        described = section(PAGES["settings.md"], f"Sources of type {name}")
        for key, known in registry.load("source", name).FORM.keys.items():
            assert re.search(rf"\| `{key}` \| .* \| {re.escape(known.doc)} \|", described)


def test_no_variable_is_shown_that_is_not_read(tmp_path: Path) -> None:
    values = {"SECONDS": "7", "BYTES": "1 MiB", "HOME": "there", "CACHE": "there"}
    shown = re.findall(r"`(TRAILCAM_\w+)`", PAGES["settings.md"])
    assert len(shown) > 10
    for variable in shown:
        read_settings(folder=tmp_path, environment={variable: values[variable.rpartition("_")[2]]})


def test_the_example_of_settings_is_the_defaults(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGES["settings.md"], re.DOTALL)
    (tmp_path / "trailcam.toml").write_text(example)
    found = read_settings(folder=tmp_path, environment={})
    assert replace(found, home=Settings().home, file=None) == Settings()


def test_every_command_is_described() -> None:
    files = [module.name.rstrip("_").replace("_", "-") for module in pkgutil.iter_modules(commands.__path__)]
    for name in files:
        assert f"Usage: trailcam {name} " in section(PAGES["command-line.md"], f"trailcam {name}")


def test_every_help_fits_a_screen_and_ends_its_words_in_two_examples() -> None:
    for name, text in reference.help_of_commands().items():
        assert len(text.splitlines()) <= 40
        assert max(map(len, text.splitlines())) <= 100
        if name:
            examples = text.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
            assert len(examples) == 2


def test_an_error_code_is_added_by_one_row_and_make_reference(tmp_path: Path) -> None:
    checkout = check_out(tmp_path)
    row = re.findall(r"```python\n(    \(\n.*?\n    \),\n)```", text_of(ROOT / "CONTRIBUTING.md"), re.DOTALL)[
        0
    ]
    table = checkout / "src" / "trailcam" / "errors.py"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("    # -- 02:", f"{row}    # -- 02:", 1), encoding="utf-8")
    (made,) = run(checkout, ["make reference"])
    assert made.status == 0, made.output
    page = (checkout / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
    assert "Cause: Why it happens, in a sentence." in section(page, "TC0199: the moon is full")
