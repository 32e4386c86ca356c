"""What base and nodes have in common: the values that install scripts in `machine/` read."""

from __future__ import annotations

from collections.abc import Callable

import pulumi

from components.machine import Machine
from components.remote import fields
from openvidu.release import Product

MachineOf = Callable[[pulumi.Resource], Machine]
"""Registers a machine as a child of the resource that it is given."""


def install_fields(product: Product, version: str) -> str:
    """What `install-openvidu.sh` reads: where to download from and what to expect."""
    return fields(
        {
            "URL": product.url(version),
            "VERSION": version,
            "FOLDER": product.folder,
            "COMMAND": product.command,
        }
    )


def env_fields(product: Product, *, keep: str = "") -> str:
    """What `put-env.sh` reads before the file's text.

    Args:
        product: whose `.env` it is.
        keep: a key whose value on the machine wins over the text's.
    """
    return fields({"FOLDER": product.folder, "KEEP": keep})
