"""Conditions written in YAML, simple detections and inline filters, made into readable Python.

`form` and `kinds` say what may be written, `table` lists the conditions, `paths` reads names of fields,
`access` and `expressions` write parts of Python, `source` whole modules. `runtime` is what those modules
import when they run: what stands at a path (`finding`), what is asked of it (`comparing`), how it is shown
(`showing`).

Imports the model, forms, the error table and metadata of rules. To add a condition, add a row to `table`.
"""
