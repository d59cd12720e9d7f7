"""What rules use of the package of this name: `caching` (memory between events), `mocking`, `monitoring`."""
