"""What the base knows of each node, on disk: it outlives reboots and deployments that were cut.

A record says which machine has the node's address, so that a drain is bound to a machine and not
to an address, and which run works on it, so that of two runs the newer one goes on.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from membership.disk import replace_file

Changed = TypeVar("Changed", bound="Record | None")

FOLDER = Path("/var/lib/openvidu-membership")
CLUSTER_FILE = FOLDER / "cluster"
"""On the bastion: the cluster's API and bucket, and the target group that is edited there."""
_REMEMBERED_RUNS = 20


class Phase(StrEnum):
    """Where a node's machine is on its way through the cluster."""

    STARTING = "starting"
    """It's there, and hasn't joined yet."""
    SERVING = "serving"
    """It has joined: its address is in the load balancer."""
    DRAINING = "draining"
    """It takes no new sessions, or is about to."""
    LEFT = "left"
    """It has left the cluster, and its address the load balancer."""


@dataclass(frozen=True)
class Node:
    """A node as a run names it: its name, private address, and which machine it is."""

    name: str
    ip: str
    identity: str


@dataclass(frozen=True)
class Record:
    """What is known of a node.

    Attributes:
        name: such as `node-3`.
        ip: its private address.
        identity: the machine that has the address, such as an instance id.
        phase: where it is.
        since: Unix seconds when it came there.
        generation: the stack's count of the node's returns to service; 0 before it first joined.
        leaving: whether it isn't wanted any more.
        run: the run that works on it.
        superseded: the runs before that one, up to so many that none of them can come back.
    """

    name: str
    ip: str
    identity: str
    phase: Phase
    since: float
    generation: int = 0
    leaving: bool = False
    run: str = ""
    superseded: tuple[str, ...] = ()

    def taken_by(self, run: str) -> Record:
        """The record with another run that works on it."""
        if run == self.run:
            return self
        former = tuple(filter(None, (*self.superseded, self.run)))
        return replace(self, run=run, superseded=former[-_REMEMBERED_RUNS:])

    def at(self, phase: Phase, now: float) -> Record:
        """The record with another phase, or itself when it has that one."""
        return self if self.phase is phase else replace(self, phase=phase, since=now)


class Registry:
    """The records, one file each."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Choose the folder; nothing is read."""
        self._folder = folder

    def get(self, ip: str) -> Record | None:
        """The record of an address; None when there's none that can be read."""
        try:
            found = json.loads(self._file(ip).read_text())
            found |= {"phase": Phase(found["phase"]), "superseded": (*found["superseded"],)}
            return Record(**found)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def all(self) -> list[Record]:
        """All records, by file name."""
        found = [self.get(file.stem) for file in sorted(self._folder.glob("*.json"))]
        return [record for record in found if record]

    def change(self, ip: str, change: Callable[[Record | None], Changed]) -> Changed:
        """Replace a record by what `change` makes of it; None removes it. One at a time.

        Raises:
            OSError: it can't be written, as on a full disk; the record is as it was.
        """
        with self.locked():
            record = change(self.get(ip))
            self._write(ip, record)
            return record

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from changing records; not to be nested."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def write(self, record: Record) -> None:
        """Write a record; the caller holds `locked`."""
        self._write(record.ip, record)

    def _write(self, ip: str, record: Record | None) -> None:
        if record is None:
            self._file(ip).unlink(missing_ok=True)
            return
        replace_file(self._file(ip), json.dumps(asdict(record)))

    def _file(self, ip: str) -> Path:
        return self._folder / f"{ip}.json"
