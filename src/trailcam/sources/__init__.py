"""Where bytes come from. A source gives blobs: origins with an identity that can be read again.

May import the model, contracts and the error table. To add one, add a file named after it.
"""
