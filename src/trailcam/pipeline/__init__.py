"""The stages of the line as pure functions: decode, normalise, detect, window.

They know contracts, no component.
"""
