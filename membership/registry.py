"""What the base knows of each node, on disk: it outlives reboots and deployments that were cut.

A record says which machine has the node's address, so that a drain is bound to a machine and not
to an address, and which run works on it, so that of two runs the newer one goes on.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from membership.clock import Clock, Elapsed
from membership.disk import replace_file
from membership.errors import ProgramError
from membership.witnesses import (
    SEE_IT_RUN,
    Statement,
    Testimony,
    Witness,
    Word,
    as_json,
    from_json,
)

Changed = TypeVar("Changed", bound="Record | None")

FOLDER = Path("/var/lib/openvidu-membership")
CLUSTER_FILE = FOLDER / "cluster"
"""On the bastion: the cluster's API and bucket, and the target group that is edited there."""
_REMEMBERED_RUNS = 20
_NOTES, _DEAD = "notes", "dead"


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
class Way:
    """How a node's machine can be asked by others than the base.

    Attributes:
        host: public address, where its SSH answers.
        host_key: its public SSH host key, one line a name.
        instance: ARN of the EC2 instance; empty for a machine that existed before.
        ssh_way: port and jump host, as `remote/session.py` reads them; empty for the usual way.
    """

    host: str = ""
    host_key: str = ""
    instance: str = ""
    ssh_way: str = ""

    def is_same_host(self, other: Way) -> bool:
        """Whether both lead to one machine that existed before, whatever it's called by."""
        is_host = not self.instance and not other.instance
        return is_host and bool(self.host_key) and self.host_key == other.host_key


@dataclass(frozen=True)
class Node:
    """A node as a run names it.

    Attributes:
        name: such as `node-3`.
        ip: its private address.
        identity: which machine it is.
        way: how that can be asked by others than the base, as far as the run knows it.
    """

    name: str
    ip: str
    identity: str
    way: Way = field(default_factory=Way, compare=False)


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
        way: how its machine can be asked by others than the base.
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
    way: Way = field(default_factory=Way)

    def taken_by(self, run: str) -> Record:
        """The record with another run that works on it."""
        if run == self.run:
            return self
        former = tuple(filter(None, (*self.superseded, self.run)))
        return replace(self, run=run, superseded=former[-_REMEMBERED_RUNS:])

    def at(self, phase: Phase, now: float) -> Record:
        """The record with another phase, or itself when it has that one."""
        return self if self.phase is phase else replace(self, phase=phase, since=now)


class RegistryError(ProgramError):
    """What is known of a node can't be read: that isn't the same as nothing."""


TESTIMONY_SECONDS = 60.0
"""How long what others have said of a node counts, from when they were to be asked.

They take 12 s at most, what they say is noted and the run begins anew. How long its look takes
then, at a cluster and nodes that don't answer, doesn't count.
"""
DEAD_SECONDS = 24 * 3600.0
"""How long it counts that the operator has called a machine dead."""


@dataclass(frozen=True)
class Note:
    """What was noted: since when, and a text."""

    elapsed: Elapsed
    text: str


