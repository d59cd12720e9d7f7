"""A worker process: executes the rules and data models once, then takes groups from decode to detect until
it is told to end.

It tells through shared memory which event and which rule it has in hand, so that the parent knows what it
died of. It owns nothing that must survive.
"""

import gc
import os
import resource
import signal
import threading
from collections.abc import Callable, Mapping, MutableSequence
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from trailcam.engines.ground import PARTS, watch
from trailcam.engines.loading import LoadFailure
from trailcam.engines.messages import (
    CHANGED,
    ROW,
    ROW_LOADING,
    RULE,
    KeyAsked,
    KeyHeld,
    Loaded,
    Setup,
    StillWell,
    Task,
)
from trailcam.engines.tasks import Worker
from trailcam.model.event import UnifiedNames
from trailcam.rules import data_models
from trailcam.rules.functions import describe
from trailcam.rules.keyvalue import Item
from trailcam.rules.modules import execute, execute_filters, helpers
from trailcam.rules.run import RuleRunner

_SMALL_STACK_BYTES = 1 << 18

_OF_AWS = ("AWS_REGION", "AWS_DEFAULT_REGION")
"""What may be known of AWS."""

_IGNORED = (
    *(signal.SIGINT, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF),
    *(signal.SIGTTIN, signal.SIGTTOU),  # else a worker, not being in the foreground, would be stopped there
)

SILENCING = ("true", "1", "yes", "on")


def main(
    connection: Connection,
    slots: MutableSequence[int],
    setup: Setup,
    skip: frozenset[int],
    careful: bool = False,
) -> None:
    """The life of a worker. `skip`: numbers of rules that are not even executed. `careful`: after each of the
    others it says whether it still can.

    Ctrl-C is the parent's business, and so is the terminal. What rules print goes to stderr, so that it
    cannot mix with results. A rule's timer that nobody handles would end the process when another rule is in
    hand.
    """
    for ignored in _IGNORED:
        signal.signal(ignored, signal.SIG_IGN)
    end_with_the_parent()
    forget_credentials()
    silent = os.environ.get("DISABLE_DETECTION_OUTPUT", "").lower() in SILENCING
    output = os.open(os.devnull, os.O_WRONLY) if silent else os.dup(2)
    os.dup2(output, 1)
    if silent:
        os.dup2(output, 2)
    limit_memory(setup.limits.worker_bytes)
    send = _sender(connection, slots)

    def executed() -> None:
        if careful:
            send(StillWell())

    with helpers(setup.packs):
        models, failures = load_models(setup, slots, skip, executed)
        runners, of_rules = load_runners(setup, slots, skip, executed)
        send(Loaded(failures=of_rules | failures))
        ask = _asker(connection, send)
        worker = Worker(
            send, slots, setup, runners, models=models, ask=ask, changed=watch(connection.fileno())
        )
        gc.freeze()
        while (task := _next(connection)) is not None:
            worker.work(task)


def end_with_the_parent() -> None:
    """Whoever kills the parent ends its workers too, also one that loops in a rule and looks at no pipe.

    A rule that closes the sign of it, or opens something else in its place, does not end the process: that
    would be laid on whichever rule is in hand then. It is found by what it has changed.
    """
    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel
    at_first = os.fstat(sentinel)

    def wait_for_it() -> None:
        wait([sentinel])
        with suppress(OSError):
            if os.path.samestat(os.fstat(sentinel), at_first):
                os._exit(1)

    before = threading.stack_size(_SMALL_STACK_BYTES)  # it counts as memory of the rules
    threading.Thread(target=wait_for_it, name="parent", daemon=True).start()
    threading.stack_size(before)


def forget_credentials() -> None:
    """Rules see no credentials: what reaches AWS for us is taken out of the environment they run in."""
    for name in [name for name in os.environ if name.startswith("AWS_") and name not in _OF_AWS]:
        del os.environ[name]


def _sender(connection: Connection, slots: MutableSequence[int]) -> Callable[[object], None]:
    """Sends to the parent, or ends the process: when the parent is gone, when a rule has closed the way
    there, and in a copy of the process that a rule has forked."""
    own = os.getpid()

    def send(message: object) -> None:
        if os.getpid() != own:
            os._exit(0)
        try:
            connection.send(message)
        except OSError:
            slots[CHANGED] = len(PARTS)
            os._exit(1)

    return send


def _asker(connection: Connection, send: Callable[[object], None]) -> Callable[[str], Item | None]:
    """Asks the parent for what lies under a key, or ends the process, as sending does: no `except` of a rule
    shall take a parent that is gone for a key that is not there."""

    def ask(key: str) -> Item | None:
        send(KeyAsked(key))
        try:
            held: KeyHeld = connection.recv()
        except (EOFError, OSError):
            os._exit(1)
        return held.item

    return ask


def limit_memory(size_bytes: int) -> None:
    """From here on, memory beyond the limit raises MemoryError in whoever asks for it."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _next(connection: Connection) -> Task | None:
    try:
        task: Task | None = connection.recv()
    except (EOFError, OSError):  # the parent is gone, or a rule has closed the way to it
        return None
    return task


def load_runners(
    setup: Setup,
    slots: MutableSequence[int],
    skip: frozenset[int] = frozenset(),
    executed: Callable[[], None] = lambda: None,
) -> tuple[dict[int, RuleRunner], dict[int, LoadFailure]]:
    """The rules by number, each executed or with what executing it raised; and that in words. `executed` is
    called after each, while it is in hand."""
    runners = {}
    failures = {}
    for number, rule in enumerate(setup.rules):
        if number in skip:
            runners[number] = RuleRunner(rule, None)
            continue
        slots[ROW], slots[RULE] = ROW_LOADING, number + 1
        try:
            runners[number] = RuleRunner(rule, execute(rule), filters=execute_filters(rule))
        except BaseException as error:  # whatever the top level of a rule does is told
            runners[number] = RuleRunner(rule, None, error)
            failures[number] = load_failure(error)
        executed()
    slots[RULE] = 0
    return runners, failures


def load_models(
    setup: Setup,
    slots: MutableSequence[int],
    skip: frozenset[int] = frozenset(),
    executed: Callable[[], None] = lambda: None,
) -> tuple[Mapping[str, UnifiedNames], dict[int, LoadFailure]]:
    """The unified names by log type, each model executed; and what executing others raised, by number.
    `executed` is called after each, while it is in hand."""
    found = []
    failures = {}
    for number, model in enumerate(setup.data_models, start=len(setup.rules)):
        if number in skip:
            continue
        slots[ROW], slots[RULE] = ROW_LOADING, number + 1
        try:
            found.append((model, data_models.executed(model)))
        except BaseException as error:  # whatever the top level of a model does is told
            failures[number] = load_failure(error)
        executed()
    slots[RULE] = 0
    return data_models.by_log_type(found), failures


def load_failure(error: BaseException) -> LoadFailure:
    """What executing a rule raised, in words."""
    told = describe(error)
    return LoadFailure(
        text=f"{told.class_name}: {told.text}" if told.text else told.class_name,
        place=f"{Path(told.place.path).name}, line {told.place.line}" if told.place else "",
        module=(error.name or "") if isinstance(error, ModuleNotFoundError) else "",
    )
