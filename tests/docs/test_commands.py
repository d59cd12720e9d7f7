"""Every command that a page shows is run in a copy of the repository, and prints what the page shows.

`pytest tests/docs --update-golden` writes what was printed into the pages; review the diff.
"""

from pathlib import Path

import pytest
from tests.docs.checkout import check_out, run, steps_of
from tests.docs.markdown import ROOT, SHELLS, blocks, documents, name_of, shows, text_of, tidy

PROVEN_ELSEWHERE = {
    "make env": "test_environment.py makes one from nothing",
    "make test": "it is what runs this suite",
    "make test-all": "it is what runs this suite",
    "make types": "a part of make test",
    "make lint": "a part of make test",
    "make floors": "a part of make test",
}
"""Commands that are not run here, with the reason."""

SHOWING = [
    document for document in documents() if any(b.language == "console" for b in blocks(text_of(document)))
]

each_document = pytest.mark.parametrize("document", documents(), ids=name_of)
each_showing = pytest.mark.parametrize("document", SHOWING, ids=name_of)


@each_showing
def test_the_commands_of_a_page_print_what_the_page_shows(
    document: Path, tmp_path: Path, update_golden: bool
) -> None:
    checkout = check_out(tmp_path)
    steps = steps_of(text_of(document), folder=checkout, left_out=PROVEN_ELSEWHERE)
    ran = run(checkout, [step.line for step in steps])
    results = [(step.line, step.shown, one.output) for step, one in zip(steps, ran, strict=True)]
    if update_golden:
        text = text_of(document)
        at = 0
        for step, shown, output in results:
            if shown is None:
                continue
            old = f"$ {step}\n{shown}"
            at = text.index(old, at)
            new = old if shows(shown, output) else f"$ {step}\n{to_show(output)}"
            text = text[:at] + new + text[at + len(old) :]
            at += len(new)
        document.write_text(text, encoding="utf-8")
        return
    for step, shown, output in results:
        if shown is None:
            assert output == "", step
        else:
            assert shows(shown, output), f"$ {step}\n\nshown:\n{tidy(shown)}\n\nprinted:\n{tidy(output)}"


def to_show(output: str) -> str:
    """Output as a page shows it, with the figures of this run."""
    lines = [line.rstrip() for line in output.strip("\n").splitlines()]
    text = "\n".join(lines).strip("\n")
    return f"{text}\n" if text else ""


@each_document
def test_a_page_shows_commands_only_where_they_are_run(document: Path) -> None:
    found = blocks(text_of(document))
    assert [block.body for block in found if block.language in SHELLS] == []
    assert all(block.language for block in found), "every block names its language"
    assert [
        block.body for block in found if block.language == "console" and not block.body.startswith("$ ")
    ] == []


def test_the_commands_that_are_not_run_here_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in PROVEN_ELSEWHERE:
        assert f"\n{command.removeprefix('make ')}:" in makefile


def test_the_code_that_pages_ask_for_is_in_our_style_and_typed(tmp_path: Path) -> None:
    checkout = check_out(tmp_path)
    written = [
        block
        for document in documents()
        for block in blocks(text_of(document))
        if block.file.startswith(("src/", "tests/"))
    ]
    assert written
    for block in written:
        (checkout / block.file).write_text(block.body, encoding="utf-8")
    files = " ".join(block.file for block in written)
    for step in run(checkout, [f"ruff check {files}", f"ruff format --check {files}", f"mypy {files}"]):
        assert step.status == 0, step.output