class Registry:
    """The records, one file each, and notes about them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Choose the folder; nothing is read."""
        self._folder = folder

    def get(self, ip: str) -> Record | None:
        """The record of an address; None where there is none.

        Raises:
            RegistryError: it can't be read.
        """
        return self._read(self._file(ip))

    def all(self) -> list[Record]:
        """All records, by file name.

        None where nothing was noted, or all of it was lost: the load balancer and the stack know
        nodes, too (`membership.known_nodes`).

        Raises:
            RegistryError: one of them, or their folder, can't be read.
        """
        try:
            files = sorted(one for one in self._folder.iterdir() if one.suffix == ".json")
        except FileNotFoundError:
            files = []
        except OSError as error:
            raise RegistryError(f"{self._folder} can't be read: {error}") from None
        found = [self._read(file) for file in files]
        return [record for record in found if record]

    def testify(self, node: Node, testimony: Testimony, since: Elapsed) -> None:
        """Note what others have said of a machine; one that runs isn't dead, whoever said so.

        Args:
            node: the machine.
            testimony: what was said.
            since: when it was to be asked: what was said may have been long on its way.

        Raises:
            OSError: it can't be written: who has asked must not ask again for ever.
        """
        if any(one.word is Word.RUNS for who, one in testimony.items() if who in SEE_IT_RUN):
            self.is_alive(node)
        self._note(f"testimony-{node.ip}", node.identity, since, as_json(testimony))

    def testimony(self, node: Node, clock: Clock, took: float = 0.0) -> Testimony:
        """What others have said of a machine, if that wasn't long ago.

        Args:
            node: the machine.
            clock: time.
            took: seconds since the look began that this belongs to.
        """
        dead = self._fresh(f"{_DEAD}-{node.ip}", node, DEAD_SECONDS, clock)
        limit = TESTIMONY_SECONDS + took
        return {**self._fresh(f"testimony-{node.ip}", node, limit, clock), **dead}

    def _fresh(self, name: str, node: Node, seconds: float, clock: Clock) -> Testimony:
        """What a note has of a machine; nothing of what is older, or of another boot."""
        noted = self.noted(name, node.identity)
        if noted is None or noted.elapsed.boot != clock.boot():
            return {}
        return from_json(noted.text) if noted.elapsed.until_now(clock).seconds <= seconds else {}

    def declare_dead(self, node: Node, who: str, clock: Clock) -> None:
        """Note that the operator says that a machine is dead.

        It counts until the node is gone, or somebody sees it run; for a day at most, and not when
        the base has booted since.

        Raises:
            OSError: it can't be written.
        """
        said = {Witness.OPERATOR: Statement(Word.STOPPED, f"{who} says that it's dead")}
        self._note(f"{_DEAD}-{node.ip}", node.identity, Elapsed.begin(clock), as_json(said))

    def is_alive(self, node: Node) -> None:
        """Take back that a machine is dead: it has answered."""
        self.drop(_DEAD, node)

    def drop(self, name: str, node: Node) -> None:
        """Remove the note of this name about a node's address."""
        (self._folder / _NOTES / f"{name}-{node.ip}").unlink(missing_ok=True)

    def cut_off(self, run: str, clock: Clock) -> None:
        """Note, for each node that it works on, that a run ended as who had started it was gone."""
        with suppress(RegistryError):
            for record in self.all():
                if run and record.run == run:
                    note = f"cut-off-{record.ip}"
                    self.note(note, record.identity, Elapsed.begin(clock), run)

    def was_cut_off(self, node: Node) -> str:
        """Which run for a node ended so; empty where none did. It's told once."""
        noted = self.noted(f"cut-off-{node.ip}", node.identity)
        self.drop("cut-off", node)
        return noted.text if noted else ""

    def note(self, name: str, about: str, elapsed: Elapsed, text: str = "") -> None:
        """Keep a note: what it's about, since when, and a text.

        A note that can't be written is no reason to stop: what it says is then known less exactly.
        """
        with suppress(OSError):
            self._note(name, about, elapsed, text)

    def _note(self, name: str, about: str, elapsed: Elapsed, text: str) -> None:
        notes = self._folder / _NOTES
        notes.mkdir(parents=True, exist_ok=True)
        replace_file(notes / name, json.dumps([about, asdict(elapsed), text]), lasting=False)

    def noted(self, name: str, about: str) -> Note | None:
        """A note; None where there's none, or one about something else."""
        try:
            found, elapsed, text = json.loads((self._folder / _NOTES / name).read_text())
            return Note(Elapsed(**elapsed), str(text)) if found == about else None
        except (OSError, ValueError, TypeError):
            return None

    def forget(self, ip: str) -> None:
        """Remove the notes about an address."""
        for note in (self._folder / _NOTES).glob(f"*-{ip}"):
            note.unlink(missing_ok=True)

    def change(self, ip: str, change: Callable[[Record | None], Changed]) -> Changed:
        """Replace a record by what `change` makes of it; None removes it. One at a time.

        Raises:
            OSError: it can't be written, as on a full disk; the record is as it was.
            RegistryError: it can't be read.
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

    def _read(self, file: Path) -> Record | None:
        try:
            found = json.loads(file.read_text())
            found |= {
                "phase": Phase(found["phase"]),
                "superseded": (*found["superseded"],),
                "way": Way(**found.get("way", {})),
            }
            return Record(**found)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RegistryError(f"{file} can't be read: {error}") from None

    def _file(self, ip: str) -> Path:
        return self._folder / f"{ip}.json"
