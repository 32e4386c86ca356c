"""What is known of a configuration key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from components.settings.change_kind import Change


@dataclass(frozen=True)
class Key:
    """A configuration key, as the annotation of its field in `table.Settings`.

    Attributes:
        parse: turns the configured text into the value, or raises `ValueError` with what it takes.
        meaning: one sentence for the schema and the reference.
        example: a value that is taken, as text.
        change: what another value does to a cluster that is deployed, where it's of use: each shape
            has keys of its own.
        secret: stored with `--secret`, never shown.
        made: `init_stack` makes the value when it is missing.
        meant: the value that a text probably stands for, which is proposed then.
        field: the field of `Settings`; this and what follows is known to `table.keys`.
        name: as in `pulumi config set`, without namespace.
        kind: type in `Pulumi.yaml`'s schema: string, integer, boolean, array or object.
        items: the type of an array's items there; empty for others.
        default: what it is where it isn't set; `dataclasses.MISSING` where it has to be.
    """

    parse: Callable[[str], Any]
    meaning: str
    example: str
    change: Change
    secret: bool = False
    made: bool = False
    meant: Callable[[str], str] | None = None
    field: str = ""
    name: str = ""
    kind: str = ""
    items: str = ""
    default: Any = None
