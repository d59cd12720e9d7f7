"""Use cases, one file each; the only place that wires names to objects.

May import every floor below. The faces (`trailcam.cli`) parse, call a use case, and print.
"""
