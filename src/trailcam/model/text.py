"""Text that can be written down: as UTF-8, in a file, a table or a database."""


def storable(text: str) -> str:
    """Text as UTF-8 can hold it: names of files may carry bytes that are no text, and rules may build any.

    >>> storable("caf\\udce9.json")
    'caf\\\\udce9.json'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text
