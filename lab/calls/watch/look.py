"""One look at a lab's cluster, through the lab's control API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from lab.calls.watch.sight import Machine, Node, Sight
from lab.cloud.control.client import ControlClient, ControlError
from lab.cloud.control.models import Host
from lab.openvidu.docker import containers
from membership.registry import CLUSTER_FILE
from openvidu import api, environment, ports, release

_SCRIPT = Path(__file__).with_name("look.sh").read_text()
_GOING = ("shutting-down", "terminated")
_SECONDS = 10.0
_AT_BASE = f"http://127.0.0.1:{ports.API}"
_NODES_PORT = ports.REPLICATION_MANAGER
_SHORT_NAME = re.compile(r"(base|bastion|node-\d+)$")
_LISTED = re.compile(rf"^\s*server\s+([0-9.]+):{ports.REPLICATION_MANAGER}\b", re.MULTILINE)


def look(control: ControlClient) -> Sight:
    """See what can be seen now.

    Raises:
        ControlError: the lab doesn't answer.
    """
    hosts = [host for host in control.hosts() if host.state not in _GOING]
    machines = {
        host.instance_id: Machine(found[0], host.private_ip, host.running)
        for host in hosts
        if (found := _SHORT_NAME.search(host.name))
    }
    running = [host for host in hosts if host.running]
    if bases := [host for host in running if host.name.endswith("base")]:
        upstream, pid, listed = _ask(control, bases[-1], f"{release.BASE.folder}/.env", _AT_BASE)
        proxy = int(pid.split()[0] if pid else 0)
        return Sight(machines, _nodes(listed), _addresses(upstream), proxy)
    if bastions := [host for host in running if host.name.endswith("bastion")]:
        targets = tuple(ip for found in control.targets().values() for ip in found)
        return Sight(machines, _nodes(_ask_nodes(control, bastions[-1], targets)), targets)
    return Sight(machines)


def _ask_nodes(control: ControlClient, bastion: Host, ips: Iterable[str]) -> str:
    """What the first node answers that does."""
    for ip in ips:
        *_, listed = _ask(control, bastion, str(CLUSTER_FILE), f"http://{ip}:{_NODES_PORT}")
        if listed:
            return listed
    return ""


def _ask(control: ControlClient, host: Host, env: str, way: str) -> tuple[str, str, str]:
    words = (str(containers.FOLDER), env, f"{way}{api.MEDIA_NODES}", api.USER)
    try:
        # By standard input: whoever looks at the base's processes sees one short line.
        done = control.exec(
            host.instance_id, ["sh", "-s", "--", *words], stdin=_SCRIPT, timeout=_SECONDS
        )
    except ControlError:
        # It went down in between.
        return "", "", ""
    upstream, pid, listed = [*done.stdout.split("=\n", 2), "", ""][:3]
    return upstream, pid.strip(), listed


def _addresses(text: str) -> tuple[str, ...] | None:
    if not text.rstrip().endswith("}"):
        return None
    return tuple(ip for ip in _LISTED.findall(text) if ip != environment.NO_NODES)


def _nodes(text: str) -> dict[str, Node] | None:
    try:
        return {
            node["ip"]: Node(node["id"], node["status"]) for node in json.loads(text)["content"]
        }
    except (ValueError, KeyError, TypeError):
        return None
