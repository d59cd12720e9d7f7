"""A pack from a git repository, in pip's written form: `git+https://host/repo.git@REF#subdirectory=DIR`.

Source: https://pip.pypa.io/en/stable/topics/vcs-support/ (read 2026-11-28).
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

PREFIX = "git+"
SCHEMES = ("https", "ssh", "file")
FORM = "git+https://HOST/REPO.git@REF#subdirectory=DIR"

_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+=-]*")
_HOST = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPack:
    """A folder in a git repository. `str()` of it shows no password."""

    url: str = field(repr=False)
    """As git takes it, with whatever name and password are written in it."""
    ref: str = "HEAD"
    """A branch, a tag or a commit."""
    folder: str = ""
    """Seen from the root of the repository; empty is the root."""

    @property
    def shown_url(self) -> str:
        """The URL without name and password."""
        return redacted(self.url)

    def __str__(self) -> str:
        ref = "" if self.ref == "HEAD" else f"@{self.ref}"
        return f"{PREFIX}{self.shown_url}{ref}" + (f"#subdirectory={self.folder}" if self.folder else "")


def is_git(written: str) -> bool:
    """Whether a text is meant to name a pack from git."""
    return written.lower().startswith(PREFIX)


def parse(written: str) -> GitPack:
    """The pack that a text names.

    Raises:
        ValueError: it is not in the form, in words that show no password; nothing that git could take for an
            option or a command of its own passes.
    """
    try:
        parts = urlsplit(written[len(PREFIX) :])
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("it is no URL") from None
    if parts.scheme not in SCHEMES:
        known = ", ".join(f"{PREFIX}{scheme}" for scheme in SCHEMES)
        raise ValueError(f"it must begin with one of {known}")
    if any(not char.isprintable() or char in " \\" for char in written):
        raise ValueError("it holds blanks or characters that cannot be seen")
    if parts.query:
        raise ValueError("it has a part behind a ?")
    path, at, ref = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "HEAD")
    if at and not _is_ref(ref):
        raise ValueError(f'"{ref}" is not the name of a branch, a tag or a commit')
    if parts.scheme == "file":
        if parts.netloc or not path.startswith("/"):
            raise ValueError("a repository on this machine is git+file:///its/path")
    elif not _HOST.fullmatch(host) or (parts.username or "").startswith("-"):
        raise ValueError("it names no host")
    if not path.strip("/"):
        raise ValueError("it names no repository")
    return GitPack(
        url=urlunsplit((parts.scheme, parts.netloc, path, "", "")), ref=ref, folder=_folder(parts.fragment)
    )


def redacted(url: str) -> str:
    """A URL without name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _is_ref(ref: str) -> bool:
    """Git's own rules for names, and no character that means more to it than itself."""
    return (
        _REF.fullmatch(ref) is not None
        and not any(part in ref for part in ("..", "//", "/."))
        and not ref.endswith((".", "/", ".lock"))
    )


def _folder(fragment: str) -> str:
    if not fragment:
        return ""
    named = parse_qsl(fragment, keep_blank_values=True)
    if [key for key, _ in named] != ["subdirectory"]:
        raise ValueError("behind the # stands subdirectory=DIR and nothing else")
    folder = unquote(named[0][1]).strip("/")
    if not folder or any(part in ("", ".", "..") for part in folder.split("/")):
        raise ValueError("subdirectory names a folder inside of the repository")
    return folder
