"""The configuration schema in `Pulumi.yaml`, made from the table in `settings`.

python -m components.settings.schema > Pulumi.yaml
"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

from components.settings import values
from components.settings.key import Key
from components.settings.table import keys

_HEAD = """\
# The configuration schema is made by: python -m components.settings.schema > Pulumi.yaml
name: openvidu-enterprise
description: OpenVidu Enterprise with high availability, scaled without cutting a call
runtime:
  name: python
  options:
    toolchain: uv
config:
"""


def pulumi_yaml() -> str:
    """The text of `Pulumi.yaml`."""
    entries = []
    for key in keys().values():
        entry: dict[str, Any] = {"type": key.kind}
        if key.items:
            entry["items"] = {"type": key.items}
        # The engine wants a schema's secrets to be set before the program runs, and so would
        # report them apart from all other mistakes. The program refuses plain ones itself.
        entry["description"] = f"{key.meaning} Set it with --secret." if key.secret else key.meaning
        entry["default"] = schema_default(key)
        entries.append(f"  {key.name}:\n" + "".join(_lines(entry)))
    return _HEAD + "".join(entries)


def schema_default(key: Key) -> Any:
    """A setting's default as the schema holds it; unset is the empty text, list or object."""
    default = key.default
    if default is dataclasses.MISSING or default is None or default == ():
        return {"array": [], "object": {}}.get(key.kind, "")
    if isinstance(default, timedelta):
        return values.as_duration(default)
    return default if isinstance(default, int) else str(default)


def _lines(entry: dict[str, Any]) -> list[str]:
    # JSON values are YAML values.
    return [f"    {name}: {json.dumps(value)}\n" for name, value in entry.items()]


if __name__ == "__main__":
    print(pulumi_yaml(), end="")  # noqa: T201 - the result of this command
