"""How a lab looks in a terminal; plain where it's piped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from lab.status import Status

_out = Console()


def health(found: Status) -> None:
    """Print the cluster's health as the page shows it."""
    _out.print_json(json.dumps(found.health))


def outputs(found: Mapping[str, Any]) -> None:
    """Print the stack's outputs that are texts: addresses and URLs."""
    for key, value in found.items():
        if isinstance(value, str):
            _out.print(f"{key}: {value}", highlight=False, soft_wrap=True)
