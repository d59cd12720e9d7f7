"""Links inside of the project lead somewhere."""

from pathlib import Path

import pytest
from tests.docs.markdown import ROOT, anchors, documents, links, name_of, text_of

each_document = pytest.mark.parametrize("document", documents(), ids=name_of)


def broken(document: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere, or out of the project."""
    wrong = []
    for link in links(text):
        path, _, fragment = link.partition("#")
        if "://" in path:
            continue
        target = (document.parent / path).resolve() if path else document
        inside = target.is_relative_to(ROOT) and target.exists()
        known = anchors(text if target == document else text_of(target)) if inside and fragment else set()
        if not inside or (fragment and fragment not in known):
            wrong.append(link)
    return wrong


@each_document
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    assert broken(document, text_of(document)) == []


def test_links_that_lead_nowhere_are_found() -> None:
    page = ROOT / "README.md"
    text = (
        "# Here\n[a](nowhere.md) [b](#here) [c](#there) [d](docs/concepts.md#words) [e](docs/concepts.md#x)\n"
    )
    assert broken(page, text) == ["nowhere.md", "#there", "docs/concepts.md#x"]
    assert broken(page, "[a](../outside.md) [b](https://example.com/x)") == ["../outside.md"]
    assert broken(page, "`[a](nowhere.md)`\n\n```text\n[a](nowhere.md)\n```\n") == []


def test_every_page_is_linked_to_from_another() -> None:
    reached = {ROOT / "README.md"}
    for document in documents():
        for link in links(text_of(document)):
            path = (document.parent / link.partition("#")[0]).resolve()
            reached |= {path} if path.is_file() else set(path.glob("*.md"))
    assert [name_of(document) for document in documents() if document not in reached] == []
