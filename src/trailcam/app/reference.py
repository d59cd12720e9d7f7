"""Writes the generated pages of the reference: `python -m trailcam.app.reference docs/reference`.

Each page is a pure function of what the code declares: the error table, the forms, the schemas, the settings,
and what `--help` prints. Nothing is listed here: what is added elsewhere shows in its page.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trailcam import errors, registry
from trailcam.errors import ERRORS
from trailcam.forms import Form, Key, Kind, ListOf, MappingOf, OneOf, Plain, Recursive
from trailcam.logtypes import loader as logtypes
from trailcam.model.logtype import SCANNERS as SCANNER_NAMES
from trailcam.model.logtype import SHAPED_SCANNERS, Field, LogType
from trailcam.model.rule import Rule
from trailcam.model.standard_fields import STANDARD_FIELDS
from trailcam.pipeline.indicators import SCANNERS
from trailcam.rules.values import METADATA, rule_fields
from trailcam.settings.read import SETTINGS_FILE
from trailcam.settings.schema import LIMITS_FORM, SETTINGS_FORM, SIZE, LimitSettings

GENERATED = "<!-- Written by `make reference`. Change the code, not this page. -->"

_PROBES = (
    "192.0.2.1", "host.example", "https://host.example/", "https://192.0.2.1/", "111122223333",
    "arn:aws:iam::111122223333:user/a", "i-0123456789abcdef0", "a@example.com", "0" * 32, "0" * 40, "0" * 64,
)  # fmt: skip
"""Texts of which every scanner finds some, by which it shows the lists it fills."""


def pages(help_texts: Mapping[str, str]) -> dict[str, str]:
    """Every generated page by its file name; `help_texts` as `help_of_commands` gives them."""
    return {
        "command-line.md": command_line(help_texts),
        "errors.md": error_codes(),
        "log-types.md": log_types(logtypes.builtin()),
        "rule-metadata.md": rule_metadata(),
        "schema-form.md": schema_form(),
        "settings.md": settings(),
    }


def error_codes() -> str:
    """The page of the error table: a section for each code."""
    headings = dict(re.findall(r"(\d\d) ([^,.(]+)", " ".join((errors.__doc__ or "").split())))
    lines = _head(
        "Error codes",
        "For those who met a code and want to know what to do about it.",
        "A code is never reused.",
        "Codes that begin with `TC04` are also the reasons of dead letters.",
    )
    block = ""
    for entry in ERRORS.values():
        if entry.code[2:4] != block:
            block = entry.code[2:4]
            lines += [f"## {_capital(headings.get(block, block).strip())}", ""]
        lines += [f"### {entry.code}: {entry.title}", "", f"Cause: {entry.cause}", ""]
        lines += [f"Cure: {entry.cure}", ""]
    return _text(lines)


def log_types(known: Sequence[LogType]) -> str:
    """The page of log types: a section for each with its fields, and the fields that every event has."""
    lines = _head(
        "Log types",
        "For those who write rules: what an event can hold.",
        "A field is in an event as the vendor wrote it, nulls included.",
        "A field that the record lacks is absent.",
        "Beside them stand the [fields that Trailcam sets](#fields-that-trailcam-sets).",
    )
    lines += _bullets(f"[{log_type.name}](#{anchor(log_type.name)})" for log_type in known)
    for log_type in known:
        lines += _log_type(log_type)
    lines += [
        "## Fields that Trailcam sets",
        "",
        "The `p_any_*` lists are sorted, without repeats, and absent when empty.",
        "Times are text of the form `YYYY-MM-DD HH:MM:SS.fffffffff`.",
        "",
        *_table(
            ("field", "holds"), ((f"`{name}`", meaning) for name, meaning in sorted(STANDARD_FIELDS.items()))
        ),
    ]
    return _text(lines)


def rule_metadata() -> str:
    """The page of rule formats: an example and the keys of each."""
    lines = _head(
        "Rule metadata",
        "For those who write rules: what each format takes.",
        "A key that is not listed here is an error, never ignored.",
        "Which format a file is of shows in the file itself.",
    )
    names = registry.names("rule_format")
    lines += _bullets(f"[{name}](#{anchor(name)})" for name in names)
    for name in names:
        module = registry.load("rule_format", name)
        lines += [f"## {_capital(name)}", "", " ".join((module.__doc__ or "").split()), ""]
        for file, text in module.EXAMPLE.items():
            lines += [
                f"`{file}`:",
                "",
                f"```{_LANGUAGES.get(Path(file).suffix, '')}",
                text.rstrip(),
                "```",
                "",
            ]
        forms = [value for value in vars(module).values() if isinstance(value, Form)]
        inner = [form for outer in forms for form in _with_inner([outer])[1:]]
        outermost = [form for form in forms if not any(form is other for other in inner)]
        lines += _forms(_with_inner(outermost), level="###", suffix=f" ({name})", absent=_metadata_default)
    return _text(lines)


def schema_form() -> str:
    """The page of `schema.yml`."""
    lines = _head(
        "The form of a log type's schema",
        f"For those who add a log type: what its `{logtypes.SCHEMA_FILE}` may hold.",
        "A key that is not listed here is an error, never ignored.",
    )
    lines += _forms(_with_inner([logtypes.SCHEMA_FORM]), level="##", suffix="", absent=lambda _key: "")
    lines += [
        "## Scanners",
        "",
        "What a scanner finds goes into the lists named beside it.",
        "A scanner that knows its shape may be used under `anywhere` without keys.",
        "",
        *_table(("scanner", "fills", "knows its shape"), (_scanner(name) for name in SCANNER_NAMES)),
    ]
    return _text(lines)


def settings() -> str:
    """The page of settings: every key with its variable and its default."""
    lines = _head(
        "Settings",
        "For those who want other limits than the defaults.",
        f"Settings are read from `{SETTINGS_FILE}` in the folder that a command runs in,"
        " or from the file that `--config` names.",
        "A variable of the environment stands over the file.",
        "Unknown keys and variables are errors.",
    )
    defaults = LimitSettings()
    for section, key in SETTINGS_FORM.keys.items():
        if isinstance(key.kind, Form):
            lines += [f"## [{section}]", "", key.doc, ""]
            lines += _table(
                ("key", "variable", "takes", "default", "meaning"),
                (
                    (
                        f"`{name}`",
                        f"`TRAILCAM_{section.upper()}_{name.upper()}`",
                        _holds(inner.kind, ""),
                        f"`{_number(getattr(defaults, name), inner)}`",
                        inner.doc,
                    )
                    for name, inner in key.kind.keys.items()
                ),
            )
    lines += ["An example:", "", "```toml", "[limits]"]
    lines += [f"{name} = {_number(getattr(defaults, name), key, quoted=True)}" for name, key in _limits()]
    return _text([*lines, "```", ""])


def command_line(help_texts: Mapping[str, str]) -> str:
    """The page of commands: what `--help` prints. The empty name is `trailcam` itself."""
    lines = _head(
        "Command line",
        "For those who run Trailcam in a terminal or in a script.",
        "Data goes to standard output, words go to standard error.",
        "Colour carries no meaning; `NO_COLOR` and a pipe are obeyed.",
    )
    lines += ["## Exit codes", ""]
    lines += _table(
        ("code", "meaning"),
        (
            ("0", "Done, and nothing was wrong."),
            ("1", "Done, and the check failed: dead letters, rule errors, rules not run, failed tests."),
            ("2", "Wrong use or configuration; nothing was done."),
            ("3", "The world failed: a disk, a permission, a process."),
            ("130", "Interrupted."),
        ),
    )
    for name, text in help_texts.items():
        title = f"trailcam {name}".strip()
        lines += [f"## {title}", "", "```text", *(line.rstrip() for line in text.rstrip().splitlines())]
        lines += ["```", ""]
    return _text(lines)


def help_of_commands() -> dict[str, str]:
    """What `trailcam --help` and `trailcam COMMAND --help` print, the former under the empty name."""
    whole = _help()
    names = re.findall(r"^  ([a-z][a-z-]*)", whole.partition("Commands:")[2], re.MULTILINE)
    return {"": whole} | {name: _help(name) for name in names}


def anchor(heading: str) -> str:
    """The fragment by which a heading can be linked to, as code hosts make it.

    >>> anchor("TC0101: path not found")
    'tc0101-path-not-found'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# -- log types ---------------------------------------------------------------------------------------------


