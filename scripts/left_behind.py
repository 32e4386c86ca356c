"""What an update that was killed had made in AWS before the stack's state knew. Pure.

Between AWS's "done" and the engine's note of it lies a moment in which a kill leaves a resource
that no state knows. The next update would make it anew: AWS refuses a second instance on the same
interface, and gives a second Elastic IP. The engine notes what it was about to make, and each
resource carries its tags from its first moment: with both it is found again.

Source: Pulumi, "Interrupted updates": `pending_operations` of a deployment.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Json = dict[str, Any]
NAMING_TAGS = ("project", "stack", "Name")
"""These tags together say what a resource is."""


@dataclass(frozen=True)
class Kind:
    """A sort of resource that carries tags.

    Attributes:
        types: Pulumi's names of it.
        remove: what follows `aws ec2` to remove one, before its id; empty where it goes with
            another.
    """

    types: tuple[str, ...]
    remove: str


KINDS: Mapping[str, Kind] = {
    "i": Kind(("aws:ec2/instance:Instance",), "terminate-instances --instance-ids"),
    "vol": Kind(("aws:ebs/volume:Volume",), "delete-volume --volume-id"),
    "eipalloc": Kind(("aws:ec2/eip:Eip",), "release-address --allocation-id"),
    "eni": Kind(
        ("aws:ec2/networkInterface:NetworkInterface",),
        "delete-network-interface --network-interface-id",
    ),
    "sgr": Kind(
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ),
        "",
    ),
    "sg": Kind(("aws:ec2/securityGroup:SecurityGroup",), "delete-security-group --group-id"),
    "key": Kind(("aws:ec2/keyPair:KeyPair",), "delete-key-pair --key-pair-id"),
    "rtb": Kind(("aws:ec2/routeTable:RouteTable",), "delete-route-table --route-table-id"),
    "subnet": Kind(("aws:ec2/subnet:Subnet",), "delete-subnet --subnet-id"),
    "igw": Kind(
        ("aws:ec2/internetGateway:InternetGateway",),
        "delete-internet-gateway --internet-gateway-id",
    ),
    "vpc": Kind(("aws:ec2/vpc:Vpc",), "delete-vpc --vpc-id"),
}
"""By the first part of AWS's id, in the order in which they can be removed."""


@dataclass(frozen=True)
class Tagged:
    """A resource in AWS.

    Attributes:
        id: AWS's id.
        tags: those of `NAMING_TAGS` that it has.
    """

    id: str
    tags: Mapping[str, str]

    @property
    def kind(self) -> Kind:
        """What it is."""
        return KINDS[self.id.partition("-")[0]]


@dataclass(frozen=True)
class Findings:
    """What is to be done about a killed update.

    Attributes:
        adopt: by URN, the id of what an interrupted create has made.
        forget: URNs of interrupted creates that have made nothing, or may run again.
        known: those of `forget` that the state has, from before or from a later update.
        doubled: those of `forget` of which AWS has several; they are among the strays.
        unknown: URNs of interrupted creates that can't be looked for.
        strays: what AWS has with the stack's tags, and the state doesn't stand for.
    """

    adopt: Mapping[str, str] = field(default_factory=dict)
    forget: Sequence[str] = ()
    known: Sequence[str] = ()
    doubled: Sequence[str] = ()
    unknown: Sequence[str] = ()
    strays: Sequence[Tagged] = ()

    def __bool__(self) -> bool:
        return any((self.adopt, self.forget, self.unknown, self.strays))


def pending_creates(deployment: Json) -> list[Json]:
    """The resources whose creation was interrupted."""
    operations = deployment.get("pending_operations") or []
    return [one["resource"] for one in operations if one["type"] == "creating"]


def uses_aws(deployment: Json) -> bool:
    """Whether a deployment has made anything in AWS, or was about to."""
    resources = [*_resources(deployment), *pending_creates(deployment)]
    return any(one["type"].startswith("aws:") for one in resources)


class Names(NamedTuple):
    """A stack's name, and its project's."""

    project: str
    stack: str


def names(deployment: Json) -> Names | None:
    """Those of a deployment; None when it holds nothing at all."""
    for resource in [*_resources(deployment), *pending_creates(deployment)]:
        _, _, stack, project, *_ = resource["urn"].replace("::", ":").split(":")
        return Names(project, stack)
    return None


