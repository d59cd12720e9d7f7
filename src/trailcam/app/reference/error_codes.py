"""The page of the error table."""

import re

from trailcam import errors
from trailcam.app.reference.markdown import capital, head, page
from trailcam.errors import ERRORS


def error_codes() -> str:
    """The page of the error table: a section for each code."""
    headings = dict(re.findall(r"(\d\d) ([^,.(]+)", " ".join((errors.__doc__ or "").split())))
    lines = head(
        "Error codes",
        "For those who met a code and want to know what to do about it.",
        "A code is never reused.",
        "Codes that begin with `TC04` are also the reasons of dead letters.",
    )
    block = ""
    for entry in ERRORS.values():
        if entry.code[2:4] != block:
            block = entry.code[2:4]
            lines += [f"## {capital(headings.get(block, block).strip())}", ""]
        lines += [f"### {entry.code}: {entry.title}", "", f"Cause: {entry.cause}", ""]
        lines += [f"Cure: {entry.cure}", ""]
    return page(lines)
