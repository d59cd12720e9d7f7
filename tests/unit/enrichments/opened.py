"""A file of a lookup table, looked at and opened."""

from pathlib import Path

from trailcam import registry
from trailcam.contracts.enrichment import LookupFormat, Snapshot


def prepared(path: Path, name: str, *, key: str) -> Snapshot:
    """What answers for a file; what was made of it lies beside it."""
    form: LookupFormat = registry.load("lookup_format", name)
    target = path.with_name(f"{path.name}.prepared")
    target.unlink(missing_ok=True)
    form.prepare(path, key=key, named=path, target=target)
    return form.read(path, target)
