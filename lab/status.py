"""What a lab looks like now: the cluster's health, the load balancer, the machines.

The shape of `Status.as_json` is a contract: scripts read it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from lab.cloud import Host
from lab.errors import LabError
from lab.stack import Stack
from openvidu import api, environment, ports, release
from openvidu.roles import Role, role_of

_NAME = re.compile(r"(base|master|node-\d+)$")
_UPSTREAM = re.compile(rf"server\s+([0-9.]+):{ports.REPLICATION_MANAGER}\b")


@dataclass(frozen=True)
class Status:
    """One look at a lab.

    Attributes:
        health: answer of the deployment's health endpoint; empty when there is none.
        node_ips: the addresses that nginx serves, in order.
        hosts: the machines by name, `base` or `master`, `node-1`, …
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
    main = next((name for name in ("base", "master") if name in hosts and hosts[name].running), "")
    return Status(
        health=health_of(stack, hosts[main], role_of(main)) if main else {},
        node_ips=_served(stack, hosts[main]) if main == "base" else [],
        hosts=hosts,
        outputs=stack.outputs(),
    )


def health_of(stack: Stack, host: Host, role: Role) -> dict[str, Any]:
    """The health as the page shows it, asked on the machine that users connect to."""
    text = stack.supervisor.control.exec(
        host.instance_id, ["cat", f"{role.product.folder}/.env"]
    ).stdout
    secret = environment.parse(text).get(environment.OPENVIDU_SECRET, "")
    # curl reads the login from its standard input, so that it's in no process list.
    answer = stack.supervisor.control.exec(
        host.instance_id,
        [
            "curl",
            "--silent",
            "--max-time",
            "10",
            "--config",
            "-",
            f"http://127.0.0.1:{ports.API}{api.HEALTH}",
        ],
        stdin=f'user = "{api.USER}:{secret}"\n',
    ).stdout
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
    return sorted(served, key=lambda ip: [int(part) for part in ip.split(".")])
