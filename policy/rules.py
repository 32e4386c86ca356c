"""The rules, each a pure function of what is to be deployed.

Sources: page, port tables and "Prerequisites"; docs/security.md.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openvidu import ports
from openvidu.ports import PortRule, Source
from openvidu.roles import BASE, BASTION, MASTER, NODE
from policy.resource import Resource

INSTANCE = "aws:ec2/instance:Instance"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
VOLUME = "aws:ebs/volume:Volume"
BUCKET = "aws:s3/bucket:Bucket"
LOCAL_COMMAND = "command:local:Command"
_TAGGED = (
    INSTANCE,
    SECURITY_GROUP,
    VOLUME,
    BUCKET,
    "aws:ec2/eip:Eip",
    "aws:ec2/networkInterface:NetworkInterface",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
)
_TAGS = ("Name", "project", "stack")
_WORLD = ("0.0.0.0/0", "::/0")
_NODE = re.compile(r"node-[1-9][0-9]*")
_NODES_OWN = re.compile(r"(node-[1-9][0-9]*)-start")
_SECRET = re.compile(
    r"secret|passw(or)?d|license|private[ _-]?key|\bAKIA[0-9A-Z]{16}\b", re.IGNORECASE
)
_SIZES = ("nano", "micro", "small", "medium", "large")
"""EC2's sizes with fewer than four processors, by rising size."""
_LEAST_SIZE = {BASE.name: "xlarge", NODE.name: "xlarge", MASTER.name: "large"}

TABLES: Mapping[str, Sequence[PortRule]] = {
    BASE.name: ports.BASE_PORTS,
    NODE.name: ports.NODE_PORTS,
    MASTER.name: ports.MASTER_PORTS,
    BASTION.name: ports.BASTION_PORTS,
    "load-balancer": ports.LOAD_BALANCER_PORTS,
    "redis": ports.REDIS_PORTS,
    "search": ports.SEARCH_PORTS,
}
"""The port tables by the role that tags name."""


@dataclass(frozen=True)
class ResourceRule:
    """What each resource must keep to.

    Attributes:
        name: of the policy.
        meaning: in a sentence.
        violations: what a resource does against it.
        advisory: whether it's told only, and stops nothing.
    """

    name: str
    meaning: str
    violations: Callable[[Resource], Iterable[str]]
    advisory: bool = False


@dataclass(frozen=True)
class StackRule:
    """What the resources must keep to together; `violations` name resources by URN."""

    name: str
    meaning: str
    violations: Callable[[Sequence[Resource]], Iterable[tuple[str, str]]]
    advisory: bool = False


def undocumented_ports(one: Resource) -> Iterator[str]:
    """Ports that are open, and not in the role's table."""
    if one.type == SECURITY_GROUP and one.props.get("ingress"):
        yield f"{one.name} opens ports in the group itself; expected a rule each, from the tables"
    if one.type != INGRESS:
        return
    table = TABLES.get(one.role, ())
    if any(_stands_for(row, one) for row in table):
        return
    first, last = _ports(one)
    yield (
        f"{one.name} opens {one.props.get('ipProtocol')} {first} to {last} for "
        f"{_network(one) or 'others'}; OpenVidu's port table of {one.role or 'no role'} has no such"
        " row (openvidu/ports.py)"
    )


def world_open_ssh(one: Resource) -> Iterator[str]:
    """SSH for everybody."""
    if one.type != INGRESS or _network(one) not in _WORLD:
        return
    first, last = _ports(one)
    if one.props.get("ipProtocol") == "-1" or first <= ports.SSH <= last:
        yield (
            f"{one.name} opens SSH to {_network(one)}; expected the networks of operators: "
            "pulumi config set --path 'sshCidrs[0]' 203.0.113.0/24"
        )


def imds_v1(one: Resource) -> Iterator[str]:
    """Instance metadata without a token: whatever can send a request could read it."""
    if one.type == INSTANCE:
        found = (one.props.get("metadataOptions") or {}).get("httpTokens")
        if found != "required":
            yield f"{one.name}: metadataOptions.httpTokens is {found}; expected required (IMDSv2)"


def plain_volumes(one: Resource) -> Iterator[str]:
    """Disks that aren't encrypted."""
    if one.type == VOLUME and not one.props.get("encrypted"):
        yield f"{one.name} isn't encrypted"
    if one.type == INSTANCE:
        root = one.props.get("rootBlockDevice") or {}
        others = one.props.get("ebsBlockDevices") or ()
        if not root.get("encrypted") or not all(disk.get("encrypted") for disk in others):
            yield f"{one.name}: a disk of it isn't encrypted; expected encrypted: true for each"


