"""Stages what came of a group: files of the lake's tables that nobody sees before the group is decided."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from trailcam.lake import rows
from trailcam.lake.files import write
from trailcam.lake.tables import DEAD_LETTERS, MATCHES, RULE_ERRORS, LakeTable, event_table
from trailcam.model.batch import EventBatch
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.model.match import Match, RuleError
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import Micros


class Stager:
    """Writes the results of one process into files; it owns nothing that must survive."""

    def __init__(self, warehouse: Path, log_types: Iterable[LogType], *, pack: str) -> None:
        self._warehouse = warehouse
        self._pack = pack
        self._log_types = {log_type.name: log_type for log_type in log_types}
        self._tables = {name: event_table(log_type) for name, log_type in self._log_types.items()}

    def events(self, batch: EventBatch, attempt: str) -> Iterator[StagedFile]:
        """The rows of a batch."""
        table = self._tables[batch.log_type]
        log_type = self._log_types[batch.log_type]
        yield from self._write(rows.events(batch, table, log_type), table, attempt)

    def found(
        self,
        batch: EventBatch,
        attempt: str,
        *,
        matches: Sequence[tuple[int, Match]],
        errors: Sequence[tuple[int, RuleError]],
    ) -> Iterator[StagedFile]:
        """What rules said of a batch, each with its row in the batch."""
        origin = [batch.origins[at].id for at in batch.origin]
        yield from self.verdicts(
            [(match, origin[row]) for row, match in matches],
            [(error, origin[row]) for row, error in errors],
            attempt,
            parse_time=batch.parse_time,
        )

    def verdicts(
        self,
        matches: Sequence[tuple[Match, str]],
        errors: Sequence[tuple[RuleError, str]],
        attempt: str,
        *,
        parse_time: Micros,
    ) -> Iterator[StagedFile]:
        """What rules said, each with the id of the event's origin."""
        if matches:
            staged = rows.matches(matches, parse_time=parse_time, pack=self._pack)
            yield from self._write(staged, MATCHES, attempt)
        if errors:
            staged = rows.rule_errors(errors, parse_time=parse_time, pack=self._pack)
            yield from self._write(staged, RULE_ERRORS, attempt)

    def derived(
        self, said: Sequence[Match], vanished: Sequence[Match], attempt: str, *, parse_time: Micros
    ) -> Iterator[StagedFile]:
        """What correlation rules say now, and what of it they do not say any more; no origin holds them."""
        for found, gone in ((said, False), (vanished, True)):
            if found:
                staged = rows.matches(
                    [(match, "") for match in found], parse_time=parse_time, pack=self._pack, vanished=gone
                )
                yield from self._write(staged, MATCHES, attempt)

    def letters(
        self, letters: Sequence[DeadLetter], attempt: str, *, parse_time: Micros
    ) -> Iterator[StagedFile]:
        """Dead letters, whole."""
        if letters:
            staged = rows.dead_letters(letters, parse_time=parse_time)
            yield from self._write(staged, DEAD_LETTERS, attempt)

    def _write(self, staged: pa.Table, table: LakeTable, attempt: str) -> Iterator[StagedFile]:
        return write(staged, table, warehouse=self._warehouse, attempt=attempt)
