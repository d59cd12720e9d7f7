"""Modules that rules written elsewhere import by name: `from panther_base_helpers import deep_get`.

While rules load, each module or package in this folder is importable under its own file name, at the top
level. A pack that brings a module of the same name wins over the one here. A leading underscore marks what
only the modules here use; they import it by its full name.

They are written from facts about what rules call and what they get, none of it copied. To add one, put a
file here that is named as rules import it. It does nothing when imported but define; it takes plain
dictionaries and lists as well as the event and its parts, so it tests for `Mapping` and `Sequence`; and it
imports a neighbour by its top-level name, so that a pack's own neighbour wins there too.
"""
