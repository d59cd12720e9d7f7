"""What DuckDB refuses, in words for the person who asked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from trailcam.errors import Problem, TrailcamError, WorldError, code


def refused(message: str, *, hint: str = "", line: int | None = None) -> TrailcamError:
    """A query that is not answered."""
    place = "query" if line is not None else None
    return TrailcamError(Problem(code=code("bad_query"), message=message, hint=hint, path=place, line=line))


@contextmanager
def told() -> Iterator[None]:
    """Turns what DuckDB says into what a person reads."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InternalException) as error:
        raise failed(str(error).splitlines()[0]) from None
    except (duckdb.Error, pa.ArrowException) as error:
        raise _in_its_words(str(error)) from None


@contextmanager
def damaged(name: str) -> Iterator[None]:
    """The same, where the text of a person is not concerned yet: then it is a file."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        message = f"the table {name} cannot be read: {str(error).splitlines()[0]}"
        raise failed(message, hint="`trailcam verify` tells which files are not whole") from None


def failed(message: str, *, path: str | None = None, hint: str = "") -> WorldError:
    """A query that could not be answered."""
    return WorldError(Problem(code=code("world_refused"), message=message, path=path, hint=hint))


def _in_its_words(words: str) -> TrailcamError:
    """DuckDB's message in one line, what it proposes as the hint, and the line of the query it points to."""
    place = re.search(r"^LINE (\d+): .*\n.*\^", words, re.MULTILINE)
    lines = [line.strip() for line in words.partition("\nLINE ")[0].splitlines() if line.strip()]
    hints = [line for line in lines if re.match(r"(Did you mean|Candidate|Perhaps)", line)]
    message = " ".join(line for line in lines if line not in hints)
    return refused(message, hint="; ".join(hints), line=int(place[1]) if place else None)
