"""What must never happen, whatever goes wrong. Source: the project's design, "Invariants"."""

from __future__ import annotations

from enum import StrEnum


class Invariant(StrEnum):
    """By its words."""

    NO_CALL_IS_CUT = "no call is cut"
    GONE_BEFORE_REMOVED = "a machine goes after its node has left the cluster"
    OUT_BEFORE_REMOVED = "a machine goes after its address is out of the load balancer"
    OUT_AFTER_LEFT = "an address leaves the load balancer after its node has left the cluster"
    ONE_SERVES = "one node serves, unless all go"
    FEW_AT_A_TIME = "no more than maxUnavailable wanted nodes are out of service at a time"
    OWN_MACHINE = "a drain concerns its own machine"
    FULL_TIME = "a node's calls have all of the time that they are waited for"
    SAME_COMMAND = "the same command again completes it"
    EXACT_LIST = "the load balancer lists exactly the serving nodes, after a reboot too"


class Violation(AssertionError):  # noqa: N818 - it's what a check finds
    """An invariant doesn't hold."""

    def __init__(self, invariant: Invariant, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
