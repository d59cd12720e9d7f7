"""From blobs to chunks of events: decode and normalise, for whatever a group is made of."""

import json
from collections.abc import Iterable, Iterator, MutableSequence
from functools import partial

from trailcam.codecs import json_records
from trailcam.codecs.gzip import unpack
from trailcam.contracts.codec import Envelope, Record
from trailcam.contracts.source import Blob
from trailcam.engines.inline import inline
from trailcam.engines.kept import decode_kept
from trailcam.engines.messages import READ, Setup, Task
from trailcam.model.deadletter import DeadLetter
from trailcam.model.event import PantherEvent
from trailcam.pipeline.decode import decode
from trailcam.pipeline.mend import mend
from trailcam.pipeline.normalize import Chunk, Normalizer
from trailcam.sources.kept_letters import KeptLetters
from trailcam.sources.kept_records import KeptRecords


class Reader:
    """Reads one task after another; that something was read is told in shared memory, for whoever watches."""

    def __init__(self, setup: Setup, slots: MutableSequence[int]) -> None:
        self._setup = setup
        self._slots = slots
        paths = {path for log_type in setup.log_types for path in log_type.records}
        self._envelopes = tuple(Envelope.parse(path) for path in sorted(paths))
        self.bytes_read = 0
        """Of the task's origins, as they lie there."""

    def chunks(self, task: Task) -> Iterator[Chunk]:
        """What comes of a task's blobs, cut by size alone."""
        self.bytes_read = 0
        normalizer = Normalizer(
            self._setup.log_types,
            parse_time=task.parse_time,
            batch_events=task.batch_events,
            batch_bytes=task.batch_bytes,
        )
        return normalizer.chunks(task.blobs, partial(self._decode, normalizer))

    def sample(self, record: object, log_type: str) -> PantherEvent:
        """The event that a record of this log type becomes, as if it had come alone in a file.

        Raises:
            ValueError: it becomes none.
        """
        chunks = list(self.chunks(Task(id=0, blobs=(inline(json.dumps(record).encode()),))))
        letters = [letter for chunk in chunks for letter in chunk.dead_letters]
        batches = [batch for chunk in chunks for batch in chunk.batches]
        if letters or len(batches) != 1 or len(batches[0]) != 1:
            raise ValueError(letters[0].detail if letters else "it is not one record")
        if batches[0].log_type != log_type:
            raise ValueError(f"it is an event of {batches[0].log_type}, not of {log_type}")
        return batches[0].event(0)

    def _decode(self, normalizer: Normalizer, blob: Blob) -> Iterator[Record | DeadLetter]:
        if isinstance(blob, KeptRecords):
            return decode_kept(blob)
        if isinstance(blob, KeptLetters):
            return mend(
                blob.stretches(),
                split=json_records.split,
                envelopes=self._envelopes,
                recognise=normalizer.classifier.recognise,
                record_limit=self._setup.limits.record_bytes,
            )
        return decode(
            blob,
            unpack=self._unpack,
            split=json_records.split,
            envelopes=self._envelopes,
            recognise=normalizer.classifier.recognise,
            origin_limit=self._setup.limits.origin_bytes,
            record_limit=self._setup.limits.record_bytes,
        )

    def _unpack(self, chunks: Iterable[bytes], *, limit: int) -> Iterator[bytes]:
        return unpack(map(self._counted, chunks), limit=limit)

    def _counted(self, chunk: bytes) -> bytes:
        self.bytes_read += len(chunk)
        self._slots[READ] += 1
        return chunk
