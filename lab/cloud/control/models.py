"""What the control API speaks about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Host:
    """An instance and its host.

    Attributes:
        instance_id: the instance's id.
        name: its tag `Name`; empty without one.
        role: its tag `role`; empty without one.
        private_ip: its private address; empty when it is terminated.
        public_ip: its public address, where it has one.
        running: whether its processes run.
        pid: its process 1, as the lab's root namespace counts; None when it doesn't run.
        state: what EC2 says: `pending`, `running`, `stopped`, …
    """

    instance_id: str
    name: str
    role: str
    private_ip: str
    public_ip: str | None
    running: bool
    pid: int | None
    state: str


@dataclass(frozen=True)
class Completed:
    """What a command left.

    Attributes:
        status: its exit status; minus the signal that ended it.
        stdout: what it printed.
        stderr: what it printed on standard error.
    """

    status: int
    stdout: str
    stderr: str


class Loss(StrEnum):
    """How a host is lost."""

    CRASH = "crash"
    """Its processes die at once; EC2 goes on to say `running`."""
    STOP = "stop"
    """As crash; EC2 says `stopped`, as after a failure of the hardware below."""
    TERMINATE = "terminate"
    """As crash; EC2 says `terminated`, as when somebody removed it."""
