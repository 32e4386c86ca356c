"""What the stack's last deployment left in its state, read before anything is registered."""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

import pulumi
from tenacity import retry, retry_if_exception_message, stop_after_attempt, wait_fixed

from components import resource_names, ssh_way
from components.existing.hosts import Host
from components.resource_names import ResourceName, logical_name, node_number, parse
from components.settings import network_parts
from components.ssh_way import SshWay
from openvidu.roles import BASTION

_WAITS = ("quiet", "hold", "membership", "roused")
"""What waits for a machine's calls before AWS stops or removes it, or came with that; or says that
it's a standby, which has none."""
_RECORD = re.compile(r"(?:base|load-balancer)-record")
_SUBNET = re.compile(r"subnet(?:-([1-9][0-9]*))?")
_NETWORK = "openvidu-enterprise:index:Network"
_ENTRANCE = re.compile(r"https?|.*-https?-from-world-ipv[46]")
_ENCRYPTED = ("redis", "bucket-encryption")
_SERVICES = {
    "redis": ("redis", "primaryEndpointAddress"),
    "bucket": ("openvidu-bucket", "id"),
    "access_key": ("bucket-user-key", "id"),
    "secret_key": ("bucket-user-key", "secret"),
    "search": ("search", "endpoint"),
}
"""By field of `endpoints.MadeServices`."""
_NODE = {
    "name": "NODE_NAME",
    "ip": "NODE_IP",
    "identity": "NODE_IDENTITY",
    "host": "NODE_HOST",
    "hostKey": "NODE_HOST_KEY",
    "instance": "NODE_INSTANCE",
    "sshWay": "NODE_SSH_WAY",
}
_Outputs = Mapping[str, Mapping[str, Any]]
_HALF_WRITTEN = "(?s).*failed to load checkpoint: EOF"
_READS, _PAUSE_SECONDS = 5, 0.2
THIS_UPDATE = uuid.uuid4().hex
"""Tells this run of the program from each other one."""


@dataclass(frozen=True)
class Attempt:
    """A version of OpenVidu, or a configuration, that a machine was to get.

    Attributes:
        version: as the configuration said it; of a configuration its digest.
        number: counts the attempts on this machine.
    """

    version: str
    number: int


