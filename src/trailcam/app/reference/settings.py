"""The page of settings."""

from collections.abc import Iterator, Mapping

from trailcam import registry
from trailcam.app.reference.forms import holds
from trailcam.app.reference.markdown import head, page, table
from trailcam.forms import Form, Key, MappingOf, Plain
from trailcam.settings.read import SETTINGS_FILE
from trailcam.settings.schema import SETTINGS_FORM, SIZE, Settings
from trailcam.settings.sources import KIND, source_form

_SOURCES = "sources"
"""Their keys hang on their types, which are found."""


def settings() -> str:
    """The page of settings: every key with its variable and its default."""
    lines = head(
        "Settings",
        "For those who keep things elsewhere, or want other limits than the defaults.",
        f"Settings are read from `{SETTINGS_FILE}` in the folder that a command runs in,"
        " or from the file that `--config` names.",
        "A variable of the environment stands over the file.",
        "Unknown keys and variables are errors.",
    )
    keys = SETTINGS_FORM.keys
    sections = {name: key.kind for name, key in keys.items() if isinstance(key.kind, Form)}
    named = {
        name: key.kind.value
        for name, key in keys.items()
        if isinstance(key.kind, MappingOf) and isinstance(key.kind.value, Form)
    }
    top = {name: key for name, key in keys.items() if name not in sections | named and name != _SOURCES}
    defaults = Settings()
    lines += ["## At the top", "", *_table("", top, defaults)]
    example = list(_example(top, defaults))
    for name, form in sections.items():
        lines += [f"## [{name}]", "", keys[name].doc, ""]
        lines += _table(f"{name.upper()}_", form.keys, getattr(defaults, name))
        example += ["", f"[{name}]", *_example(form.keys, getattr(defaults, name))]
    for name, form in named.items():
        lines += [f"## {form.name}", "", keys[name].doc, "No variable stands over them.", ""]
        lines += _named_keys(form)
    for type_ in registry.names(KIND):
        lines += [f"## [sources.NAME] of type {type_}", "", keys[_SOURCES].doc]
        lines += ["No variable stands over them.", "", *_named_keys(source_form(type_))]
    return page([*lines, "An example:", "", "```toml", *example, "```", ""])


def _named_keys(form: Form) -> list[str]:
    return table(
        ("key", "takes", "if absent", "meaning"),
        (
            (f"`{key}`", holds(known.kind, ""), "an error" if known.required else "", known.doc)
            for key, known in form.keys.items()
        ),
    )


def _table(prefix: str, keys: Mapping[str, Key], defaults: object) -> list[str]:
    rows = [
        (
            f"`{name}`",
            f"`TRAILCAM_{prefix}{name.upper()}`",
            holds(key.kind, ""),
            f"`{_written(getattr(defaults, name), key)}`",
            key.doc,
        )
        for name, key in keys.items()
    ]
    return table(("key", "variable", "takes", "default", "meaning"), rows)


def _example(keys: Mapping[str, Key], defaults: object) -> Iterator[str]:
    for name, key in keys.items():
        written = _written(getattr(defaults, name), key)
        yield f"{name} = {written}" if written.isdecimal() else f'{name} = "{written}"'


def _written(value: object, key: Key) -> str:
    """A default as a person would write it."""
    kind = key.kind
    if isinstance(value, int) and isinstance(kind, Plain) and kind is SIZE:
        for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if value % (1 << shift) == 0:
                return f"{value >> shift} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)
