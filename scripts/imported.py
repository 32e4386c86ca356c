"""What `pulumi import` has put into a state, made such that an update keeps it. Pure.

An import can't know which names Pulumi had made itself: the next update would make others, and
replace what bears them. And it protects all that it imports, so that nothing is lost before that is
put right. Machines stay protected until the next update: what drains nodes can't be imported, so
until then they would go with their calls.

Source: pulumi-terraform-bridge, pkg/tfbridge/schema.go: `__defaults` names the inputs that weren't
the program's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from components.resource_names import logical_name
from scripts.left_behind import Json

NAMES: Mapping[str, str] = {
    "aws:ec2/keyPair:KeyPair": "keyName",
    "aws:ec2/securityGroup:SecurityGroup": "name",
    "aws:elasticache/replicationGroup:ReplicationGroup": "replicationGroupId",
    "aws:elasticache/subnetGroup:SubnetGroup": "name",
    "aws:iam/instanceProfile:InstanceProfile": "name",
    "aws:iam/role:Role": "name",
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:iam/user:User": "name",
    "aws:iam/userPolicy:UserPolicy": "name",
    "aws:lb/loadBalancer:LoadBalancer": "name",
    "aws:lb/targetGroup:TargetGroup": "name",
    "aws:s3/bucket:Bucket": "bucket",
}
"""Where Pulumi makes a name: the property by the type."""
_INSTANCE = "aws:ec2/instance:Instance"
_PROTECTED = (
    # What holds data: the program protects it too.
    "aws:ebs/volume:Volume",
    "aws:s3/bucket:Bucket",
    "aws:opensearch/domain:Domain",
    # What carries calls.
    _INSTANCE,
    "aws:ec2/eip:Eip",
    "aws:ec2/networkInterface:NetworkInterface",
)
_DEFAULTS = "__defaults"
_HOLD = "-hold"


class Settled(NamedTuple):
    """A state that was put right.

    Attributes:
        deployment: the state, as `pulumi stack import` takes it below `deployment`.
        changed: names of the resources that were changed in it.
    """

    deployment: Json
    changed: Sequence[str]


def settled(deployment: Json) -> Settled:
    """The state with the names as Pulumi's own, and only data and machines protected.

    Args:
        deployment: the state, as `pulumi stack export` prints it below `deployment`.
    """
    new = copy.deepcopy(deployment)
    changed = []
    for resource in new.get("resources") or ():
        inputs = resource.get("inputs") or {}
        # The program leaves a note of each input; what was imported has none.
        if inputs.get(_DEFAULTS) != []:
            continue
        made = NAMES.get(resource["type"])
        if made in inputs:
            inputs[_DEFAULTS] = [made]
            changed.append(_name(resource))
        if resource.get("protect") and resource["type"] not in _PROTECTED:
            del resource["protect"]
            changed.append(_name(resource))
    changed += _hold_what_is_there(new.get("resources") or ())
    return Settled(new, [*dict.fromkeys(changed)])


def _hold_what_is_there(resources: Sequence[Json]) -> Iterator[str]:
    """Have what holds a node's machine know the instance that was imported in the place of another.

    An update would have it let the former one go, and with it the address that both have.
    """
    instances = {_name(one): one.get("id") for one in resources if one["type"] == _INSTANCE}
    for resource in resources:
        node = _name(resource).removesuffix(_HOLD)
        instance = instances.get(node) if _name(resource).endswith(_HOLD) else None
        for part in (resource.get("inputs"), resource.get("outputs")):
            if instance and part and part.get("triggers") != [instance]:
                part["triggers"] = [instance]
                part["environment"]["NODE_IDENTITY"] = instance
                yield _name(resource)


def _name(resource: Json) -> str:
    return logical_name(resource["urn"])
