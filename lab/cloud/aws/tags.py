"""DescribeTags: a thing's tags go with it.

Source: EC2 guide, "Tag your Amazon EC2 resources": if you delete a resource, any tags assigned to
the resource are also deleted.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.tags import TagResponse

from lab.cloud.aws.patching import put


def install() -> None:
    """Complete moto."""

    def describe_tags(self: Any) -> ActionResult:
        answer = describe(self)
        there = {*_there(self.ec2_backend)}
        tags = [tag for tag in answer.result["Tags"] if tag["resource_id"] in there]
        return ActionResult({"Tags": tags})

    describe = put(TagResponse, "describe_tags", describe_tags)


def _there(backend: Any) -> list[str]:
    """The id of each thing that can have tags and that the lab knows of."""
    groups = [group for groups in backend.groups.values() for group in groups.values()]
    kept = (
        backend.amis,
        backend.enis,
        backend.internet_gateways,
        backend.managed_prefix_lists,
        backend.nat_gateways,
        backend.route_tables,
        backend.snapshots,
        backend.volumes,
        backend.vpcs,
        *backend.subnets.values(),
    )
    return [
        *(identifier for things in kept for identifier in things),
        *(group.id for group in groups),
        *(rule.id for group in groups for rule in (*group.ingress_rules, *group.egress_rules)),
        *(instance.id for instance in backend.all_instances()),
        *(address.allocation_id for address in backend.addresses),
        *(pair.id for pair in backend.key_pairs.values()),
    ]
