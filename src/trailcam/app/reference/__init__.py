"""Writes the generated pages of the reference: `python -m trailcam.app.reference docs/reference`.

Each page is a pure function of what the code declares: the error table, the forms, the schemas, the settings,
the tables of the lake, and what `--help` prints. Nothing is listed here: what is added elsewhere shows in its
page. A page is a module of this package, and a line of `pages`.
"""

from collections.abc import Mapping

from trailcam.app.reference.command_line import command_line, help_of_commands
from trailcam.app.reference.error_codes import error_codes
from trailcam.app.reference.forms import rule_metadata, schema_form
from trailcam.app.reference.log_types import log_types
from trailcam.app.reference.settings import settings
from trailcam.app.reference.tables import tables
from trailcam.logtypes import loader as logtypes

__all__ = ["help_of_commands", "pages"]


def pages(help_texts: Mapping[str, str]) -> dict[str, str]:
    """Every generated page by its file name; `help_texts` as `help_of_commands` gives them."""
    return {
        "command-line.md": command_line(help_texts),
        "errors.md": error_codes(),
        "log-types.md": log_types(logtypes.builtin()),
        "rule-metadata.md": rule_metadata(),
        "schema-form.md": schema_form(),
        "settings.md": settings(),
        "tables.md": tables(logtypes.builtin()),
    }