@dataclass(frozen=True)
class PreviousState:
    """What is there already.

    Attributes:
        base_host: public address of base, master or bastion; None when there's none yet.
        base_host_key: its public SSH host key; None when it isn't known yet.
        generations: of each node that has joined, by number: how often it was brought into
            service.
        instance_types: EC2 types of the machines by name, as `base`, `master` or `node-1`.
        kept_types: those of the machines that keep theirs in the next update, likewise: what waits
            for their calls isn't in the state yet, as after an import.
        addresses: allocation ids of Elastic IPs, likewise.
        instances: ARNs of the machines that AWS has made, likewise.
        owners_instances: of those that their owner made, and the stack has taken over.
        imported: AWS's ids of what others made there and the stack has taken over.
        hosts: the machines that existed before, by name.
        identities: which machine each of these is, as its resource has noted it; an earlier release
            noted none.
        configuration: digest of the configuration that the nodes share; None before it was set.
        tried: the version that a machine was to get last, by its name.
        cut: the machines whose calls were to be cut for that version, where they didn't end.
        done: the one that it has got, by its name; it isn't there before the first.
        main_configuration: digest of the base's own, or of the master's; None likewise.
        left_with_configuration: private addresses of the nodes that left when it was changed last.
        configuration_generation: how often the nodes' configuration was compared; 0 when never.
        quiet_for: the configuration for which calls were waited for last, by machine.
        runs_with: the one with which it was then started, likewise.
        present_type: EC2 type that AWS has for the base or master; empty where it isn't known.
        stops: how often AWS stopped the base, or the master, with services on it.
        network: CIDR of the cluster's network on AWS; None where there's none.
        vpc_id: the VPC of others that machines are in; None where there's none, or one of our own.
        subnet_ids: the subnets of others that machines are in, in turn; empty likewise.
        private_ips: private addresses of the machines on AWS, by name.
        member_ips: those of the nodes that have joined, by number.
        main_private_ip: address of base, master or bastion in there; None likewise.
        zone_count: in how many availability zones nodes have a subnet there.
        divided_for: for how many of them that network was divided; 0 where it wasn't.
        volume_sizes: GiB of the volumes with data and of root volumes, by resource.
        data_snapshots: the snapshot that a volume with data began with, by the resource; empty
            where it began without one.
        records: the names of DNS records, in lowercase.
        zones: availability zones by their place, from 0: of the machines' subnets, or of the data
            where a subnet isn't there.
        volume_keys: ARNs of the KMS keys of these volumes, likewise.
        service_keys: of the services that have one which was configured.
        kms_key: ARN of the key that was configured when it was deployed; None where none was: of
            volumes AWS tells its own key as well.
        plain_data: the volumes with data that aren't encrypted, as imported ones may be.
        bucket: the name of the bucket that the stack has made; None where it has none.
        waits: seconds that new nodes' installs waited before they pulled images, by number; without
            those that didn't.
        entrances: ports of what lets users in, by resources whose names don't say the port.
        nodes: the nodes that have joined, as `membership.known_nodes` reads them.
        nodes_at_quiet: those for which calls were waited for last, by machine; as text.
        quiet_in: the update that waited for calls last, likewise.
        services: what AWS said of the services that the stack has made, as
            `endpoints.MadeServices` has it, without what it doesn't say.
        way: how SSH got to base, master or bastion; None when it isn't known yet.
        held: numbers of the nodes to which somebody may be led: they have joined, or may have.
        woken: of those whose machine stops when they leave (`aws.power.awake`).
        starts: how often each of these was started once more, by number.
        standbys: of the machines that are standbys.
    """

    base_host: str | None = None
    base_host_key: str | None = None
    generations: Mapping[int, int] = field(default_factory=dict)
    instance_types: Mapping[str, str] = field(default_factory=dict)
    kept_types: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[str, str] = field(default_factory=dict)
    owners_instances: Mapping[str, str] = field(default_factory=dict)
    imported: Collection[str] = frozenset()
    hosts: Mapping[str, Host] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    configuration: str | None = None
    main_configuration: str | None = None
    tried: Mapping[str, Attempt] = field(default_factory=dict)
    cut: Collection[str] = ()
    done: Mapping[str, Attempt] = field(default_factory=dict)
    left_with_configuration: str = ""
    configuration_generation: int = 0
    quiet_for: Mapping[str, Attempt] = field(default_factory=dict)
    runs_with: Mapping[str, Attempt] = field(default_factory=dict)
    present_type: str = ""
    stops: int = 0
    network: str | None = None
    vpc_id: str | None = None
    subnet_ids: tuple[str, ...] = ()
    private_ips: Mapping[str, str] = field(default_factory=dict)
    member_ips: Mapping[int, str] = field(default_factory=dict)
    main_private_ip: str | None = None
    zone_count: int = 0
    divided_for: int = 0
    volume_sizes: Mapping[str, int] = field(default_factory=dict)
    data_snapshots: Mapping[str, str] = field(default_factory=dict)
    records: Collection[str] = ()
    zones: Mapping[int, str] = field(default_factory=dict)
    volume_keys: Mapping[str, str] = field(default_factory=dict)
    service_keys: Mapping[str, str] = field(default_factory=dict)
    kms_key: str | None = None
    plain_data: Sequence[str] = ()
    bucket: str | None = None
    waits: Mapping[int, int] = field(default_factory=dict)
    entrances: Mapping[str, int] = field(default_factory=dict)
    nodes: Sequence[Mapping[str, str]] = ()
    nodes_at_quiet: Mapping[str, str] = field(default_factory=dict)
    quiet_in: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict, repr=False)
    way: SshWay | None = None
    held: Collection[int] = frozenset()
    woken: Collection[int] = frozenset()
    starts: Mapping[int, int] = field(default_factory=dict)
    standbys: Collection[int] = frozenset()

    def zone_room(self, network: IPv4Network) -> int:
        """For how many zones the stack's network is divided; 0 where it's another one, or none."""
        return self.divided_for if self.network == str(network) else 0

    @property
    def told_nodes(self) -> Mapping[str, str]:
        """The nodes as a variable for the base, which may have been made anew and know none."""
        return {"NODES": json.dumps(self.nodes)} if self.nodes else {}

    def nodes_before_restart(self, machine: str, wanted: Attempt, host_key: str) -> str:
        """The nodes to look at before a machine, or what logs in there, restarts.

        That nodes came or went is no reason to wait, so without one they stay those of the last
        time; a machine that was made anew is told none then, as nothing restarts.

        Args:
            machine: its name.
            wanted: the configuration that it's to have.
            host_key: its SSH host key by now.
        """
        if self._restarts(machine, wanted):
            return self.told_nodes.get("NODES", "")
        is_same = host_key == self.base_host_key
        return self.nodes_at_quiet.get(machine, "") if is_same else ""

    def update_before_restart(self, machine: str, wanted: Attempt) -> str:
        """The update in which calls are waited for before a machine restarts, likewise.

        It's this one where something restarts, else that of the last time. So what the base has
        noted of an update that was killed, and that no state knows of, is true of no later one.

        Args:
            machine: its name.
            wanted: the configuration that it's to have.
        """
        return THIS_UPDATE if self._restarts(machine, wanted) else self.quiet_in.get(machine, "")

    def _restarts(self, machine: str, wanted: Attempt) -> bool:
        before = self.quiet_for.get(machine)
        return before is not None and wanted != before

    def configuration_attempt(self, machine: str) -> Mapping[str, str]:
        """What has calls waited for anew, where a machine didn't get as far as its start.

        Since then others may have begun. Until there is a second attempt it's nothing: what a base
        has noted by an earlier release stays true.
        """
        tried, done = self.quiet_for.get(machine), self.runs_with.get(machine)
        number = tried.number + (done is not None and tried != done) if tried else 1
        return {"CONFIGURATION_ATTEMPT": str(number)} if number > 1 else {}

    def once_named(self, name: str, port: int) -> pulumi.ResourceOptions:
        """Options of what lets users in at a port: earlier releases didn't name it by its port.

        AWS refuses the same once more beside it.
        """
        known = self.entrances.get(name) == port
        return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=name)] if known else None)


