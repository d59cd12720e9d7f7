"""Third stage: rules run over the events of a batch. Every event x rule comes out as exactly one of match,
no match, rule error, not run, or waiting for its turn."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trailcam.contracts.runner import Runner, Subject
from trailcam.errors import code
from trailcam.model.batch import EventBatch
from trailcam.model.event import UnifiedNames
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.timestamps import Micros

_KEEPS_STATE = code("rule_keeps_state")

InHand = Callable[[int, int], None]
"""Told (row, rule) before a rule gets an event, so that whoever watches knows what a process died of; and
(row, `NO_RULE`) before an event is made, which is no rule's doing."""

NO_RULE = -1

Known = Callable[[int, Subject], RuleError | None]
"""Asked (rule, subject): the error of a pair that is known to end its process, so that it is not run."""


@dataclass(slots=True)
class Detections:
    """What the rules said about the events of a batch, each with the row it is about."""

    matches: list[tuple[int, Match]] = field(default_factory=list)
    errors: list[tuple[int, RuleError]] = field(default_factory=list)
    not_run: list[tuple[int, NotRun]] = field(default_factory=list)
    waiting: list[tuple[int, str]] = field(default_factory=list)
    """Rules, by id, that have asked for what they remember: they see the event in their turn."""


def detect(
    batch: EventBatch,
    runners: Sequence[tuple[int, Runner]],
    *,
    first_row: int,
    in_hand: InHand,
    known: Known,
    off_from: Mapping[int, int],
    names: UnifiedNames | None = None,
) -> Detections:
    """Runs the rules, in their order, on the events of a batch, in theirs.

    `runners` are those for the batch's log type with the number each goes by, `names` its unified names. Rows
    are counted from `first_row`. `off_from` gives for a rule that was taken off the first row it does not see
    any more.
    """
    found = Detections()
    for row in range(len(batch)):
        here = first_row + row
        in_hand(here, NO_RULE)
        event = batch.event(row, names)
        said: str | None = None
        subject = Subject(
            row_id=batch.row_id[row],
            log_type=batch.log_type,
            event_id=batch.event_id[row],
            event_time=Micros(batch.event_time[row]),
            origin_id=batch.origins[batch.origin[row]].id,
        )
        for number, runner in runners:
            error = known(number, subject)
            if error is not None:
                found.errors.append((row, error))
                continue
            if here >= off_from.get(number, here + 1):
                found.not_run.append((row, _not_run(runner, batch, row, code("rule_taken_off"))))
                continue
            in_hand(here, number)
            verdict = runner.run(event, subject)
            if verdict.match is not None:
                if said is None and batch.enrichment and batch.enrichment[row] is not None:
                    said = json.dumps(batch.enrichment[row])  # what tables said then can be seen ever after
                match = verdict.match if said is None else replace(verdict.match, enrichment=said)
                found.matches.append((row, match))
            if verdict.errors:
                found.errors.extend((row, error) for error in verdict.errors)
            if verdict.not_run == _KEEPS_STATE:
                found.waiting.append((row, runner.rule.id))
            elif verdict.not_run is not None:
                found.not_run.append((row, _not_run(runner, batch, row, verdict.not_run)))
    return found


def _not_run(runner: Runner, batch: EventBatch, row: int, reason: str) -> NotRun:
    origin = batch.origins[batch.origin[row]]
    return NotRun(
        rule_id=runner.rule.id,
        row_id=batch.row_id[row],
        origin_id=origin.id,
        origin_name=origin.name,
        reason=reason,
    )
