"""One small protocol per kind of component, born with its first member.

Imports the model and the error table only. Members are found by where they lie (`trailcam.registry`) and
inherit the contract suite of their kind in `tests/contract`.
"""
