"""A machine, as the rest of the program sees it, and where machines come from.

There are two kinds behind one interface: EC2 instances, in `components/aws`, and hosts that exist
already, in `components/existing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulumi

from components.ssh_way import STRAIGHT, SshWay


@dataclass(frozen=True)
class Machine:
    """A machine that can be reached by SSH.

    Attributes:
        name: `base`, `master`, `node-1`, …
        private_ip: address in the cluster's network.
        public_ip: address on the internet.
        identity: changes when another machine takes this one's place (EC2: the instance id).
        host_key: public SSH host key from a trusted source.
        depends_on: what must be there before the machine can be used.
        data_volume: id of the volume that keeps its data; None where its own disk does.
        present: who knows its host key once it was replaced; read by `scripts.present_machine`.
        instance_arn: ARN of the EC2 instance; empty where it's none.
        instance: the EC2 instance that AWS made for the stack; None where it did not.
        provider: variables that say how to ask AWS; see `components.aws.provider`.
        way: how SSH gets there.
        let_in: the rules of its security group; none where it's of your own.
    """

    name: str
    private_ip: str
    public_ip: pulumi.Output[str]
    identity: pulumi.Output[str]
    host_key: pulumi.Output[str]
    depends_on: Sequence[pulumi.Resource]
    data_volume: pulumi.Output[str] | None = None
    present: str = ""
    instance_arn: pulumi.Input[str] = ""
    instance: pulumi.Resource | None = None
    provider: Mapping[str, str] = field(default_factory=dict)
    way: SshWay = STRAIGHT
    let_in: Sequence[pulumi.Resource] = ()

    def way_as(self, name: str) -> Mapping[str, str]:
        """The variable of this name that says the way; none where it's the usual one."""
        return {name: self.way.as_text()} if self.way != STRAIGHT else {}


class Machines(Protocol):
    """Registers the machines of a cluster, each as a child of the component that owns it."""

    def main(self, parent: pulumi.Resource) -> Machine:
        """Register the machine that users connect to: that of the base services, or the master."""

    def node(
        self, number: int, after: Sequence[pulumi.Resource], parent: pulumi.Resource
    ) -> Machine:
        """Register the machine of a node.

        Args:
            number: the node's.
            after: what has to be there before this machine changes.
            parent: the node's component.
        """


def once(done: Sequence[pulumi.Resource], value: str) -> pulumi.Input[str]:
    """A value that isn't there before resources are; not a dependency in the stack's state."""
    if not done:
        return value

    async def later() -> str:
        for resource in done:
            await resource.urn.future()
        return value

    return later()
