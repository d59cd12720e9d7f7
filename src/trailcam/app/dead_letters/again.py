"""Finds once more what could not be read to its end: the file, the object, or what an announcement names."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from trailcam.app.backfill import UNNAMED, objects_of
from trailcam.app.home import Home
from trailcam.contracts.source import Blob, NotFetched
from trailcam.errors import Problem, TrailcamError, WorldError, code
from trailcam.model.deadletter import DeadLetter
from trailcam.settings.schema import Settings
from trailcam.sources import files
from trailcam.sources.aws import make_session
from trailcam.sources.files import LocalBlob
from trailcam.sources.s3_listing import object_of
from trailcam.sources.s3_notifications import NotUnderstood, S3Object, announced
from trailcam.sources.s3_objects import Objects

_FETCHERS = 8
_MOST_AHEAD = 2 * _FETCHERS
"""How large they are is not known before: small ones lie in memory, large ones in the spool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An origin that was not read to its end, with one of its dead letters, which may be the announcement."""

    entry: Any
    """The ledger's, whose dead letters stand."""
    letter: DeadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a broken origin turned out to be: the blobs that lie there now."""

    broken: Broken
    blobs: Sequence[Blob]


@dataclass(slots=True)
class Again:
    """Finds broken origins, several at a time."""

    settings: Settings
    home: Home
    why: dict[str, str] = field(default_factory=dict)
    """In words, why an origin is not to be had, by its id."""
    problems: list[Problem] = field(default_factory=list)
    """What the world refused: each source once."""
    _objects: dict[str, Objects] = field(default_factory=dict)
    _off: set[str] = field(default_factory=set)
    """Sources that do not answer."""

    def found(self, broken: Iterable[Broken]) -> Iterator[Found]:
        """Those that can be had, in their order. No more than some are fetched before they are asked for."""
        ahead: deque[Future[Found | None]] = deque()
        with ThreadPoolExecutor(_FETCHERS, thread_name_prefix="trailcam-fetch") as pool:
            try:
                for it in broken:
                    ahead.append(pool.submit(self._found, it))
                    if len(ahead) == _MOST_AHEAD:
                        yield from _had(ahead.popleft())
                while ahead:
                    yield from _had(ahead.popleft())
            finally:  # of what nobody asks for any more nothing stays in the spool
                for future in ahead:
                    if not future.cancel():
                        future.add_done_callback(_give_back)

    def _found(self, it: Broken) -> Found | None:
        source = it.entry.source_id
        if source in self._off:
            self.why[it.entry.origin_id] = f"the source {source} does not answer"
            return None
        try:
            return Found(broken=it, blobs=self._blobs(it))
        except NotFetched as error:
            self.why[it.entry.origin_id] = error.detail
        except NotUnderstood as error:
            self.why[it.entry.origin_id] = str(error)
        except WorldError as error:
            self.why[it.entry.origin_id] = error.problems[0].message
            self._off.add(source)
            self.problems += error.problems
        except TrailcamError as error:
            self.why[it.entry.origin_id] = error.problems[0].message
        return None

    def _blobs(self, it: Broken) -> Sequence[Blob]:
        entry = it.entry
        if it.letter.reason == code("notice_unreadable"):
            return self._announced(it)
        if entry.name.startswith("s3://"):
            return [self._fetched(entry.source_id, object_of(entry.name, entry.origin_id))]
        path = Path(entry.name)
        if path.is_dir():
            return self._folder(path)
        if not path.exists():
            raise NotFetched(code("path_not_found"), f"no such file: {path}")
        return [self._claimed(path, entry)]

    def _announced(self, it: Broken) -> Sequence[Blob]:
        """All objects that an announcement names; those that its source does not want are left out."""
        source = it.entry.source_id
        options = next((one.options for one in self.settings.sources if one.name == source), {})
        prefixes = tuple(options.get("prefixes", ()))
        objects = announced(it.letter.raw.decode("utf-8", "surrogatepass"))
        wanted = [one for one in dict.fromkeys(objects) if not prefixes or one.key.startswith(prefixes)]
        return _all([partial(self._fetched, source, one) for one in wanted])

    def _folder(self, path: Path) -> Sequence[Blob]:
        """All logs of a folder that could not be listed."""
        listed = files.find([path])
        if listed.unreadable:
            raise NotFetched(listed.unreadable[0].reason, listed.unreadable[0].detail)
        return _all([partial(self._claimed, one, None) for one in listed.files])

    def _claimed(self, path: Path, entry: Any) -> LocalBlob:
        """A file, where its bytes are those that are meant; those of a file that had no digest are any."""
        claimed = files.claim(path, spool=self.home.spool)
        if isinstance(claimed, DeadLetter):
            raise NotFetched(claimed.reason, claimed.detail)
        if entry is None:
            return claimed
        if entry.origin_id.startswith("sha256:") and entry.origin_id != claimed.origin.id:
            claimed.acknowledge()
            raise NotFetched(code("origin_changed"), "the file holds other bytes now")
        origin = replace(claimed.origin, source_id=entry.source_id, source_label=entry.source_label)
        return replace(claimed, origin=origin)

    def _fetched(self, source: str, it: S3Object) -> Blob:
        if source not in self._objects:
            self._objects[source] = self._objects_of(source)
        return self._objects[source].fetch(it, spool=self.home.spool)

    def _objects_of(self, source: str) -> Objects:
        if source == UNNAMED and all(it.name != source for it in self.settings.sources):
            return Objects(make_session(), name=UNNAMED)
        return objects_of(self.settings, source)[1]


def _had(future: Future[Found | None]) -> Iterator[Found]:
    found = future.result()
    if found is not None:
        yield found


def _give_back(future: Future[Found | None]) -> None:
    if future.exception() is None:
        for found in _had(future):
            for blob in found.blobs:
                blob.acknowledge()


def _all(gets: Sequence[Callable[[], Blob]]) -> Sequence[Blob]:
    """All of them or none: what was had is given back when one is not to be had."""
    blobs: list[Blob] = []
    try:
        blobs += [get() for get in gets]
    except BaseException:
        for blob in blobs:
            blob.acknowledge()
        raise
    return blobs
