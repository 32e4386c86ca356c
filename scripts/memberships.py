"""The nodes' memberships in a stack's state: what they do on the base, done once more.

Values and script are those of the state, as the engine would run them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.cluster_observation import LIMIT_SECONDS, Overview, Unseen, parse, reason
from components.over_ssh import run
from components.resource_names import of_urn
from scripts.node_names import node_of
from scripts.pulumi_cli import PulumiCli

PROMPT = {"CONNECT_SECONDS": "5", "RECONNECT_SECONDS": "0"}
"""Variables with which who doesn't answer isn't waited for."""
_CONCLUDE_SECONDS = 120.0
"""Others are asked too: machines over SSH, and AWS."""
_RUNS = ("serving", "draining")


@dataclass(frozen=True)
class Concluded:
    """What all who can see a node say of it together.

    Attributes:
        conclusion: as in `membership.witnesses`: `serving`, `draining`, `left`, `dead`, `unknown`.
        told: who says what.
        calls: how many the cluster lists on it; None where it doesn't say.
    """

    conclusion: str
    told: str
    calls: int | None

    @property
    def runs(self) -> bool:
        """Whether somebody sees OpenVidu run there."""
        return self.conclusion in _RUNS


@dataclass(frozen=True)
class Membership:
    """A node's membership.

    Attributes:
        number: the node's.
        environment: what its script needs.
        private_key: for SSH.
    """

    number: int
    environment: Mapping[str, str]
    private_key: str

    @property
    def private_ip(self) -> str:
        """The node's private address."""
        return self.environment["NODE_IP"]

    def run(self, action: str, **changes: str) -> int:
        """Carry out an action; its progress goes to the terminal. Returns the exit status."""
        done = run(action, {**self.environment, **changes}, self.private_key, capture=False)
        return done.returncode

    def overview(self) -> Overview:
        """What the cluster looks like, as the base sees it; told at once, or not at all."""
        try:
            asked = run(
                "overview",
                {**self.environment, **PROMPT},
                self.private_key,
                timeout=LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return Unseen(f"no answer within {LIMIT_SECONDS} s")
        if asked.returncode:
            return Unseen(asked.stderr.strip() or f"exit status {asked.returncode}")
        return parse(asked.stdout)

    def conclude(self) -> Concluded | Unseen:
        """What the base, the node's machine, its peers and AWS say of it; all of them are asked."""
        variables = {**self.environment, **PROMPT}
        try:
            asked = run("conclude", variables, self.private_key, timeout=_CONCLUDE_SECONDS)
        except subprocess.TimeoutExpired:
            return Unseen(f"no answer within {_CONCLUDE_SECONDS:g} s")
        try:
            found = json.loads(asked.stdout.strip().splitlines()[-1])
            return Concluded(found["conclusion"], found["told"], found["calls"])
        except (IndexError, ValueError, KeyError, TypeError):
            return Unseen(reason(asked.stderr) or f"exit status {asked.returncode}")


def memberships(pulumi: PulumiCli) -> dict[int, Membership]:
    """The memberships of a stack by the node's number.

    Raises:
        PulumiError: the state can't be had.
    """
    return from_state(pulumi.export_state(show_secrets=True))


def from_state(exported: Mapping[str, Any]) -> dict[int, Membership]:
    """The memberships in a state that was exported with its secrets shown."""
    found = {}
    for resource in exported["deployment"].get("resources", ()):
        name = of_urn(resource["urn"])
        if name and name.node and name.part == "membership" and not resource.get("delete"):
            inputs = {key: plain(value) for key, value in resource["inputs"].items()}
            found[name.node] = Membership(name.node, inputs["environment"], inputs["stdin"])
    return found


def nodes_in(exported: Mapping[str, Any]) -> frozenset[int]:
    """Numbers of the nodes of which a state holds anything, be it a machine that has to go."""
    numbers = (node_of(one["urn"]) for one in exported["deployment"].get("resources", ()))
    return frozenset(number for number in numbers if number is not None)


def plain(value: Any) -> Any:
    """A value without the marks of secrets."""
    if isinstance(value, dict):
        if "plaintext" in value:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(inner) for key, inner in value.items()}
    return value
