"""One node more: how long it takes, and what it does to the nodes that are there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lab.bench.drains.figures import OneMore
from lab.bench.drains.labs import ScaledLab
from lab.bench.trace import Note

_CHANGES = ("Create", "Update", "Delete")
_NODE = re.compile(r"::(node-\d+)(?:-[a-z-]+)?$")
_LOGINS = "grep -c '^Accepted ' /var/log/auth.log || true"


def add_one(scaled: ScaledLab, before: int) -> OneMore:
    """Add a node.

    Args:
        scaled: a cluster without calls.
        before: how many nodes it has.

    Raises:
        LabError: the update failed.
    """
    there = [f"node-{number}" for number in range(1, before + 1)]
    logins = _logins(scaled, there)
    measured = scaled.scale(before + 1)
    changed = changes(measured.notes)
    return OneMore(
        nodes=before,
        wall=measured.wall,
        changed=len(changed),
        elsewhere=len(of_nodes(changed, there)),
        logins=_logins(scaled, there) - logins,
    )


def changes(notes: Sequence[Note]) -> list[Note]:
    """The calls of providers that changed something."""
    return [note for note in notes if note.method in _CHANGES]


def of_nodes(notes: Sequence[Note], names: Sequence[str]) -> list[Note]:
    """The calls that were about resources of these nodes."""
    return [note for note in notes if (found := _NODE.search(note.urn)) and found[1] in names]


def _logins(scaled: ScaledLab, names: Sequence[str]) -> int:
    """How often somebody has logged in on these machines."""
    return sum(int(scaled.on(name, _LOGINS)) for name in names)