def _log_type(log_type: LogType) -> Iterator[str]:
    yield from (f"## {log_type.name}", "", log_type.description)
    if log_type.reference:
        yield f"The vendor's page: <{log_type.reference}>."
    yield ""
    facts = [
        ("schema version", str(log_type.version)),
        ("records lie in", _words(log_type.records) or "no envelope: each value is a record"),
        ("event time", _words([log_type.event_time]) if log_type.event_time else "that of the file"),
        ("identity", _words([log_type.identity]) if log_type.identity else "the place in the file"),
        ("must have", _words(log_type.signature.requires)),
        ("must hold", _values(log_type.signature.values, " or ")),
        ("must not have", _values(log_type.signature.excludes, " or ")),
        (f"has {log_type.signature.at_least} or more of", _words(log_type.signature.some)),
        ("looked for everywhere", _anywhere(log_type)),
    ]
    yield from _table(("", ""), ((name, value) for name, value in facts if value))
    yield "In the table, `[]` stands for each item of a list."
    yield ""
    yield from _table(
        ("field", "type", "always", "indicators", "holds"),
        (
            (
                f"`{path}`",
                _type(field),
                "yes" if field.required else "",
                _words(field.indicators),
                field.description,
            )
            for path, field in _paths(log_type.fields)
        ),
    )


def _paths(fields: Iterable[Field], above: str = "") -> Iterator[tuple[str, Field]]:
    for field in fields:
        path = f"{above}{field.name}"
        yield path, field
        inner, marks = field, ""
        while inner.element is not None:
            inner, marks = inner.element, f"{marks}[]"
        yield from _paths(inner.fields, f"{path}{marks}.")


def _type(field: Field) -> str:
    return f"array of {_type(field.element)}" if field.element is not None else field.type


