"""The pages of what rules and schemas may hold: the keys of their forms."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trailcam import registry
from trailcam.app.reference.markdown import anchor, bullets, capital, head, page, table, words
from trailcam.forms import Form, Key, Kind, ListOf, MappingOf, OneOf, Recursive
from trailcam.logtypes import loader as logtypes
from trailcam.model.logtype import SCANNERS as SCANNER_NAMES
from trailcam.model.logtype import SHAPED_SCANNERS
from trailcam.model.rule import Rule
from trailcam.pipeline.indicators import SCANNERS
from trailcam.rules.values import METADATA, rule_fields


def rule_metadata() -> str:
    """The page of rule formats: an example and the keys of each."""
    lines = head(
        "Rule metadata",
        "For those who write rules: what each format takes.",
        "A key that is not listed here is an error, never ignored.",
        "Which format a file is of shows in the file itself.",
    )
    names = registry.names("rule_format")
    lines += bullets(f"[{name}](#{anchor(name)})" for name in names)
    for name in names:
        module = registry.load("rule_format", name)
        lines += [f"## {capital(name)}", "", " ".join((module.__doc__ or "").split()), ""]
        for file, text in module.EXAMPLE.items():
            lines += [
                f"`{file}`:",
                "",
                f"```{_LANGUAGES.get(Path(file).suffix, '')}",
                text.rstrip(),
                "```",
                "",
            ]
        suffix = f" ({name})"
        forms = list(module.forms())
        if len(forms) > 1:
            lines += ["What its files hold:", ""]
            lines += bullets(f"[{form.name}](#{anchor(f'{form.name}{suffix}')})" for form in forms)
        lines += _forms(_with_inner(forms), level="###", suffix=suffix, absent=_metadata_default)
    return page(lines)


def schema_form() -> str:
    """The page of `schema.yml`."""
    lines = head(
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
        *table(("scanner", "fills", "knows its shape"), (_scanner(name) for name in SCANNER_NAMES)),
    ]
    return page(lines)


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
        yield from (f"{level} {capital(form.name)}{suffix}", "")
        for group in form.exactly_one:
            yield from (f"Exactly one of {words(group)} is given.", "")
        yield from table(
            ("key", "holds", "if absent", "meaning"),
            (
                (
                    f"`{name}`",
                    holds(key.kind, suffix),
                    "an error" if key.required else absent(key),
                    key.doc,
                )
                for name, key in form.keys.items()
            ),
        )


def holds(kind: Kind, suffix: str) -> str:
    """What a key takes; an inner form is linked to."""
    if isinstance(kind, Form):
        return f"[{kind.name}](#{anchor(f'{kind.name}{suffix}')})"
    if isinstance(kind, Recursive):
        return holds(kind.get(), suffix)
    if isinstance(kind, ListOf):
        length = "" if not kind.least else f" of {kind.least} or more"
        return f"a list{length}, each item {holds(kind.item, suffix)}"
    if isinstance(kind, MappingOf):
        key = f"each key {holds(kind.key, suffix)}, " if kind.key is not None else ""
        return f"a mapping, {key}each value {holds(kind.value, suffix)}"
    if isinstance(kind, OneOf):
        return f"one of {words(kind.words)}" + (", in any case" if kind.fold else "")
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
    return f"`{name}`", words(sorted(found)), "yes" if name in SHAPED_SCANNERS else ""


_PROBES = (
    "192.0.2.1", "host.example", "https://host.example/", "https://192.0.2.1/", "111122223333",
    "arn:aws:iam::111122223333:user/a", "i-0123456789abcdef0", "a@example.com", "0" * 32, "0" * 40, "0" * 64,
)  # fmt: skip
"""Texts of which every scanner finds some, by which it shows the lists it fills."""
