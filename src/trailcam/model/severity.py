"""How grave a match is: ordered, so that HIGH is greater than LOW."""

from enum import IntEnum


class Severity(IntEnum):
    """The five grades of a rule, an alert or a match, comparable as numbers."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @classmethod
    def parse(cls, text: str) -> "Severity":
        """The severity named by `text`, in any case.

        Raises:
            ValueError: the text names none of the five.
        """
        try:
            return cls[text.upper()]
        except KeyError:
            raise ValueError(f"severity must be one of {', '.join(cls.__members__)}; got {text!r}") from None
