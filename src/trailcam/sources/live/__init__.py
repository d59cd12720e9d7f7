"""Sources that are followed live: one file a type, as `trailcam.contracts.source` has them.

A module has `FORM`, the keys of its settings, `open_source`, and `examine`, which says why nothing arrives.
It may import what lies in `trailcam.sources`. To add one, add a file: its name is what `type` says in
`[sources.NAME]`.
"""
