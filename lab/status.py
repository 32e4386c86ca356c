"""What a lab looks like now: the cluster's health, the load balancer, the machines.

The shape of `Status.as_json` is a contract: scripts read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.cloud.control.models import Host
from lab.errors import LabError
from lab.stack import Stack
from membership.registry import CLUSTER_FILE
from openvidu import api, environment, ports, release
from openvidu.roles import BASTION, Role, role_of

_NAME = re.compile(r"(base|master|bastion|node-\d+)$")
_LOOKS = 3
"""The load balancer may ask a node that hangs, for longer than is waited here; then another."""
_UPSTREAM = re.compile(rf"server\s+([0-9.]+):{ports.REPLICATION_MANAGER}\b")


@dataclass(frozen=True)
class Status:
    """One look at a lab.

    Attributes:
        health: answer of the deployment's health endpoint; empty when there is none.
        node_ips: the addresses that the load balancer serves, in order.
        hosts: the machines by name, `base`, `master` or `bastion`, `node-1`, …
        outputs: the stack's outputs.
    """

    health: dict[str, Any]
    node_ips: list[str]
    hosts: dict[str, Host]
    outputs: dict[str, Any]

    @property
    def state(self) -> str:
        """The health in a word; empty when there is no answer.

        A cluster says `clusterStatus`, a single master `status` (REST reference, health).
        """
        return str(self.health.get("clusterStatus") or self.health.get("status") or "")

    def as_json(self) -> dict[str, Any]:
        """The status as `lab status --json` prints it."""
        return {
            "health": self.health,
            "loadBalancer": {"nodeIps": self.node_ips},
            "hosts": {
                name: {
                    "privateIp": host.private_ip,
                    "publicIp": host.public_ip,
                    "running": host.running,
                }
                for name, host in self.hosts.items()
            },
            "outputs": self.outputs,
        }


def hosts_by_name(stack: Stack) -> dict[str, Host]:
    """The lab's machines by their short name, base or master first."""
    found = {
        match.group(0): host
        for host in stack.supervisor.control.hosts()
        if host.state != "terminated" and (match := _NAME.search(host.name))
    }
    return dict(
        sorted(
            found.items(),
            key=lambda item: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", item[0])],
        )
    )


def host_called(stack: Stack, name: str) -> Host:
    """The machine called `name`.

    Raises:
        LabError: there is none; names those that are there.
    """
    hosts = hosts_by_name(stack)
    if name not in hosts:
        there = ", ".join(hosts) or "none"
        raise LabError(f"no machine is called {name!r}; there are: {there}. See: uv run lab status")
    return hosts[name]


def look(stack: Stack) -> Status:
    """Ask the cluster, the load balancer and the machines."""
    hosts = hosts_by_name(stack)
    mains = ("base", "master", BASTION.name)
    main = next((name for name in mains if name in hosts and hosts[name].running), "")
    if main == BASTION.name:
        targets = [ip for found in stack.supervisor.control.targets().values() for ip in found]
        health, node_ips = _health_at_nodes(stack, hosts[main], targets), _in_order(targets)
    else:
        health = health_of(stack, hosts[main], role_of(main)) if main else {}
        node_ips = _served(stack, hosts[main]) if main == "base" else []
    return Status(
        health=health,
        node_ips=node_ips,
        hosts=hosts,
        outputs=stack.outputs(),
    )


def health_of(stack: Stack, host: Host, role: Role) -> dict[str, Any]:
    """The health as the page shows it, asked on the machine that users connect to."""
    url = f"http://127.0.0.1:{ports.API}{api.HEALTH}"
    return _ask_health(stack, host, f"{role.product.folder}/.env", url)


def _health_at_nodes(stack: Stack, bastion: Host, ips: Sequence[str]) -> dict[str, Any]:
    """The same, asked at the first node that answers."""
    for ip in ips:
        url = f"http://{ip}:{ports.REPLICATION_MANAGER}{api.HEALTH}"
        if found := _ask_health(stack, bastion, str(CLUSTER_FILE), url):
            return found
    return {}


def _ask_health(stack: Stack, host: Host, env: str, url: str) -> dict[str, Any]:
    text = stack.supervisor.control.exec(host.instance_id, ["cat", env]).stdout
    secret = environment.parse(text).get(environment.OPENVIDU_SECRET, "")
    # curl reads the login from its standard input, so that it's in no process list.
    command = ["curl", "--silent", "--max-time", "10", "--config", "-", url]
    login = f'user = "{api.USER}:{secret}"\n'
    for _ in range(_LOOKS):
        answer = stack.supervisor.control.exec(host.instance_id, command, stdin=login).stdout
        if answer:
            break
    try:
        found: dict[str, Any] = json.loads(answer)
    except json.JSONDecodeError:
        return {}
    return found


def _served(stack: Stack, base: Host) -> list[str]:
    """The addresses in the configuration that nginx on the base runs with."""
    shown = stack.supervisor.control.exec(
        base.instance_id,
        ["sh", "-c", f"cd {release.BASE.folder} && docker compose exec -T loadbalancer nginx -T"],
    ).stdout
    served = set(_UPSTREAM.findall(shown)) - {environment.NO_NODES}
    return _in_order(served)


def _in_order(ips: Iterable[str]) -> list[str]:
    return sorted(ips, key=lambda ip: [int(part) for part in ip.split(".")])
