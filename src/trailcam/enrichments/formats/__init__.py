"""The forms that the file of a lookup table may have: one module each, named as `format` names it.

A form is a module with what `trailcam.contracts.enrichment.LookupFormat` asks for. It may import contracts
and the error table.
"""
