"""Alerts as they stand in the state, and their history; `trailcam.commit` opens and changes them."""
