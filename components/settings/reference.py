"""The config reference, docs/config.md, made from the table in `settings`.

python -m components.settings.reference > docs/config.md
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from components.settings import values
from components.settings.table import keys

_HEAD = """\
# Configuration

Set a key with `pulumi config set KEY VALUE`, a secret with `pulumi config set --secret KEY`. All
mistakes are reported at once, before anything is created. *Made* means that
`uv run openvidu-enterprise init-stack` makes the value.

| key | type | default | meaning |
| --- | --- | --- | --- |
"""


def config_reference() -> str:
    """The text of docs/config.md: a row for each key."""
    rows = []
    for key in keys().values():
        kind = f"{key.kind}, secret" if key.secret else key.kind
        default = "made" if key.made else _shown(key.default)
        rows.append(f"| `{key.name}` | {kind} | {default} | {key.meaning} |\n")
    return _HEAD + "".join(rows)


def _shown(default: object) -> str:
    if default is dataclasses.MISSING:
        return "none, required"
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, timedelta):
        return f"`{values.as_duration(default)}`"
    return f"`{default}`"


if __name__ == "__main__":
    print(config_reference(), end="")  # noqa: T201 - the result of this command
