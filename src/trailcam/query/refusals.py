"""What DuckDB refuses, in words for the person who asked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from trailcam.errors import Problem, TrailcamError, WorldError, code

_VERIFY = "`trailcam verify` tells which files are not whole"

_WORLD = re.compile(r"(IO|Out of Memory|INTERNAL) Error: ")

_DAMAGE = re.compile(r'^Invalid Error: |(read|from|in Parquet) file "')
"""What is said of files that are not whole. `Invalid` is what DuckDB says where it has no word of its own: no
statement leads there, but a page of a file that is no page does."""


def refused(message: str, *, hint: str = "", line: int | None = None) -> TrailcamError:
    """A query that is not answered."""
    place = "query" if line is not None else None
    return TrailcamError(Problem(code=code("bad_query"), message=message, hint=hint, path=place, line=line))


@contextmanager
def told() -> Iterator[None]:
    """Turns what DuckDB says into what a person reads."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise said(error) from None


def said(error: Exception) -> TrailcamError:
    """What to raise for an error of DuckDB; of one that Arrow hands on, only its words are left."""
    words = str(error)
    if type(error) is duckdb.Error or _DAMAGE.search(words):
        return failed(words.splitlines()[0], hint=_VERIFY)
    if _WORLD.match(words):
        return failed(words.splitlines()[0])
    return _in_its_words(words)


@contextmanager
def damaged(name: str) -> Iterator[None]:
    """The same, where the text of a person is not concerned yet: then it is a file."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        message = f"the table {name} cannot be read: {str(error).splitlines()[0]}"
        raise failed(message, hint=_VERIFY) from None


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
