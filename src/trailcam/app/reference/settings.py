"""The page of settings."""

from trailcam.app.reference.forms import holds
from trailcam.app.reference.markdown import head, page, table
from trailcam.forms import Form, Key, Plain
from trailcam.settings.read import SETTINGS_FILE
from trailcam.settings.schema import LIMITS_FORM, SETTINGS_FORM, SIZE, LimitSettings


def settings() -> str:
    """The page of settings: every key with its variable and its default."""
    lines = head(
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
            lines += table(
                ("key", "variable", "takes", "default", "meaning"),
                (
                    (
                        f"`{name}`",
                        f"`TRAILCAM_{section.upper()}_{name.upper()}`",
                        holds(inner.kind, ""),
                        f"`{_number(getattr(defaults, name), inner)}`",
                        inner.doc,
                    )
                    for name, inner in key.kind.keys.items()
                ),
            )
    lines += ["An example:", "", "```toml", "[limits]"]
    lines += [f"{name} = {_number(getattr(defaults, name), key, quoted=True)}" for name, key in _limits()]
    return page([*lines, "```", ""])


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
