"""Run the line. An engine gets groups of origins and gives what came of them; it decides nothing.

May import the floors below: pipeline, rules, codecs. Names are wired to objects in `trailcam.app`.
"""
