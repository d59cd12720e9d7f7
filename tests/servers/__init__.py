"""Servers that tests start: real ones from PyPI packages, on 127.0.0.1, that end with the tests.

`ministack` and `seaweed` each start one; `fixtures` is the pytest plugin that starts each at most once per
worker of the suite and only when a test asks for it. Clients sign as `test`, a key that no one else would take.
"""