def match(deployment: Json, tagged: Sequence[Tagged], untagged: Mapping[str, str]) -> Findings:
    """Decide what becomes of interrupted creates.

    Args:
        deployment: the state, as `pulumi stack export` prints it below `deployment`.
        tagged: what AWS has with the stack's tags.
        untagged: by URN, the id of what an interrupted create without tags has made; empty where
            it has made nothing.
    """
    ids = {id_ for one in _resources(deployment) for id_ in _ids(one)}
    strays = [one for one in tagged if one.id not in ids]
    there = {one["urn"] for one in _resources(deployment) if not _is_leaving(one)}
    types = {type_ for kind in KINDS.values() for type_ in kind.types}
    adopt: dict[str, str] = {}
    forget, known, doubled, unknown = [], [], [], []
    for resource in pending_creates(deployment):
        urn = resource["urn"]
        fitting = [one for one in strays if is_of(one, resource["type"], resource["inputs"])]
        if urn in there or not resource["type"].startswith("aws:"):
            # A later update has made it; or it's a command, which may run again.
            forget.append(urn)
            if urn in there:
                known.append(urn)
        elif untagged.get(urn):
            adopt[urn] = untagged[urn]
        elif len(fitting) == 1:
            adopt[urn] = _pulumis_id(fitting[0], resource)
            strays.remove(fitting[0])
        elif resource["type"] in types or urn in untagged:
            # Of two that fit none is taken: both are named, with the command that removes them.
            forget.append(urn)
            if fitting:
                doubled.append(urn)
        else:
            unknown.append(urn)
    named = [one for one in strays if one.kind.remove]
    return Findings(adopt, forget, known, doubled, unknown, named)


def repaired(deployment: Json, findings: Findings) -> Json:
    """The state with what is adopted, and without the notes about what was interrupted.

    What is adopted has its inputs for outputs; a refresh reads the others.
    """
    new = copy.deepcopy(deployment)
    resources: list[Json] = new.setdefault("resources", [])
    for resource in pending_creates(new):
        urn = resource["urn"]
        if urn not in findings.adopt:
            continue
        resource |= {"id": findings.adopt[urn], "outputs": _without_defaults(resource["inputs"])}
        replaced = [one for one in resources if one["urn"] == urn and _is_leaving(one)]
        if replaced:
            # What depends on it comes later in the list.
            resources[resources.index(replaced[0])] = resource
        else:
            resources.append(resource)
    done = {*findings.adopt, *findings.forget}
    operations = new.get("pending_operations") or []
    new["pending_operations"] = [
        one for one in operations if one["type"] != "creating" or one["resource"]["urn"] not in done
    ]
    return new


def _resources(deployment: Json) -> list[Json]:
    return deployment.get("resources") or []


def _ids(resource: Json) -> set[str]:
    """Its ids; Pulumi's id of a key pair is its name."""
    outputs = resource.get("outputs") or {}
    return {resource.get("id", ""), str(outputs.get("keyPairId", ""))}


def _is_leaving(resource: Json) -> bool:
    return bool(resource.get("pendingReplacement") or resource.get("delete"))


def is_of(found: Tagged, type_: str, inputs: Mapping[str, Any]) -> bool:
    """Whether something in AWS is what a resource stands for.

    Args:
        found: what AWS has.
        type_: Pulumi's name of the resource's type.
        inputs: the resource's inputs.
    """
    wanted = inputs.get("tags") or {}
    named = {key: wanted[key] for key in NAMING_TAGS if key in wanted}
    return type_ in found.kind.types and found.tags == named


def _pulumis_id(found: Tagged, resource: Json) -> str:
    name: str = resource["inputs"].get("keyName", found.id)
    return name if found.id.startswith("key-") else found.id


def _without_defaults(value: Any) -> Any:
    """Inputs without the provider's notes about them, which outputs don't have."""
    if isinstance(value, dict):
        return {key: _without_defaults(one) for key, one in value.items() if key != "__defaults"}
    return [_without_defaults(one) for one in value] if isinstance(value, list) else value
