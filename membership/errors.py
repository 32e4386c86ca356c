"""How joining and draining fail: what happened, what it means for calls, what to type next."""

from __future__ import annotations


class ProgramError(Exception):
    """What the program on the base tells of: each of its own errors is one."""


class LoadBalancerError(ProgramError):
    """The list of addresses couldn't be read or changed: the load balancer goes on with its own."""


class MembershipError(ProgramError):
    """A node could not join or leave.

    Attributes:
        node: name of the node.
        phase: what was being done, in the words of the page.
    """

    def __init__(self, node: str, phase: str, happened: str, meaning: str, command: str) -> None:
        """Compose the three lines.

        Args:
            node: name of the node.
            phase: what was being done.
            happened: what was seen, and what was expected.
            meaning: what it means for calls.
            command: what to type next.
        """
        super().__init__(f"{node}: {phase}: {happened}\n  {meaning}\n  Next: {command}")
        self.node = node
        self.phase = phase
