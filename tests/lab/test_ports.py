"""Every port of the page's tables is open to whom it should be, and everything else is closed."""

from __future__ import annotations

import subprocess

import pytest

from openvidu.ports import BASE_PORTS, NODE_PORTS, PortRule, Source
from tests.lab.conftest import Lab

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("example")]

CLOSED = (21, 3306, 8080, 9001, 39999)
"""Ports that no table names; MinIO's console listens on 9001."""

PROBE = """
import socket, sys
for target in sys.argv[1:]:
    host, port = target.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
        seen = "open"
    except ConnectionRefusedError:
        seen = "open"
    except OSError:
        seen = "closed"
    print(target, seen)
"""


def tcp_ports(table: tuple[PortRule, ...]) -> dict[int, Source]:
    """Who may reach which TCP port; of a range, its two ends."""
    rules = [rule for rule in table if rule.protocol == "tcp"]
    return {port: rule.source for rule in rules for port in (rule.first, rule.last)}


def expected(table: tuple[PortRule, ...], allowed: set[Source]) -> dict[int, str]:
    ports = dict.fromkeys(CLOSED, "closed")
    return ports | {
        port: "open" if source in allowed else "closed" for port, source in tcp_ports(table).items()
    }


@pytest.mark.parametrize(
    ("host", "table"), [("base", BASE_PORTS), ("node-2", NODE_PORTS)], ids=["base", "node"]
)
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("operator", {Source.WORLD, Source.OPERATORS}),
        ("node-1", {Source.WORLD, Source.CLUSTER}),
        ("base", {Source.WORLD, Source.CLUSTER}),
    ],
)
def test_ports_are_open_as_documented(
    cluster: Lab, host: str, table: tuple[PortRule, ...], origin: str, allowed: set[Source]
) -> None:
    if origin == host:
        pytest.skip("a machine reaches itself")
    wanted = expected(table, allowed)
    address = cluster.json("status", "--json")["hosts"][host][
        "publicIp" if origin == "operator" else "privateIp"
    ]
    targets = [f"{address}:{port}" for port in wanted]
    if origin == "operator":
        printed = subprocess.run(
            cluster.supervisor.enter(["python3", "-c", PROBE, *targets]),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    else:
        printed = cluster.on(origin, f"python3 - {' '.join(targets)} <<'END'\n{PROBE}\nEND")
    seen = dict(line.split() for line in printed.splitlines())
    assert {int(target.rsplit(":", 1)[1]): state for target, state in seen.items()} == wanted
