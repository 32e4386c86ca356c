"""Whether machines can be reached from here: by operators, and by browsers.

Source: page, "Other problems or errors": each node needs a public IP that browsers reach, and port
443 open for TCP and UDP.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

from components import ssh_way
from openvidu import ports
from openvidu.roles import BASTION, NODE
from scripts import fullness
from scripts.checks.finding import Finding, Result
from scripts.cluster_status import parse_usage
from scripts.fullness import Store
from scripts.pulumi_cli import PulumiError
from scripts.stack_machines import Machine

_SECONDS = 5.0
_SSH_SECONDS = 20.0
_STUN_TRIES = 3
_COOKIE = b"\x21\x12\xa4\x42"
_STORE_CHECKS = {
    "Elasticsearch": "cluster health",
    "Redis": "Redis's memory",
    "MinIO": "MinIO's space",
}
_BINDING_SUCCESS = b"\x01\x01"
_WORKERS = 16


def reachable(there: Mapping[str, Machine], https_port: int) -> list[Finding]:
    """Try SSH to every machine, and what browsers connect to.

    Args:
        there: machines by name.
        https_port: where users come in.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        lets_in = pool.map(_ssh, there.values())
        looks: list[Future[Finding]] = []
        for machine in there.values():
            if machine.role is NODE:
                looks.append(pool.submit(tcp, machine, ports.TURN))
                looks.append(pool.submit(udp, machine, ports.TURN))
            elif machine.role is not BASTION:
                looks.append(pool.submit(tcp, machine, https_port))
        return [*chain.from_iterable(lets_in), *(look.result() for look in looks)]


def _ssh(machine: Machine) -> list[Finding]:
    """Whether it lets in; and if so, whether its disks have room."""
    try:
        told = machine.ask("usage", _SSH_SECONDS)
    except PulumiError as error:
        further = "sshCidrs contains your address"
        if ssh_way.from_text(machine.variables.get("NODE_SSH_WAY", "")).ssm:
            further = "its agent is registered (aws ssm describe-instance-information)"
        following = f"{_way_back(machine)}; and that {further}"
        return [Finding("SSH", machine.name, Result.FAILED, str(error), following)]
    lets_in = Finding("SSH", machine.name, Result.OK, f"{machine.host} lets in")
    return [lets_in, *disks(machine.name, told), *containers(machine.name, told), *_stores(machine)]


def containers(name: str, told: str) -> list[Finding]:
    """Whether a machine's containers stay up.

    Args:
        name: the machine's.
        told: its usage.
    """
    usage = parse_usage(told)
    if usage is None:
        return []
    found = []
    for problem in usage.ailing(name):
        result = Result.WARNING if usage.containers is None else Result.FAILED
        found.append(Finding("containers", name, result, problem.said, problem.next))
    if found:
        return found
    said = "; ".join(map(str, usage.containers or ())) or "none was restarted"
    return [Finding("containers", name, Result.OK, said)]


def _stores(machine: Machine) -> list[Finding]:
    """How full the services of base or master are; elsewhere they are AWS's, or somebody's own."""
    if machine.role is NODE or machine.role is BASTION:
        return []
    try:
        told = machine.ask("stores", _SSH_SECONDS)
    except PulumiError as error:
        told = str(error)
    return stores(machine.name, fullness.parse(told, machine.name, machine.role))


def stores(name: str, found: Sequence[Store]) -> list[Finding]:
    """What is to be said of each; what isn't known isn't well, and hasn't failed.

    Args:
        name: of the machine that they are on.
        found: how they are.
    """
    return [
        Finding(
            _STORE_CHECKS.get(one.name, one.name),
            name,
            Result.WARNING if not one.is_known else Result.FAILED if one.problem else Result.OK,
            one.problem or one.said,
            one.next,
        )
        for one in found
    ]


def disks(name: str, told: str) -> list[Finding]:
    """Whether a machine's disks have room.

    Args:
        name: the machine's.
        told: its usage.
    """
    usage = parse_usage(told)
    if usage is None or not usage.disks:
        return []
    said = ", ".join(f"{place} {percent} %" for place, percent in usage.disks.items())
    if not (full := usage.full(name)):
        return [Finding("disks", name, Result.OK, f"in use: {said}")]
    return [Finding("disks", name, Result.FAILED, full[0].said, full[0].next)]


def tcp(machine: Machine, port: int) -> Finding:
    """Whether a machine accepts connections."""
    check = f"port {port}/tcp"
    try:
        socket.create_connection((machine.host, port), _SECONDS).close()
    except OSError as error:
        return _shut(machine, check, error)
    return Finding(check, machine.name, Result.OK, f"{machine.host} accepts connections")


def udp(machine: Machine, port: int) -> Finding:
    """Whether coturn answers, as it does browsers. Source: RFC 8489, sections 5 and 6.2.1."""
    check, transaction = f"port {port}/udp", os.urandom(12)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(_SECONDS / _STUN_TRIES)
        for _ in range(_STUN_TRIES):
            try:
                asking.connect((machine.host, port))
                asking.send(b"\x00\x01\x00\x00" + _COOKIE + transaction)
                answer = asking.recv(2048)
            except OSError as error:
                last = error
                continue
            if answer[:2] == _BINDING_SUCCESS and answer[4:20] == _COOKIE + transaction:
                return Finding(check, machine.name, Result.OK, f"{machine.host} answers to STUN")
            last = OSError("it answers something that is no STUN")
    return _shut(machine, check, last)


def _shut(machine: Machine, check: str, error: OSError) -> Finding:
    if isinstance(error, ConnectionRefusedError):
        problem = (
            f"{machine.host} refuses connections: OpenVidu on {machine.name} doesn't "
            "listen there, or a firewall rejects them"
        )
        following = f"uv run openvidu-enterprise repair {machine.name}"
        if machine.role is NODE:
            following += "; if its drain was interrupted: pulumi up, which finishes it"
        return Finding(check, machine.name, Result.FAILED, problem, following)
    if machine.role is NODE:
        problem = (
            f"{machine.host} can't be reached: {error}. Browsers need a public IP that "
            "leads there, and port 443 open for TCP and UDP; otherwise users need a TURN "
            "server (turnServer)"
        )
    else:
        problem = f"{machine.host} can't be reached: {error}. Users come in there"
    return Finding(check, machine.name, Result.FAILED, problem, _way_back(machine))


def _way_back(machine: Machine) -> str:
    """What says why a machine can't be reached, and puts it right."""
    return (
        f"uv run openvidu-enterprise repair {machine.name}; on a machine of your own also: "
        f"its firewall, and that {machine.host} leads there"
    )
