"""What a person can set: `trailcam.toml`, over it `TRAILCAM_` variables. Unknown keys are refused.

Imports the error table and forms only. To add a setting, add it to the form in `schema.py`; the reader, the
variable's name, the message for a misspelling and the reference come from there.
"""
