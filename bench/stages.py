"""The stages of the line, each timed alone over the same files in one process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from bench.keeping import keep
from trailcam.app.load import Loaded
from trailcam.codecs import json_records
from trailcam.codecs.gzip import unpack
from trailcam.contracts.codec import Envelope
from trailcam.contracts.runner import Runner
from trailcam.model.batch import EventBatch
from trailcam.model.match import Match, RuleError
from trailcam.model.timestamps import Micros
from trailcam.pipeline.decode import decode
from trailcam.pipeline.detect import detect
from trailcam.pipeline.normalize import Normalizer
from trailcam.pipeline.window import cut
from trailcam.rules.modules import execute, helpers
from trailcam.rules.run import RuleRunner
from trailcam.sources.files import LocalBlob, claim, find

LIMIT = 1 << 32

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row: CPU microseconds per event, this stage alone."""

    name: str
    micros: float
    note: str = ""


def measure(paths: Sequence[Path], loaded: Loaded, *, runs: int) -> tuple[int, list[Stage]]:
    """(events, rows); every figure is the least of `runs` passes over all files."""
    claiming, blobs = _least(runs, lambda: _claim(paths))
    unpacking, unpacked = _least(runs, lambda: sum(len(piece) for blob in blobs for piece in _unpacked(blob)))
    normalizer = Normalizer(loaded.log_types, parse_time=Micros(0))
    reading = partial(
        decode,
        unpack=unpack,
        split=json_records.split,
        envelopes=[Envelope.parse(path) for log_type in loaded.log_types for path in log_type.records],
        recognise=normalizer.classifier.recognise,
        origin_limit=LIMIT,
        record_limit=1 << 24,
    )
    decoding, _ = _least(runs, lambda: sum(1 for blob in blobs for _ in reading(blob)))
    normalizing, chunks = _least(runs, lambda: list(normalizer.chunks(blobs, reading)))
    batches = [batch for chunk in chunks for batch in chunk.batches]
    events = sum(map(len, batches))
    with helpers(loaded.packs):
        runners = [(number, RuleRunner(rule, execute(rule))) for number, rule in enumerate(loaded.rules)]
        viewing, _ = _least(runs, lambda: _detect(batches, []))
        detecting, said = _least(runs, lambda: _detect(batches, runners))
    found: list[Match | RuleError] = [match for matches, _ in said for _, match in matches]
    found += [error for _, errors in said for _, error in errors]
    windowing, windows = _least(runs, lambda: cut(found))
    kept = keep(blobs, batches, said, loaded)
    per_event = 1e6 / max(1, events)
    stages = [
        Stage(name="claim", micros=claiming * per_event, note=f"{len(blobs):,} files, digest"),
        Stage(name="unpack", micros=unpacking * per_event, note=f"{unpacked / max(1, events):,.0f} B/event"),
        Stage(name="split and decode", micros=(decoding - unpacking) * per_event),
        Stage(
            name="normalise", micros=(normalizing - decoding) * per_event, note=f"{len(batches):,} batches"
        ),
        Stage(name="event views", micros=viewing * per_event),
        Stage(
            name="rules", micros=(detecting - viewing) * per_event,
            note=f"{len(runners):,} rules, {len(found):,} matches and errors",
        ),
        Stage(name="windows", micros=windowing * per_event, note=f"{len(windows):,} windows"),
        Stage(
            name="stage", micros=kept.stage * per_event,
            note=f"{kept.files:,} files, {kept.size_bytes / max(1, events):,.0f} B/event",
        ),
        Stage(name="decide", micros=kept.decide * per_event, note="in one group; windows included"),
        Stage(name="publish", micros=kept.publish * per_event, note="in one commit a table"),
    ]  # fmt: skip
    whole = claiming + normalizing + detecting + kept.stage + kept.decide + kept.publish
    return events, [*stages, Stage(name="the line", micros=whole * per_event)]


def _claim(paths: Sequence[Path]) -> list[LocalBlob]:
    claimed = (claim(path, spool=Path()) for path in find(paths).files)
    return [blob for blob in claimed if isinstance(blob, LocalBlob)]


def _unpacked(blob: LocalBlob) -> Any:
    with blob.open() as packed:
        yield from unpack(packed, limit=LIMIT)


Said = tuple[list[tuple[int, Match]], list[tuple[int, RuleError]]]
"""Matches and errors of a batch, each with its row."""


def _detect(batches: Sequence[EventBatch], runners: Sequence[tuple[int, Runner]]) -> list[Said]:
    found: list[Said] = []
    for batch in batches:
        fitting = [(n, runner) for n, runner in runners if batch.log_type in runner.rule.log_types]
        detections = detect(
            batch,
            fitting,
            first_row=0,
            in_hand=lambda _row, _rule: None,
            known=lambda _rule, _subject: None,
            off_from={},
        )
        found.append((detections.matches, detections.errors))
    return found


def _least(runs: int, work: Callable[[], Result]) -> tuple[float, Result]:
    """(least CPU seconds of some runs, the last result)."""
    least = float("inf")
    for _ in range(runs):
        started = time.process_time()
        result = work()
        least = min(least, time.process_time() - started)
    return least, result
