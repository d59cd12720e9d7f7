"""Markdown as generated pages have it."""

import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `make reference`. Change the code, not this page. -->"


def anchor(heading: str) -> str:
    """The fragment by which a heading can be linked to, as code hosts make it.

    >>> anchor("TC0101: path not found")
    'tc0101-path-not-found'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def head(title: str, *sentences: str) -> list[str]:
    """The beginning of a page: its title, then whom it is for and what holds for all of it."""
    return [GENERATED, "", f"# {title}", "", *sentences, ""]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, a line a row."""
    lines = [columns, ["---"] * len(columns), *rows]
    return [*(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines), ""]


def bullets(items: Iterable[str]) -> list[str]:
    """A list of items."""
    return [*(f"- {item}" for item in items), ""]


def words(given: Iterable[str]) -> str:
    """Words as they are typed, one behind the other."""
    return ", ".join(f"`{word}`" for word in given)


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def page(lines: Iterable[str]) -> str:
    """A page of these lines."""
    return "\n".join(lines).rstrip() + "\n"
