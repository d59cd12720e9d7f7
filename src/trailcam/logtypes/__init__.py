"""A log type is one folder: `schema.yml`, `samples/` of our own, `expected/` events. Data, no code.

To add one, add a folder; nothing else is edited. It inherits the contract suite in `tests/contract` and its
page in the reference. The loader here may import the model, forms and the error table.
"""
