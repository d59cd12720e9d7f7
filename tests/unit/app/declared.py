"""A lookup table declared in a settings file."""

import json
from pathlib import Path

from trailcam.settings.read import read_settings
from trailcam.settings.schema import Settings


def settings(
    tmp_path: Path, *, name: str = "t", selectors: str = '"AWS.CloudTrail" = ["sourceIPAddress"]', **keys: str
) -> Settings:
    keys = {"path": "table.jsonl", "key": "ip"} | keys
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items() if value]
    text = "\n".join([f"[lookup_tables.{name}]", *lines, f"[lookup_tables.{name}.selectors]", selectors])
    (tmp_path / "trailcam.toml").write_text(text)
    return read_settings(folder=tmp_path, environment={})
