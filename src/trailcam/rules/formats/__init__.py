"""One module per way of writing rules down, found by its file name; see `trailcam.contracts.rule_format`.

To add one, put a file here with `SUFFIXES`, `EXAMPLE` and `read`. It inherits the contract suite in
`tests/contract/test_rule_formats.py`.
"""
