"""Commands that a person can paste into a shell."""

import shlex


def quoted(text: str) -> str:
    r"""A word of a command line for bash, which is printable whatever the text.

    >>> print(quoted("two words"), quoted("two\nlines"))
    'two words' $'two\nlines'

    Raises:
        ValueError: no command line can hold it: it has a NUL, or half of a pair of surrogates.
    """
    if text.isprintable():
        return shlex.quote(text)
    if "\0" in text:
        raise ValueError(text)
    return f"$'{''.join(map(_escaped, text))}'"


def _escaped(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))  # in any locale


_NAMED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
