"""One module for each kind of item, found by what `AnalysisType` says (a trailing `_` where Python needs it).

Each has `FORMS`, what its files may hold, and `read(written)`, which gives the item or all its problems. To
add a kind, put a module here.
"""