def deployed() -> PreviousState:
    """Read the state of this stack."""
    return from_outputs(read_outputs())


def read_outputs() -> Mapping[str, Mapping[str, Any]]:
    """The stack's resources by URN, each with `type` and `outputs`, as the last update left them.

    The engine's own function is asked, which reads the last state that was saved: pulumi,
    pkg/resource/deploy/builtins.go, `readStackResourceOutputs`. Where the state is a file, the
    engine may be about to replace it, and reads nothing then: it's asked again.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    ask = retry(
        retry=retry_if_exception_message(match=_HALF_WRITTEN),
        stop=stop_after_attempt(_READS),
        wait=wait_fixed(_PAUSE_SECONDS),
        reraise=True,
    )(pulumi.runtime.invoke)
    found = ask("pulumi:pulumi:readStackResourceOutputs", {"stackName": name}).value
    outputs: Mapping[str, Mapping[str, Any]] = (found or {}).get("outputs") or {}
    return outputs


def from_outputs(resources: Mapping[str, Mapping[str, Any]]) -> PreviousState:
    """What the outputs of a stack's resources say.

    Args:
        resources: `{"type", "outputs"}` by URN.
    """
    found = _Found.of(resources)
    state = PreviousState()
    for read in (_machines, _main, _nodes, _configurations, _network, _volumes, _services):
        state = read(state, found)
    return state


@dataclass(frozen=True)
class _Found:
    """The outputs of a stack's resources.

    Attributes:
        all: by the resource's name.
        network: what the component of the network has noted.
        parts: of what is called `MACHINE-PART`, by part and machine.
    """

    all: _Outputs
    network: Mapping[str, Any]
    parts: Mapping[str, _Outputs]

    @classmethod
    def of(cls, resources: Mapping[str, Mapping[str, Any]]) -> _Found:
        """Sort them."""
        outputs = {
            logical_name(urn): one.get("outputs") or {}
            for urn, one in resources.items()
            if not one.get("type", "").startswith("openvidu-enterprise:")
        }
        networks = [one for one in resources.values() if one.get("type") == _NETWORK]
        noted = next((one.get("outputs") or {} for one in networks), {})
        return cls(outputs, noted, _parts(outputs))

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        return self.all.get(name, {})

    @property
    def machines(self) -> _Outputs:
        """Of the machines themselves."""
        return self.parts[""]

    @property
    def names(self) -> Iterator[ResourceName]:
        """Of what belongs to machines."""
        return (ResourceName(machine, part) for part, of in self.parts.items() for machine in of)

    def nodes_with(self, part: str) -> frozenset[int]:
        """The numbers of the nodes that have such a part."""
        return frozenset(n for name in self.parts[part] if (n := node_number(name)))

    def variables(self, part: str) -> dict[str, dict[str, str]]:
        """The environment of each machine's command that is called so."""
        return {name: one.get("environment") or {} for name, one in self.parts[part].items()}


