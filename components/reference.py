"""The config reference, docs/config.md, made from the table in `settings`.

python -m components.reference > docs/config.md
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from components.configuration import keys
from components.settings import Settings

_HEAD = """\
# Configuration

Set a key with `pulumi config set KEY VALUE`, a secret with `pulumi config set --secret KEY`. Every
mistake is reported at once, before anything is created. *Made* means that
`uv run python -m scripts.init_stack` makes the value.

| key | type | default | meaning |
| --- | --- | --- | --- |
"""


def config_reference() -> str:
    """The text of docs/config.md: a row for each key."""
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    rows = []
    for name, (attribute, key) in keys().items():
        kind = f"{key.kind}, secret" if key.secret else key.kind
        default = "made" if key.made else _shown(defaults[attribute])
        rows.append(f"| `{name}` | {kind} | {default} | {key.meaning} |\n")
    return _HEAD + "".join(rows)


def _shown(default: object) -> str:
    if default is dataclasses.MISSING:
        return "none, required"
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, timedelta):
        return f"`{int(default.total_seconds()) // 3600}h`"
    return f"`{default}`"


if __name__ == "__main__":
    print(config_reference(), end="")  # noqa: T201 - the result of this command
