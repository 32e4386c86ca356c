"""Why a cluster that somebody made by hand can't be taken over: all of it at once. Pure.

Source: page, "Installing Base Services", "Installing OpenVidu Enterprise Nodes", "Scale Up".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from openvidu import api, environment, release
from scripts.adopting.found_cluster import FoundCluster
from scripts.adopting.found_machine import FoundMachine

_NODE_IPS = environment.NODE_IPS
_ENV = f"{release.BASE.folder}/.env"


def of_machines(machines: Sequence[FoundMachine]) -> list[str]:
    """What is wrong with the machines, each for itself and in their versions; the base is first."""
    found = [problem for one in machines for problem in _of_machine(one)]
    versions = defaultdict(list)
    for one in machines:
        if one.version:
            versions[one.version].append(one.place.name)
    if len(versions) > 1:
        told = "; ".join(f"{version} on {', '.join(names)}" for version, names in versions.items())
        found.append(f"mixed versions: {told}. All must have one: upgrade the others")
    return found


def of_cluster(cluster: FoundCluster) -> list[str]:
    """What is wrong with the cluster as a whole, where each machine is right."""
    return [*_addresses(cluster), *_health(cluster), *_bucket(cluster)]


def _of_machine(one: FoundMachine) -> list[str]:
    name = f"{one.place.name} ({one.place.address})"
    wanted = "base" if one.place.name == "base" else "node"
    if not one.edition:
        folder = (release.BASE if wanted == "base" else release.NODE).folder
        return [f"{name}: no OpenVidu is installed in {folder}; what is taken over has to run"]
    if one.edition != wanted:
        what = {"base": "base services", "node": "a node of OpenVidu Enterprise HA"}
        found = what.get(one.edition, one.edition)
        return [f"{name}: must have {what[wanted]}, got {found} in {', '.join(one.folders)}"]
    problems = []
    if not release.VERSION_PATTERN.fullmatch(one.version):
        problems.append(f"must have a version from 2.28.0 on, got {one.version or 'none'}")
    if not one.running:
        problems.append("OpenVidu doesn't run there; start it, or leave this machine out")
    if one.owner:
        problems.append(f"belongs to the stack {one.owner}, which has noted so there")
    twice = [key for key, count in _names(one.env_text).items() if count > 1]
    if twice:
        problems.append(f"{', '.join(twice)} is in its .env twice; OpenVidu's scripts read both")
    own = one.env.get(environment.NODE_PRIVATE_IP)
    if wanted == "node" and own not in one.addresses:
        problems.append(
            f"its .env has {environment.NODE_PRIVATE_IP}={own or ''}, and its own addresses are "
            f"{', '.join(one.addresses)}"
        )
    return [f"{name}: {problem}" for problem in problems]


def _names(env: str) -> Counter[str]:
    lines = (line for line in env.splitlines() if "=" in line and not line.startswith("#"))
    return Counter(line.split("=", 1)[0] for line in lines)


def _addresses(cluster: FoundCluster) -> list[str]:
    """The load balancer's list has to be the nodes that were named, no more and no fewer."""
    listed = environment.node_ips(cluster.base.env_text)
    own = {one.private_ip: one.place.name for one in cluster.nodes}
    found = [
        f"base: {_NODE_IPS} in {_ENV} lists {ip}, and no machine that you have named has it; "
        "name that node too, or take it out of the list (./base-services update-loadbalancer)"
        for ip in listed
        if ip not in own
    ]
    found += [
        f"{name}: {ip} isn't in {_NODE_IPS} of {_ENV}: no call is led there; "
        "add it (./base-services update-loadbalancer), or leave this machine out"
        for ip, name in own.items()
        if ip not in listed
    ]
    if len(own) < len(cluster.nodes):
        found.append("two of the machines that you have named have the same private address")
    return found


def _health(cluster: FoundCluster) -> list[str]:
    answers = cluster.answers
    if not answers.status:
        return [f"base: the cluster doesn't say how it is: {answers.why_no_health or 'no answer'}"]
    own = {one.private_ip: one.place.name for one in cluster.nodes}
    found = []
    if answers.status != api.CLUSTER_UP:
        found.append(f"the cluster must be UP, and says that it's {answers.status}")
    for ip, name in own.items():
        if ip not in answers.up:
            state = "not as UP" if ip in answers.listed else "not at all"
            found.append(f"{name}: the cluster lists {ip} {state}")
    found += [
        f"the cluster lists {ip}, and no machine that you have named has it; name that node too"
        for ip in sorted(answers.listed - own.keys())
    ]
    return found


def _bucket(cluster: FoundCluster) -> list[str]:
    if cluster.answers.bucket_text:
        return []
    name = cluster.base.env.get(environment.S3_BUCKET, "")
    why = cluster.answers.why_no_bucket or "it's empty"
    return [f"base: the nodes' configuration can't be read in the bucket {name!r}: {why}"]
