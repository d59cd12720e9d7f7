"""The nouns of Trailcam, frozen: no I/O, no components, no clock.

Imports nothing of Trailcam but itself. To add a noun, add a file named after it.
"""
