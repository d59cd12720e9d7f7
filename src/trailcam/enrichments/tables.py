"""The table of the state that says which contents lookup tables have had."""

from sqlalchemy import BigInteger, Column, Table, Text

from trailcam.state.metadata import metadata

lookup_version = Table(
    "lookup_version",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("format", Text, nullable=False),
    Column("key", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The contents that lookup tables have had; none is ever taken out. `since` is when a content was first seen,
`digest` the SHA-256 of its bytes, `path` that of the copy, relative to the folder of lookups. `format` and
`key` are those with which it was kept.
"""
