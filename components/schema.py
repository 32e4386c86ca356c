"""The configuration schema in `Pulumi.yaml`, made from the table in `settings`.

python -m components.schema > Pulumi.yaml
"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

from components.configuration import keys
from components.settings import Settings

_HEAD = """\
# The configuration schema is made by: python -m components.schema > Pulumi.yaml
name: openvidu-enterprise
description: OpenVidu Enterprise with high availability, scaled without cutting a call
runtime:
  name: python
  options:
    toolchain: uv
config:
"""
_ITEMS = {
    "retiredNodes": "integer",
    "hosts": "object",
    "noProxy": "string",
    "dashboardCidrs": "string",
    "apiCidrs": "string",
    "mediaNodes": "string",
    "subnetIds": "string",
    "sshCidrs": "string",
    "webhookEvents": "string",
    "webhookHeaders": "string",
}


def pulumi_yaml() -> str:
    """The text of `Pulumi.yaml`."""
    entries = []
    for name, (attribute, key) in keys().items():
        entry: dict[str, Any] = {"type": key.kind}
        if name in _ITEMS:
            entry["items"] = {"type": _ITEMS[name]}
        # The engine wants a schema's secrets to be set before the program runs, and so would
        # report them apart from all other mistakes. The program refuses plain ones itself.
        entry["description"] = f"{key.meaning} Set it with --secret." if key.secret else key.meaning
        entry["default"] = schema_default(attribute, key.kind)
        entries.append(f"  {name}:\n" + "".join(_lines(entry)))
    return _HEAD + "".join(entries)


def schema_default(attribute: str, kind: str) -> Any:
    """A setting's default as the schema holds it; unset is the empty text, list or object."""
    field = next(field for field in dataclasses.fields(Settings) if field.name == attribute)
    default = field.default
    if default is dataclasses.MISSING or default is None or default == ():
        return {"array": [], "object": {}}.get(kind, "")
    if isinstance(default, timedelta):
        return f"{int(default.total_seconds()) // 3600}h"
    return default if isinstance(default, int) else str(default)


def _lines(entry: dict[str, Any]) -> list[str]:
    # JSON values are YAML values.
    return [f"    {name}: {json.dumps(value)}\n" for name, value in entry.items()]


if __name__ == "__main__":
    print(pulumi_yaml(), end="")  # noqa: T201 - the result of this command
