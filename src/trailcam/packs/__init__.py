"""Packs that ship with Trailcam: one folder each, with its rules, their helpers and a page, `README.md`.

To add one, add a folder; nothing else is edited. It inherits the contract suite in `tests/contract`.
"""
