"""What tests read out of Markdown: blocks, commands with what they print, headings, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELLS = {"sh", "bash", "shell", "zsh"}

_FENCE = re.compile(r"^```([\w-]*)[ ]*(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CHANGING = re.compile(r"\d+\.\d+ s, [\d,]+ records/s")


@dataclass(frozen=True)
class Command:
    """A line after `$ ` in a console block, and the lines that are shown below it."""

    line: str
    shown: str


@dataclass(frozen=True)
class Block:
    """A fenced block; `file` is what stands after the language: the file whose text it is."""

    language: str
    file: str
    body: str
    start: int
    """Where the body starts in the document."""

    @property
    def commands(self) -> list[Command]:
        """The commands of a console block."""
        found: list[Command] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                found.append(Command(line[2:], ""))
            elif found:
                found[-1] = Command(found[-1].line, f"{found[-1].shown}{line}\n")
        return found


def documents() -> list[Path]:
    """Every page: those at the root, those in docs and those of packs, sorted."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")])


def name_of(document: Path) -> str:
    """The path of a page from the root, for the names of tests."""
    return document.relative_to(ROOT).as_posix()


def text_of(document: Path) -> str:
    """The text of a page."""
    return document.read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    """All fenced blocks in order."""
    return [Block(found[1], found[2], found[3], found.start(3)) for found in _FENCE.finditer(text)]


def prose(text: str) -> str:
    """The text without fenced blocks and without code in the line."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    marks = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert marks is not None, f"no heading {heading!r}"
    rest = text[marks.end() :]
    end = re.search(rf"^#{{1,{len(marks[1])}}} ", _without_blocks(rest), re.MULTILINE)
    return rest[: end.start()] if end else rest


def anchors(text: str) -> set[str]:
    """The fragments that links may name, as code hosts make them of headings."""
    found: dict[str, int] = {}
    names = set()
    for heading in _HEADING.findall(_without_blocks(text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if slug in found else slug)
        found[slug] = found.get(slug, 0) + 1
    return names


def links(text: str) -> Iterator[str]:
    """The targets of links, outside of code."""
    yield from _LINK.findall(prose(text))


def tidy(output: str) -> str:
    """Output as it is compared: without the figures that change, blanks at line ends, empty first lines."""
    lines = [line.rstrip() for line in _CHANGING.sub("S s, N records/s", output).splitlines()]
    return "\n".join(lines).strip("\n")


def shows(shown: str, output: str) -> bool:
    """Whether a page shows what was printed: `...` stands for any text in a line, alone for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
        for line in tidy(shown).splitlines()
    )
    printed = tidy(output)
    return re.fullmatch(pattern, f"{printed}\n" if printed else "") is not None


def _without_blocks(text: str) -> str:
    """The text with blocks blanked out, every place as it was."""
    return _FENCE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
