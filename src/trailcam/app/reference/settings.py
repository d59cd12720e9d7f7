"""The page of settings."""

from collections.abc import Iterator, Mapping

from trailcam import registry
from trailcam.app.reference.forms import holds
from trailcam.app.reference.markdown import head, page, table
from trailcam.forms import Form, Key, MappingOf, Plain
from trailcam.settings.read import CACHE_VARIABLE, HOME_VARIABLE, SETTINGS_FILE
from trailcam.settings.schema import SETTINGS_FORM, SIZE, Settings
from trailcam.settings.sources import KIND, AnySource, common_keys


def settings() -> str:
    """The page of settings: every key with its variable and its default."""
    lines = head(
        "Settings",
        "For those who keep things elsewhere, or want other limits than the defaults.",
        f"Settings are read from `{SETTINGS_FILE}` in the folder that a command runs in,"
        " or from the file that `--config` names.",
        "A variable of the environment stands over the file, where a key has one.",
        "Unknown keys and variables are errors.",
        "What was read of rules is kept in `~/.cache/trailcam`, and read but once;"
        f" `{CACHE_VARIABLE}` names another folder, and nothing is kept where it is empty.",
    )
    keys = SETTINGS_FORM.keys
    sections = {name: key.kind for name, key in keys.items() if isinstance(key.kind, Form)}
    named = {
        name: key.kind.value
        for name, key in keys.items()
        if isinstance(key.kind, MappingOf) and isinstance(key.kind.value, Form | AnySource)
    }
    top = {name: key for name, key in keys.items() if name not in sections | named}
    defaults = Settings()
    lines += ["## At the top", "", *_table({"home": HOME_VARIABLE}, top, defaults)]
    example = list(_example(top, defaults))
    for name, form in sections.items():
        lines += [f"## [{name}]", "", keys[name].doc, ""]
        variables = {key: f"TRAILCAM_{name.upper()}_{key.upper()}" for key in form.keys}
        lines += _table(variables, form.keys, getattr(defaults, name))
        example += ["", f"[{name}]", *_example(form.keys, getattr(defaults, name))]
    for name, kind in named.items():
        lines += [f"## [{name}.NAME]", "", keys[name].doc, "No variable stands over them.", ""]
        if isinstance(kind, Form):
            lines += _named(kind.keys)
        else:
            lines += _sources()
    return page([*lines, "An example:", "", "```toml", *example, "```", ""])


def _sources() -> Iterator[str]:
    """The keys that all sources have, and those of each type."""
    yield "All sources have these keys, and those of their type."
    yield ""
    yield from _named(common_keys())
    for type_ in registry.names(KIND):
        module = registry.load(KIND, type_)
        yield from (
            f"### Sources of type {type_}",
            "",
            " ".join((module.__doc__ or "").split("\n\n")[0].split()),
            "",
        )
        yield from _named(module.FORM.keys)


def _named(keys: Mapping[str, Key]) -> list[str]:
    return table(
        ("key", "takes", "if absent", "meaning"),
        (
            (f"`{name}`", holds(key.kind, ""), "an error" if key.required else "", key.doc)
            for name, key in keys.items()
        ),
    )


def _table(variables: Mapping[str, str], keys: Mapping[str, Key], defaults: object) -> list[str]:
    rows = []
    for name, key in keys.items():
        default = getattr(defaults, name)
        variable = f"`{variables[name]}`" if name in variables else ""
        written = f"`{_written(default, key)}`" if default else "none"
        rows.append((f"`{name}`", variable, holds(key.kind, ""), written, key.doc))
    return table(("key", "variable", "takes", "default", "meaning"), rows)


def _example(keys: Mapping[str, Key], defaults: object) -> Iterator[str]:
    for name, key in keys.items():
        if default := getattr(defaults, name):
            written = _written(default, key)
            yield f"{name} = {written}" if written.isdecimal() else f'{name} = "{written}"'


def _written(value: object, key: Key) -> str:
    """A default as a person would write it."""
    kind = key.kind
    if isinstance(value, int) and isinstance(kind, Plain) and kind is SIZE:
        for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
            if value % (1 << shift) == 0:
                return f"{value >> shift} {unit}"
    return f"{value:g}" if isinstance(value, float) else str(value)
