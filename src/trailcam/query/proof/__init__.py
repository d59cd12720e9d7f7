"""Holds the ledger against the lake, and the state against itself: what is missing, or that nothing is.

Everything is counted anew, from the files themselves; nothing is taken from what a run said of itself.
One file holds one against one: `ledger` the state against itself, `files` the files against their digests,
`lake_tables` the tables against the files, `rows` the rows against the ledger, `verdicts` what rules said in
the lake against the state, `windows` windows and alerts against matches, `lane` what waits for its turn or
has had it against the rest of the state, `lookups` versions of lookup tables against their digests. What
differs is told in words, each kind once, with a count and an example; a new comparison is a function that
gives such words.
"""

from trailcam.query.proof.lake_tables import Tables, look_at_tables
from trailcam.query.proof.proof import Proof, prove
from trailcam.query.proof.rows import lost

__all__ = ["Proof", "Tables", "look_at_tables", "lost", "prove"]
