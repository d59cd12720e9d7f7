"""Conditions written in YAML, simple detections and inline filters, made into readable Python.

`form` says what may be written, `table` lists the conditions, `paths` reads names of fields, `access` and
`expressions` write parts of Python, `source` whole modules. What these modules import when they run is in
`runtime`. Imports the model, forms and the error table. To add a condition, add a row to `table`.
"""

from trailcam.rules.conditions.form import DETECTION_KEYS, FILTERS
from trailcam.rules.conditions.source import detection_source, filter_source

__all__ = ["DETECTION_KEYS", "FILTERS", "detection_source", "filter_source"]
