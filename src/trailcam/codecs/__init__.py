"""From an origin's bytes to records: unpacking and splitting. Streams: memory is bounded by one record.

May import the model, contracts and the error table. To add a codec, add a file whose name is the codec's,
with a function `split` of the contract in `trailcam.contracts.codec`.
"""