def _main(state: PreviousState, found: _Found) -> PreviousState:
    """What users, or operators, connect to."""
    mains = ("bastion", "master")
    main = next((one for one in mains if f"{one}-address" in found.all), "base")
    base = state.hosts.get("base")
    quiet = [of for name, of in found.variables("quiet").items() if name in ("base", *mains)]
    return replace(
        state,
        base_host=base.public_ip if base else found[f"{main}-address"].get("publicIp"),
        base_host_key=base.host_key if base else found[f"{main}-host-key"].get("stdout"),
        way=ssh_way.from_text(quiet[0].get("BASE_SSH_WAY", "")) if quiet else None,
        main_private_ip=found[main].get("privateIp"),
    )


def _machines(state: PreviousState, found: _Found) -> PreviousState:
    types = _property(found.machines, "instanceType")
    hosts = _hosts(found)
    owners = [one for name, one in found.all.items() if resource_names.is_owners(name)]
    return replace(
        state,
        instance_types=types,
        kept_types={
            name: type_
            for name, type_ in types.items()
            if name != BASTION.name and not any(name in found.parts[one] for one in _WAITS)
        },
        instances=_property(found.machines, "arn"),
        owners_instances=_property(found.parts[resource_names.OWNERS_INSTANCE], "arn"),
        imported=frozenset(one["id"] for one in owners if "id" in one),
        addresses=_property(found.parts["address"], "allocationId"),
        private_ips=_property(found.parts["interface"], "privateIp"),
        hosts=hosts,
        identities={
            name: of["MACHINE_IDENTITY"]
            for name, of in found.variables("").items()
            if name in hosts and "MACHINE_IDENTITY" in of
        },
        stops=sum(int(of["STOPS"]) for of in found.variables("stop").values()),
    )


def _hosts(found: _Found) -> dict[str, Host]:
    return {
        name: Host(
            of["NODE_HOST"],
            of["NODE_IP"],
            of["NODE_HOST_KEY"],
            ssh_way.from_text(of.get("NODE_SSH_WAY", "")),
        )
        for name, of in found.variables("").items()
        if "NODE_HOST" in of
    }


def _nodes(state: PreviousState, found: _Found) -> PreviousState:
    """Those that have joined."""
    memberships = found.variables("membership")
    numbers = {number: of for name, of in memberships.items() if (number := node_number(name))}
    return replace(
        state,
        generations={number: int(of.get("NODE_GENERATION", 0)) for number, of in numbers.items()},
        held=frozenset(numbers) | found.nodes_with("hold"),
        woken=frozenset(
            number
            for name, of in found.variables("awake").items()
            if (number := node_number(name)) and "STOPS" in of
        ),
        starts={
            number: int(of.get("STARTS", 0))
            for name, of in found.variables("awake").items()
            if (number := node_number(name))
        },
        standbys=frozenset(
            n for name in resource_names.standbys(found.names) if (n := node_number(name))
        ),
        member_ips={number: of["NODE_IP"] for number, of in numbers.items() if "NODE_IP" in of},
        nodes=tuple(
            {name: of.get(variable, "") for name, variable in _NODE.items()}
            for of in memberships.values()
            if "NODE_IP" in of
        ),
        waits={
            number: int(seconds)
            for name, of in found.variables("upgrade").items()
            if (number := node_number(name)) and (seconds := of.get("WAIT_SECONDS"))
        },
    )


def _configurations(state: PreviousState, found: _Found) -> PreviousState:
    """What runs on the machines, with what configuration, and what was tried."""
    memberships, versions = found.variables("membership"), found.variables("version")
    quiets, upgrades = found.variables("quiet"), found.variables("upgrade")
    shared = found["configuration"].get("environment") or {}
    own = [quiets[name] for name in ("base", "master") if name in quiets]
    return replace(
        state,
        main_configuration=next((of.get("CONFIGURATION") for of in own), None),
        tried=_attempts(upgrades, "OPENVIDU_VERSION", "UPGRADE_ATTEMPT"),
        cut=tuple(name for name, of in upgrades.items() if "UPGRADE_CUTS" in of),
        done=_attempts({**versions, **memberships}, "OPENVIDU_VERSION", "UPGRADE_ATTEMPT"),
        configuration=shared.get("CONFIGURATION"),
        left_with_configuration=shared.get("LEAVING", ""),
        configuration_generation=int(shared.get("CONFIGURATION_GENERATION", 0)),
        quiet_for=_attempts(quiets, "CONFIGURATION", "CONFIGURATION_ATTEMPT"),
        runs_with=_attempts(versions, "CONFIGURATION", "CONFIGURATION_ATTEMPT"),
        nodes_at_quiet={name: of.get("NODES", "") for name, of in quiets.items()},
        quiet_in={name: of.get("UPDATE", "") for name, of in quiets.items()},
    )


