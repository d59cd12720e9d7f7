"""What parent and worker processes say to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trailcam.contracts.source import Blob
from trailcam.engines.loading import LoadFailure
from trailcam.errors import Problem
from trailcam.model.candidate import Candidate, KeptEvent
from trailcam.model.data_model import DataModel
from trailcam.model.deadletter import DeadLetter
from trailcam.model.logtype import LogType
from trailcam.model.lookup import LookupTable
from trailcam.model.match import Match, NotRun, RuleError
from trailcam.model.place import Place, Seen
from trailcam.model.rule import Pack, Rule
from trailcam.model.staged import StagedFile
from trailcam.model.timestamps import BEGINNING, Micros
from trailcam.pipeline.normalize import BATCH_BYTES, BATCH_EVENTS
from trailcam.rules.inline_tests import TestResult
from trailcam.rules.keyvalue import Item

CHUNK, ROW, RULE, EVENT_HIGH, EVENT_LOW, READ, CHANGED = range(7)
"""The slots of shared memory: chunk and row in hand, the rule's number plus one, 0 for no rule, and the event
in two halves, see `Task.killing`; how often something was read; and the place, counted from 1, of what a rule
has changed, see `ground.PARTS`."""

IN_HAND = slice(CHUNK, READ)
SLOTS = 7

FILLED = 2**32
"""In the slot of what was changed: nothing was, but a rule has filled the memory for one event."""

ROW_LOADING = 2**63
"""The row in hand while the top level of a rule's file is executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may use; see `trailcam.settings`."""

    origin_bytes: int
    record_bytes: int
    worker_bytes: int
    rule_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """Where workers stage what they find, and as what."""

    warehouse: Path
    pack: str
    """Version of the rules that run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a worker needs before its first task; rules go by their number in `rules`."""

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    log_types: tuple[LogType, ...]
    limits: Limits
    lookups: tuple[LookupTable, ...] = ()
    """The tables that events are looked up in, each with its versions."""
    data_models: tuple[DataModel, ...] = ()
    """Those that are switched on. They go by the numbers that follow those of the rules."""
    destinations: tuple[str, ...] = ()
    """What rules may name in inline tests; empty: anything."""
    staging: Staging | None = None
    """None: nothing is staged, and what comes back is all there is."""
    keeps: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the id of a rule: the fields of its matches that correlation rules ask for."""

    @property
    def parts(self) -> tuple[Rule | DataModel, ...]:
        """All whose files a worker executes, by number."""
        return *self.rules, *self.data_models


@dataclass(frozen=True, slots=True, kw_only=True)
class Killing:
    """A pair of event and rule that ended a worker: it is not run again but is a rule error."""

    error_class: str
    message: str
    may_be_foreign: bool = False
    """It was ended by a signal that others send too: an operator, a machine that runs out of memory."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An event that a rule, by its number, is to see with what it remembers."""

    rule: int
    event: KeptEvent


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """Origins that go to a worker together; or pairs, one after another, and no origins."""

    blobs: tuple[Blob, ...]
    whole: bool = True
    """False: their events are in the lake already, and only what rules say of them is new."""
    pairs: tuple[Pair, ...] = ()


@dataclass(slots=True, kw_only=True)
class Task:
    """Work for one worker, in chunks that are counted from 0: a group of origins to take from decode to
    detect; or pairs, each of them a chunk; or inline tests of one rule, each of them a chunk."""

    id: int
    blobs: tuple[Blob, ...] = ()
    pairs: tuple[Pair, ...] = ()
    """See `WorkGroup`."""
    written: dict[str, Item] = field(default_factory=dict)
    """What the pairs before `resume` have written under which keys."""
    tests: tuple[int, ...] = ()
    """Numbers of the rule's tests."""
    rule: int = -1
    """Whose tests."""
    attempt: str = ""
    """What the files of this task are named after."""
    whole: bool = True
    """See `WorkGroup`."""
    parse_time: Micros = BEGINNING
    """When it was given out: `p_parse_time` of its rows."""
    batch_events: int = BATCH_EVENTS
    batch_bytes: int = BATCH_BYTES
    resume: int = 0
    """The first chunk that is still wanted."""
    killing: dict[tuple[int, int], Killing] = field(default_factory=dict)
    """By (event, rule); an event is its row id as a number, wherever it lies in a group; or the number of a
    test."""
    careful: bool = False
    """A worker was lost with no rule in hand: so after each row it is seen whether all is well."""
    closely: set[tuple[int, int]] = field(default_factory=set)
    """By (chunk, row): all was not well after those, so there it is seen after each rule."""
    off: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Rules taken off, by number: the first (chunk, row) they do not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The rules have been executed; `failures` are those that could not be, by number."""

    failures: dict[int, LoadFailure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The identities of a batch's events, in order: told only where nothing is staged."""

    log_type: str
    row_ids: tuple[str, ...]
    event_ids: tuple[str | None, ...]
    timeless: tuple[tuple[str, str, Micros], ...]
    """(row id, origin id, the origin's time) of events that name no time themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDone:
    """What came of one chunk of a task."""

    task: int
    number: int
    bytes_read: int
    """Of the task's origins, as they lie there, when this chunk was complete."""
    records: int
    events: Mapping[str, int]
    """How many there are, by the origin's id."""
    letters: Mapping[tuple[str, str], int]
    """How many dead letters there are, by the origin's id and the reason."""
    places: Mapping[Place, Seen]
    """What there is of each place that events come from."""
    files: tuple[StagedFile, ...]
    rows: tuple[Rows, ...]
    dead_letters: tuple[DeadLetter, ...]
    """Told only where nothing is staged."""
    matches: tuple[Match, ...]
    errors: tuple[RuleError, ...]
    not_run: tuple[NotRun, ...]
    candidates: tuple[Candidate, ...] = ()
    """What rules that keep state are to see in their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDone:
    """What came of one pair of a task."""

    task: int
    number: int
    matches: tuple[Match, ...]
    """One or none, whole: the parent stages it."""
    errors: tuple[RuleError, ...]
    written: Mapping[str, Item]
    """What the rule remembers now, under keys that it has changed."""
    passed_over: bool = False
    """The rule was taken off, and has not seen it."""


@dataclass(frozen=True, slots=True)
class KeyAsked:
    """A rule asks for what lies under a key; the worker waits for the answer, a `KeyHeld`."""

    key: str


@dataclass(frozen=True, slots=True)
class KeyHeld:
    """What lies under the key that was asked for; None when nothing does."""

    item: Item | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDone:
    """How one inline test of a task went."""

    __test__ = False  # the name is the field's; pytest shall not collect it

    task: int
    number: int
    result: TestResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDone:
    """All chunks of a task have been sent."""

    task: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StillWell:
    """A rule has left the worker able to say so; of workers that are careful. The parent
    takes it for what comes of one that has closed the way, too, until it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotStage:
    """The operating system refused to write a file of the lake."""

    task: int
    fresh: bool
    """Whether it was the first that the worker did: then nothing that rules keep of others can be why."""
    error: OSError


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotLookUp:
    """A version of a lookup table is not as it was kept."""

    task: int
    fresh: bool
    """Whether it was the first that the worker did: then nothing that rules keep of others can be why."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfMemory:
    """What is to be done next needs more memory than is left, outside of any rule; or so little is left that
    rules may have got too little, and not even said so."""

    task: int
    fresh: bool
    """Whether it was the first that the worker did: then nothing that rules keep of others can be why."""
