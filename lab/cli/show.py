"""How a lab's status looks in a terminal; plain where it's piped."""

from __future__ import annotations

import json

from rich.console import Console

from lab.status import Status
from scripts.display import table_console, table_of

_out = Console()
_COLOURS = {"UP": "green", "UNSTABLE": "yellow", "DOWN": "red"}


def health(found: Status) -> None:
    """Print the cluster's health as the page shows it."""
    _out.print_json(json.dumps(found.health))


def status(found: Status) -> None:
    """Print the machines, the load balancer and the health."""
    _out.print(f"OpenVidu: {found.state or 'no answer'}", style=_COLOURS.get(found.state, "red"))
    nodes = found.health.get("nodes", {})
    table = table_of("machine", "private IP", "public IP", "running", "health", "load balancer")
    for name, host in found.hosts.items():
        private = host.private_ip or ""
        serves = "yes" if private in found.node_ips else "no"
        listed = nodes.get(f"master_{private}", {}).get("status", "")
        running = "yes" if host.running else "no"
        balanced = serves if name.startswith("node-") else ""
        table.add_row(name, private, host.public_ip or "", running, listed, balanced)
    table_console().print(table)
    for key, value in found.outputs.items():
        if isinstance(value, str):
            _out.print(f"{key}: {value}", highlight=False, soft_wrap=True)
