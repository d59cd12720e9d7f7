"""Dead letters for a person: `looking` lists them and shows one, `retry` reads them again.

`again` finds once more what could not be read to its end; `mending` keeps what comes of the dead letters of
origins that were.
"""
