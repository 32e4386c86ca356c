"""A stack that is deployed, as the loop sees it: configuration, state, base and memory."""

from __future__ import annotations

from collections.abc import Collection

from components.cluster_observation import Unseen
from components.numbering import Wanted
from scripts import wanted_nodes
from scripts.autoscaling import guard
from scripts.autoscaling.cluster_load import Observation, observe
from scripts.autoscaling.decision import Past
from scripts.autoscaling.memory import Memory
from scripts.autoscaling.scaling_policy import Measure
from scripts.autoscaling.updates import Update
from scripts.memberships import from_state, nodes_in
from scripts.pulumi_cli import PulumiCli, PulumiError, configured

_NEEDED = {
    "shape": (("ha", "ha-managed"), "nodes that come and go"),
    "machines": (("aws",), "machines that can be made"),
}


class DeployedStack:
    """A stack of `pulumi`."""

    def __init__(
        self, pulumi: PulumiCli, name: str, memory: Memory, measures: Collection[Measure]
    ) -> None:
        """Prepare.

        Args:
            pulumi: works on the stack.
            name: the stack's name.
            memory: what is remembered.
            measures: what has to be known of the cluster.
        """
        self._pulumi = pulumi
        self._name = name
        self._memory = memory
        self._measures = measures

    def require_scalable(self) -> None:
        """Make sure that there can be more and fewer nodes.

        Raises:
            PulumiError: there can't; says why.
        """
        config = self._pulumi.config()
        for key, (needed, what) in _NEEDED.items():
            found = configured(config, key, needed[0])
            if found not in needed:
                raise PulumiError(
                    f"{key} is {found}; autoscaling needs {what}: {' or '.join(needed)}.\n"
                    "  For another number of nodes here, see docs/scaling.md"
                )

    def look(self, *, updating: bool) -> Observation | Unseen:
        """The cluster now: the base is asked over SSH, and nothing is changed."""
        try:
            wanted = wanted_nodes.read(self._pulumi)
            exported = self._pulumi.export_state(show_secrets=True)
        except PulumiError as error:
            return Unseen(str(error))
        found = from_state(exported)
        if not found:
            return Unseen("no node is deployed yet.\n  Next: pulumi up")
        seen = next(iter(found.values())).overview()
        addresses = {number: one.private_ip for number, one in found.items()}
        return observe(
            wanted,
            addresses,
            seen,
            self._measures,
            deployed=nodes_in(exported),
            updating=updating,
        )

    def want(self, wanted: Wanted) -> Wanted:
        """Have the configuration want some nodes; returns what it wanted before."""
        before = wanted_nodes.read(self._pulumi)
        wanted_nodes.change(self._pulumi, before, wanted)
        return before

    def foreign_changes(self, seen: Observation, wanted: Wanted) -> list[str]:
        """Names of what an update would change beyond the nodes that come and go."""
        return guard.beyond(self._pulumi.preview(), seen.serving & frozenset(wanted.numbers))

    def start_update(self) -> Update:
        """Start an update."""
        return Update(self._name)

    def recall(self) -> Past:
        """What is remembered."""
        return self._memory.read()

    def remember(self, past: Past) -> None:
        """Remember."""
        self._memory.write(past)
