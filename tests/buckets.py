"""A bucket in memory, listed as S3 lists it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trailcam.errors import Problem, WorldError, code
from trailcam.sources.s3_notifications import S3Object

WRITTEN = datetime(2026, 11, 20, tzinfo=UTC)
"""When the objects of a bucket were written, long after the days in their keys: it was copied."""


@dataclass
class Bucket:
    """Stands in for `Objects`: `sizes` by key. Listings outside of `allowed` prefixes are refused, as by IAM."""

    sizes: Mapping[str, int]
    allowed: tuple[str, ...] = ("",)
    name: str = "trail"
    asked: list[str] = field(default_factory=list)
    """The prefixes that were listed."""

    def objects(self) -> Iterator[S3Object]:
        """All of them, by key."""
        for key, size in sorted(self.sizes.items()):
            yield S3Object(bucket=self.name, key=key, etag="e", size_bytes=size, written_at=WRITTEN)

    def listed(self, bucket: str, prefix: str) -> Iterator[S3Object]:
        """See `Objects.listed`."""
        self._ask(bucket, prefix)
        yield from (it for it in self.objects() if it.key.startswith(prefix))

    def level(self, bucket: str, prefix: str, *, begins: str = "") -> tuple[list[str], list[S3Object]]:
        """See `Objects.level`."""
        self._ask(bucket, prefix + begins)
        found = [it for it in self.objects() if it.key.startswith(prefix + begins)]
        rests = [it.key[len(prefix) :] for it in found]
        folders = {rest.partition("/")[0] for rest in rests if "/" in rest}
        return sorted(folders), [it for it, rest in zip(found, rests, strict=True) if "/" not in rest]

    def _ask(self, bucket: str, prefix: str) -> None:
        assert bucket == self.name
        self.asked.append(prefix)
        if not prefix.startswith(self.allowed):
            message = f"s3://{bucket}/{prefix} cannot be listed: AccessDenied"
            raise WorldError(Problem(code=code("source_refused"), message=message))
