"""When the providers were at work, and what they used: notes that `traced_provider` makes.

A note is a line of JSON a call. It has no properties in it, and so no secrets.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.bench.critical_path import Span


@dataclass(frozen=True)
class Note:
    """One call of a provider.

    Attributes:
        provider: `aws` or `command`.
        pid: the provider's process.
        method: as the protocol calls it, such as `Create`.
        urn: the resource; "" for a call that is about none.
        start: CLOCK_MONOTONIC when the provider took the call.
        end: when it had the answer.
        own: seconds of CPU that the provider's process had used by then.
        commands: seconds of CPU that commands which the provider ran had used by then.
    """

    provider: str
    pid: int
    method: str
    urn: str
    start: float
    end: float
    own: float
    commands: float

    def as_json(self) -> str:
        """The note as one line."""
        return json.dumps(asdict(self))


def read(file: Path) -> list[Note]:
    """The notes in a file; none when no provider was started."""
    if not file.exists():
        return []
    return [Note(**json.loads(line)) for line in file.read_text().splitlines()]


def creates(notes: Sequence[Note]) -> dict[str, Span]:
    """From when to when each resource was being created, by URN."""
    return {note.urn: Span(note.start, note.end) for note in notes if note.method == "Create"}


def provider_cpu(notes: Collection[Note]) -> tuple[float, float]:
    """Seconds of CPU that the providers used, and that the commands which they ran used."""
    last: dict[int, Note] = {}
    for note in notes:
        if note.pid not in last or last[note.pid].end < note.end:
            last[note.pid] = note
    return sum(note.own for note in last.values()), sum(note.commands for note in last.values())
