"""Lookup tables: files that say more of an address, an account or a name than the log does.

`formats` holds one file for each form a table may have; to add one, add a file with what
`trailcam.contracts.enrichment.LookupFormat` asks for. `versions` opens the version in force at a time,
`tables` is where the state names them all. May import contracts, the model, registry, the state and errors.
"""

from trailcam.enrichments.versions import VersionedLookup, lookups

__all__ = ["VersionedLookup", "lookups"]