def secrets_in_user_data(one: Resource) -> Iterator[str]:
    """User data is readable by whoever may describe the instance."""
    if one.type != INSTANCE:
        return
    for key in ("userData", "userDataBase64"):
        text = str(one.props.get(key) or "")
        if _SECRET.search(text) or _SECRET.search(_decoded(text)):
            yield f"{one.name}: {key} looks as if it held a secret; put it there over SSH"


def missing_tags(one: Resource) -> Iterator[str]:
    """What a bill, or `scripts.adopt`, couldn't tell whose it is."""
    missing = [tag for tag in _TAGS if not one.tags.get(tag)]
    if one.type in _TAGGED and missing:
        yield f"{one.name} has no tag {', '.join(missing)}; expected {', '.join(_TAGS)}"


def small_instances(one: Resource) -> Iterator[str]:
    """Machines with less than the page asks for."""
    least = _LEAST_SIZE.get(one.role)
    if one.type != INSTANCE or least is None:
        return
    found = str(one.props.get("instanceType") or "")
    size = found.partition(".")[2]
    if size in _SIZES and (least not in _SIZES or _SIZES.index(size) < _SIZES.index(least)):
        yield (
            f"{one.name} is a {found}; OpenVidu needs at least 4 CPUs and 8 GiB on base and nodes: "
            f"a {least} or larger"
        )


def missing_ports(resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
    """Rows of a port table that no rule opens, though a machine of that role is there."""
    rules = [one for one in resources if one.type == INGRESS]
    for group in (one for one in resources if one.type == SECURITY_GROUP):
        for row in TABLES.get(group.role, ()):
            if row.source is Source.OPERATORS:
                continue
            if not any(one.role == group.role and _stands_for(row, one) for one in rules):
                what = f"{row.protocol} {row.first} to {row.last} ({row.purpose})"
                yield group.urn, f"{group.name}: no rule opens {what}"


def missing_memberships(resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
    """Nodes that would not be drained before they go."""
    members = {one.name for one in resources if one.type == LOCAL_COMMAND and _drains(one)}
    nodes: dict[str, str] = {}
    for one in resources:
        match = _NODES_OWN.fullmatch(one.name)
        if match or (one.type == INSTANCE and _NODE.fullmatch(one.name)):
            nodes[match[1] if match else one.name] = one.urn
    for name, urn in nodes.items():
        if f"{name}-membership" not in members:
            yield urn, f"{name} has no {name}-membership that drains it before its machine goes"


def unprotected_data(resources: Sequence[Resource]) -> Iterator[tuple[str, str]]:
    """What the base stores, and the bucket, when a destroy would take them without a word."""
    for one in resources:
        if one.type in (VOLUME, BUCKET) and not one.protect:
            yield (
                one.urn,
                f"{one.name} isn't protected: pulumi destroy deletes what is stored there. "
                "To keep it: pulumi config set deleteData false",
            )


RESOURCE_RULES = (
    ResourceRule(
        "documented-ports", "Only ports of OpenVidu's tables are open.", undocumented_ports
    ),
    ResourceRule("no-world-open-ssh", "SSH is open to operators' networks only.", world_open_ssh),
    ResourceRule("imds-v2", "Instance metadata takes a token.", imds_v1),
    ResourceRule("encrypted-volumes", "Every disk is encrypted.", plain_volumes),
    ResourceRule("no-secret-in-user-data", "User data holds no secret.", secrets_in_user_data),
    ResourceRule("tags", "What costs money tells whose it is.", missing_tags),
    ResourceRule("instance-size", "Machines have what OpenVidu needs.", small_instances),
)
STACK_RULES = (
    StackRule("all-documented-ports", "Every port of OpenVidu's tables is open.", missing_ports),
    StackRule("membership", "Every node drains before it goes.", missing_memberships),
    # deleteData says that data may go.
    StackRule("protected-data", "What is stored is protected.", unprotected_data, advisory=True),
)


def _ports(rule: Resource) -> tuple[int, int]:
    """First and last port; -1 where a rule names none."""
    first, last = (rule.props.get(key) for key in ("fromPort", "toPort"))
    return -1 if first is None else int(first), -1 if last is None else int(last)


def _network(rule: Resource) -> str:
    return str(rule.props.get("cidrIpv4") or rule.props.get("cidrIpv6") or "")


def _stands_for(row: PortRule, rule: Resource) -> bool:
    """Whether a rule opens what a row of a table asks for, to nobody else."""
    # The port where users come in is theirs to choose (httpsPort).
    chosen = row.service == "https" and rule.name.startswith(f"{rule.role}-https-from")
    if rule.props.get("ipProtocol") != row.protocol:
        return False
    if not chosen and _ports(rule) != (row.first, row.last):
        return False
    return row.source is not Source.CLUSTER or _network(rule) not in _WORLD


def _drains(command: Resource) -> bool:
    """Whether a command has something to do when it goes: a membership's delete drains."""
    return bool(command.props.get("delete"))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
