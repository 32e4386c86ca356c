"""How SSH gets to a machine: its port, and what is gone through where there is no straight way."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass

PORT = 22
SSM = "ssm"
"""The setting with which machines on AWS are reached by Session Manager."""


@dataclass(frozen=True)
class Jump:
    """A host that connections go through.

    Attributes:
        host: its address or name.
        port: where its SSH answers.
        user: who logs in there; empty for the one that logs in on the machine.
        host_key: its public SSH host key; None when it isn't known yet.
    """

    host: str
    port: int
    user: str
    host_key: str | None


@dataclass(frozen=True)
class SshWay:
    """The way to a machine.

    Attributes:
        port: where its SSH answers.
        jump: what connections go through; None where it's reached straight.
        ssm: what Session Manager connects to, as the words `REGION PROJECT STACK MACHINE`, with -
            for the environment's own region; empty where it isn't used.
    """

    port: int = PORT
    jump: Jump | None = None
    ssm: str = ""

    def as_text(self) -> str:
        """The way as `remote/session.py` reads it; empty for the usual one."""
        if self == SshWay():
            return ""
        told = asdict(self)
        if not self.ssm:
            # Ways that were written before it was known stay as they are.
            del told["ssm"]
        return json.dumps(told)


STRAIGHT = SshWay()
"""Port 22, without a jump host."""


def from_text(text: str) -> SshWay:
    """Read what `SshWay.as_text` wrote."""
    if not text:
        return STRAIGHT
    found = json.loads(text)
    jump = Jump(**found["jump"]) if found["jump"] else None
    return SshWay(found["port"], jump, found.get("ssm", ""))


def ssh_command(user: str, host: str, way: SshWay) -> str:
    """The command with which somebody logs in, for a shell."""
    if way.ssm:
        return f"uv run openvidu-enterprise ssh {way.ssm.split()[-1]} --"
    words = ["ssh"]
    if way.port != PORT:
        words += ["-p", str(way.port)]
    if way.jump:
        at_jump = f"{way.jump.user or user}@{way.jump.host}"
        words += ["-J", at_jump if way.jump.port == PORT else f"{at_jump}:{way.jump.port}"]
    return shlex.join([*words, f"{user}@{host}"])
