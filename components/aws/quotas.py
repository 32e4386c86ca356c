"""What the account's quotas hold, against what the configuration takes of them. Pure.

Only what AWS would surely refuse is refused: something new has to be made, and then there would be
more than the quota holds. So fewer nodes, or as many as there are, always pass, however low the
quota has become. Of others' machines AWS doesn't tell the vCPUs in one call: the vCPUs of this
cluster alone are compared. Others' Elastic IPs are counted.

Source: Service Quotas, "Amazon EC2 endpoints and quotas"; EC2 guide, "On-Demand Instance quotas".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from components.aws.firewall import inbound
from components.aws.machine_types import InstanceType
from components.previous_state import PreviousState
from components.resource_names import node_number
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings
from openvidu.roles import NODE


@dataclass(frozen=True)
class Quota:
    """A quota of EC2.

    Attributes:
        code: the one that AWS gives it.
        name: likewise.
        families: letters with which its instance types begin, such as `c` of `c5.2xlarge`.
        service: by Service Quotas' own name.
    """

    code: str
    name: str
    families: frozenset[str] = frozenset()
    service: str = "ec2"


def _vcpus(code: str, name: str, families: str) -> Quota:
    return Quota(code, f"Running On-Demand {name} instances", frozenset(families.split()))


ADDRESSES = Quota("L-0263D0A3", "EC2-VPC Elastic IPs")
RULES = Quota("L-0EA8095F", "Inbound or outbound rules per security group", service="vpc")
GROUPS = Quota("L-2AFB9258", "Security groups per network interface", service="vpc")
_GROUPS_OF_ALL = 5
"""Likewise, for what one interface is in."""
_RULES_OF_ALL = 60
"""What every account has, for IPv4 and IPv6 each. Source: VPC guide, "Amazon VPC quotas"."""
VCPUS = (
    _vcpus("L-1216C47A", "Standard (A, C, D, H, I, M, R, T, Z)", "a c d h i im is m r t z"),
    _vcpus("L-6E869C2A", "DL", "dl"),
    _vcpus("L-74FC7D96", "F", "f"),
    _vcpus("L-DB2E81BA", "G and VT", "g gr vt"),
    _vcpus("L-43DA4232", "High Memory", "u"),
    _vcpus("L-F7808C92", "HPC", "hpc"),
    _vcpus("L-1945791B", "Inf", "inf"),
    _vcpus("L-417A185B", "P", "p"),
    _vcpus("L-2C3B7624", "Trn", "trn"),
    _vcpus("L-7295265B", "X", "x"),
)


@dataclass(frozen=True)
class Account:
    """What AWS says about the account in the region.

    Attributes:
        region: such as `eu-west-1`.
        holds: what quotas hold, by code; only those that AWS told.
        own_addresses: allocation ids of this stack's Elastic IPs.
        other_addresses: how many others count towards the quota.
    """

    region: str
    holds: Mapping[str, int]
    own_addresses: frozenset[str] = frozenset()
    other_addresses: int = 0


@dataclass(frozen=True)
class _Demand:
    """What would be taken of a quota, at least.

    Attributes:
        quota: of which.
        total: of this cluster, and of others where they're known.
        each: of a node.
        previous: how many of the wanted nodes have theirs already.
        text: the total, in words.
    """

    quota: Quota
    total: int
    each: int
    previous: int
    text: str


def vcpu_quota(instance_type: str) -> Quota | None:
    """The quota that an instance type's vCPUs count towards; None when that isn't known."""
    letters = re.match(r"[a-z]*", instance_type)
    family = letters[0] if letters else ""
    return next((quota for quota in VCPUS if family in quota.families), None)


def wanted(settings: Settings, previous: PreviousState, groups: int = 0) -> list[Quota]:
    """The quotas of which something more is taken than there is.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        groups: the most security groups that an interface would be in which is taken over.
    """
    machines, kept = settings.instance_types, _kept(settings, previous)
    new = {vcpu_quota(kind) for name, kind in machines.items() if name not in kept}
    addresses = [ADDRESSES] if machines.keys() - previous.addresses.keys() else []
    rules = [RULES] if _rules(settings) > _RULES_OF_ALL else []
    in_groups = [GROUPS] if groups > _GROUPS_OF_ALL else []
    return [*in_groups, *rules, *addresses, *(quota for quota in VCPUS if quota in new)]


def find_mistakes(
    settings: Settings,
    previous: PreviousState,
    types: Mapping[str, InstanceType | None],
    account: Account,
    groups: Mapping[str, int] = MappingProxyType({}),
) -> list[Mistake]:
    """What is wanted in excess of a quota.

    Args:
        settings: what is wanted.
        previous: what is deployed.
        types: the wanted instance types by name, None where AWS has no such type.
        account: what AWS says.
        groups: in how many security groups each interface would be that is taken over, by machine.
    """
    demands = [
        demand
        for demand in (
            *_vcpu_demands(settings, previous, types),
            _addresses(settings, previous, account),
        )
        if demand and demand.total > account.holds.get(demand.quota.code, demand.total)
    ]
    rules, rules_held = _rules(settings), account.holds.get(RULES.code)
    too_many = [] if rules_held is None or rules <= rules_held else [_too_many(rules, account)]
    fits = min((_fits(settings, demand, account) for demand in demands), default=0)
    held = account.holds.get(GROUPS.code, max(groups.values(), default=0))
    crowded = [_crowded(name, many, account) for name, many in groups.items() if many > held]
    return [*crowded, *too_many, *(_mistake(settings, demand, account, fits) for demand in demands)]


def increase_command(quota: Quota, region: str, wanted: int) -> str:
    """What asks AWS for a higher quota."""
    return (
        f"aws service-quotas request-service-quota-increase --region {region} "
        f"--service-code {quota.service} --quota-code {quota.code} --desired-value {wanted}"
    )


def _rules(settings: Settings) -> int:
    """The most inbound rules of one IP version in a security group.

    Source: Amazon VPC guide, "Amazon VPC quotas": one that names a group counts in both.
    """
    roles = [settings.main_role, *([NODE] if settings.node_numbers else [])]
    return max(
        sum(not rule.cidr or (":" in rule.cidr) is is_v6 for rule in inbound(role.ports, settings))
        for role in roles
        for is_v6 in (False, True)
    )


def _too_many(rules: int, account: Account) -> Mistake:
    problem = (
        f"makes {rules} rules in one security group, but the quota {RULES.code} "
        f"({RULES.name}) holds {account.holds[RULES.code]} in {account.region}; name "
        "fewer, larger networks"
    )
    return Mistake("sshCidrs", problem, increase_command(RULES, account.region, rules))


def _crowded(name: str, groups: int, account: Account) -> Mistake:
    place = node_number(name) or 0
    problem = (
        f"the interface of hosts[{place}] would be in {groups} security groups, with "
        f"two of the stack's, but the quota {GROUPS.code} ({GROUPS.name}) holds "
        f"{account.holds[GROUPS.code]} in {account.region}; take it out of some"
    )
    return Mistake("hosts", problem, increase_command(GROUPS, account.region, groups))


def _kept(settings: Settings, previous: PreviousState) -> set[str]:
    """The names of the wanted machines that are there with their types."""
    return {
        name
        for name, kind in settings.instance_types.items()
        if previous.instance_types.get(name) == kind
    }


def _vcpu_demands(
    settings: Settings, previous: PreviousState, types: Mapping[str, InstanceType | None]
) -> list[_Demand]:
    """The vCPUs wanted, for each quota under which a machine has to start."""
    kept = _kept(settings, previous)
    demands = []
    for quota in VCPUS:
        taken = {
            name: found.cpus
            for name, kind in settings.instance_types.items()
            if (found := types.get(kind)) and vcpu_quota(kind) == quota
        }
        total = sum(taken.values())
        if taken.keys() - kept:
            nodes = taken.keys() - {settings.main_role.name}
            each = taken[min(nodes)] if nodes else 0
            demands.append(_Demand(quota, total, each, len(nodes & kept), f"{total} vCPUs"))
    return demands


def _addresses(settings: Settings, previous: PreviousState, account: Account) -> _Demand | None:
    """The Elastic IPs that there would be at a time; None when no more are needed.

    Those of nodes that leave count: the engine makes new things first. One that carries the stack's
    tags and isn't in its state is left from an update that was killed, and may be used again.
    """
    names = settings.instance_types.keys()
    kept = names & previous.addresses.keys()
    unclaimed = account.own_addresses - set(previous.addresses.values())
    new = len(names) - len(kept) - len(unclaimed)
    if new <= 0:
        return None
    own = len(account.own_addresses) + new
    text = f"{own} Elastic IPs"
    if leaving := own - len(names):
        text += f" ({leaving} for leaving nodes, until they have drained)"
    if account.other_addresses:
        text += f" beside {account.other_addresses} others in the account"
    total = own + account.other_addresses
    nodes = len(kept - {settings.main_role.name})
    each = int(bool(names - {settings.main_role.name}))
    return _Demand(ADDRESSES, total, each, nodes, text)


def _fits(settings: Settings, demand: _Demand, account: Account) -> int:
    """How many nodes the quota has room for; never fewer than there are."""
    if not demand.each:
        return settings.node_count
    excess = demand.total - account.holds[demand.quota.code]
    return max(settings.node_count + -excess // demand.each, demand.previous)


def _mistake(settings: Settings, demand: _Demand, account: Account, fits: int) -> Mistake:
    quota, main = demand.quota, settings.main_role.name
    holds = account.holds[quota.code]
    fewer: int | None = fits if 1 <= fits < settings.node_count else None
    if not demand.each:
        (key, found), takes = settings.main_instance_type, f"the {main} takes"
    elif settings.standby_nodes:
        # Nodes carry calls: where standbys are too many, it isn't nodes that should be fewer.
        key, found = "standbyNodes", str(settings.standby_nodes)
        takes = f"{main}, nodes and standbys take"
        standbys = settings.standby_nodes + (holds - demand.total) // demand.each
        fewer = standbys if standbys >= 0 else None
    else:
        key, found, takes = "nodeCount", str(settings.node_count), f"{main} and nodes take"
    problem = (
        f"is {found}: {takes} {demand.text}, and the quota {quota.code} ({quota.name}) "
        f"holds {holds} in {account.region}"
    )
    command = increase_command(quota, account.region, demand.total)
    if fewer is not None:
        command = f"{set_command(key, str(fewer))}\n      or: {command}"
    return Mistake(key, problem, command)