def _values(pairs: Iterable[tuple[str, tuple[Any, ...]]], joint: str) -> str:
    return "; ".join(
        f"`{key}`" + (f" = {joint.join(f'`{value}`' for value in values)}" if values else "")
        for key, values in pairs
    )


def _anywhere(log_type: LogType) -> str:
    return "; ".join(
        f"{rule.scanner} under {_words(rule.keys)}" if rule.keys else f"{rule.scanner} in any text"
        for rule in log_type.anywhere
    )


# -- forms -------------------------------------------------------------------------------------------------


def _with_inner(forms: Iterable[Form]) -> list[Form]:
    """The forms and those inside of them, each once, the inner ones behind the form that names them."""
    found: list[Form] = []
    pending = list(forms)
    while pending:
        form = pending.pop(0)
        if not any(form is known for known in found):
            found.append(form)
            pending = [inner for key in form.keys.values() if (inner := _form_in(key.kind))] + pending
    return found


def _form_in(kind: Kind) -> Form | None:
    while not isinstance(kind, Form):
        if isinstance(kind, ListOf):
            kind = kind.item
        elif isinstance(kind, MappingOf):
            kind = kind.value
        elif isinstance(kind, Recursive):
            kind = kind.get()
        else:
            return None
    return kind


def _forms(forms: Iterable[Form], *, level: str, suffix: str, absent: Callable[[Key], str]) -> Iterator[str]:
    """A section for each form; `suffix` tells forms of one name apart, `absent` gives a key's default."""
    for form in forms:
        yield from (f"{level} {_capital(form.name)}{suffix}", "")
        for group in form.exactly_one:
            yield from (f"Exactly one of {_words(group)} is given.", "")
        yield from _table(
            ("key", "holds", "if absent", "meaning"),
            (
                (
                    f"`{name}`",
                    _holds(key.kind, suffix),
                    "an error" if key.required else absent(key),
                    key.doc,
                )
                for name, key in form.keys.items()
            ),
        )


def _holds(kind: Kind, suffix: str) -> str:
    """What a key takes; an inner form is linked to."""
    if isinstance(kind, Form):
        return f"[{kind.name}](#{anchor(f'{kind.name}{suffix}')})"
    if isinstance(kind, Recursive):
        return _holds(kind.get(), suffix)
    if isinstance(kind, ListOf):
        length = "" if not kind.least else f" of {kind.least} or more"
        return f"a list{length}, each item {_holds(kind.item, suffix)}"
    if isinstance(kind, MappingOf):
        key = f"each key {_holds(kind.key, suffix)}, " if kind.key is not None else ""
        return f"a mapping, {key}each value {_holds(kind.value, suffix)}"
    if isinstance(kind, OneOf):
        return f"one of {_words(kind.words)}" + (", in any case" if kind.fold else "")
    return kind.expected


def _metadata_default(key: Key) -> str:
    """What stands in for a key of a rule's metadata, by whatever name a format gives it."""
    for name, declared in METADATA.items():
        if declared.doc == key.doc:
            value = getattr(_PLAINEST, {"dedup_period_minutes": "period_minutes"}.get(name, name))
            return f"`{str(value).lower()}`" if value not in ("", ()) else ""
    return ""


_PLAINEST = Rule(
    **rule_fields({"id": "Any.Rule", "log_types": ["Any.Log"], "severity": "Info"}),
    format="",
    path=Path(),
    metadata_path=Path(),
    body="",
)
"""A rule that says no more than it must."""

_LANGUAGES = {".py": "python", ".yml": "yaml"}


def _scanner(name: str) -> tuple[str, str, str]:
    scanner = SCANNERS.get(name)  # that of tags reads more than a text and stands apart
    found = {fills for probe in _PROBES for fills, _ in scanner(probe)} if scanner else {f"p_any_{name}s"}
    return f"`{name}`", _words(sorted(found)), "yes" if name in SHAPED_SCANNERS else ""


# -- settings ----------------------------------------------------------------------------------------------


def _limits() -> list[tuple[str, Key]]:
    return list(LIMITS_FORM.keys.items())


def _number(value: float, key: Key, *, quoted: bool = False) -> str:
    """A default as a person would write it."""
    kind = key.kind
    if isinstance(kind, Plain) and kind is SIZE:
        for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if int(value) % (1 << shift) == 0:
                text = f"{int(value) >> shift} {unit}"
                return f'"{text}"' if quoted else text
    return f"{value:g}"


# -- Markdown ----------------------------------------------------------------------------------------------


def _head(title: str, *sentences: str) -> list[str]:
    return [GENERATED, "", f"# {title}", "", *sentences, ""]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    return [*(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines), ""]


def _bullets(items: Iterable[str]) -> list[str]:
    return [*(f"- {item}" for item in items), ""]


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


# -- the command -------------------------------------------------------------------------------------------


def _help(*command: str) -> str:
    """What a command's `--help` prints on a terminal of 100 columns without colour."""
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(  # noqa: S603  # this interpreter with words of our own
        [sys.executable, "-m", "trailcam", *command, "--help"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main(folder: Path) -> None:
    """Writes every page into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(help_of_commands()).items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
