"""What the words of all pages keep."""

import re
from pathlib import Path

import pytest
from tests.docs.markdown import ROOT, documents, name_of, prose, text_of

WORDS_THAT_BELITTLE = re.compile(r"\b(simply|just|easy|easily|obviously|of course)\b", re.IGNORECASE)
SECTIONS = ["Context", "Decision", "Non-goals", "Alternatives", "Consequences"]

each_document = pytest.mark.parametrize("document", documents(), ids=name_of)


@each_document
def test_a_page_does_not_call_things_easy(document: Path) -> None:
    text = re.sub(r'"[^"\n]*"', "", prose(text_of(document)))
    assert WORDS_THAT_BELITTLE.findall(text) == []


@each_document
def test_a_page_begins_with_a_title_and_then_says_who_it_is_for(document: Path) -> None:
    lines = [line for line in text_of(document).splitlines() if line and not line.startswith("<!--")]
    assert lines[0].startswith("# ")
    beginning = " ".join(lines[1:7])
    assert re.search(r"\b(For those who|It is for)\b", beginning)


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_fits_a_page_and_has_its_sections(decision: Path) -> None:
    text = text_of(decision)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.split()) <= 750
    assert text.startswith(f"# {int(decision.name[:4])}. ")


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