def _network(state: PreviousState, found: _Found) -> PreviousState:
    # A network of our own has a resource of its own, which says the same.
    of_others = {} if "vpc" in found.all else found.network
    return replace(
        state,
        network=found["vpc"].get("cidrBlock"),
        vpc_id=of_others.get("vpcId"),
        subnet_ids=tuple(of_others.get("subnetIds") or ()),
        zone_count=sum(_SUBNET.fullmatch(name) is not None for name in found.all),
        divided_for=_divided_for(found),
        zones=_zones(found.all, found.parts["data"]),
        records=tuple(
            one["fqdn"].lower()
            for name, one in found.all.items()
            if _RECORD.fullmatch(name) and "fqdn" in one
        ),
        entrances={
            name: int(port)
            for name, one in found.all.items()
            if _ENTRANCE.fullmatch(name)
            and (port := one.get("fromPort", one.get("port"))) is not None
        },
    )


def _divided_for(found: _Found) -> int:
    whole, part = found["vpc"].get("cidrBlock"), found["subnet-1"].get("cidrBlock")
    return network_parts.zones_of(whole, part) if whole and part else 0


def _volumes(state: PreviousState, found: _Found) -> PreviousState:
    """The volumes with data, and root volumes by their machine."""
    data = found.parts["data"]
    roots = {name: one.get("rootBlockDevice") or {} for name, one in found.machines.items()}
    volumes = {**roots, **{f"{name}-data": one for name, one in data.items()}}
    return replace(
        state,
        volume_sizes={
            name: int(size)
            for name, one in volumes.items()
            if (size := one.get("size", one.get("volumeSize"))) is not None
        },
        data_snapshots={f"{name}-data": one.get("snapshotId") or "" for name, one in data.items()},
        volume_keys=_property(volumes, "kmsKeyId"),
        plain_data=tuple(
            f"{name}-data" for name, one in data.items() if one.get("encrypted") is False
        ),
    )


def _services(state: PreviousState, found: _Found) -> PreviousState:
    """What AWS runs for the stack."""
    return replace(
        state,
        service_keys={name: key for name in _ENCRYPTED if (key := _key(found[name]))},
        kms_key=found.network.get("kmsKeyId"),
        bucket=found["openvidu-bucket"].get("bucket"),
        services={
            name: value
            for name, (resource, output) in _SERVICES.items()
            if isinstance(value := found[resource].get(output), str)
        },
    )


def _parts(outputs: _Outputs) -> Mapping[str, dict[str, Mapping[str, Any]]]:
    """The outputs of what is called `MACHINE-PART`, by part and machine."""
    parts: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for name, one in outputs.items():
        if found := parse(name):
            parts[found.part][found.machine] = one
    return parts


def _property(found: _Outputs, key: str) -> dict[str, Any]:
    return {name: one[key] for name, one in found.items() if one.get(key) is not None}


def _zones(outputs: _Outputs, data: _Outputs) -> Mapping[int, str]:
    zone = "availabilityZone"
    of_data = _property(data, zone).values()
    return dict(enumerate(of_data)) | {
        int(match[1] or 1) - 1: one[zone]
        for name, one in outputs.items()
        if (match := _SUBNET.fullmatch(name)) and zone in one
    }


def _key(found: Mapping[str, Any]) -> str | None:
    """The key of Redis, or of the bucket; neither tells AWS's own."""
    by = "applyServerSideEncryptionByDefault"
    rules = [one.get(by) or {} for one in found.get("rules") or ()]
    return found.get("kmsKeyId") or next((one.get("kmsMasterKeyId") for one in rules), None)


def _attempts(
    environments: Mapping[str, Mapping[str, str]], what: str, number: str
) -> Mapping[str, Attempt]:
    return {
        name: Attempt(of[what], int(of.get(number, 1)))
        for name, of in environments.items()
        if what in of
    }
