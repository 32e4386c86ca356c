"""Calls, as a client makes them through the load balancer."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lab.openvidu.testing.cluster import BASE_IP, Cluster
from openvidu import api, ports

_NUMBERS = count(1)
GIVE_UP = 4104
"""With this openvidu-browser closes a socket that it gives up for another."""


def open_session(cluster: Cluster, name: str, *, ip: str = "", **more: object) -> None:
    """Make a session through the load balancer, or through one node."""
    answer = cluster.call("POST", api.SESSIONS, {"customSessionId": name, **more}, ip=ip)
    assert answer.status_code == 200, answer.text


def invite(cluster: Cluster, name: str) -> str:
    """A token for a session."""
    invitation = cluster.call("POST", f"{api.SESSIONS}/{name}/connection", {}).json()
    token: str = invitation["token"]
    return token


@contextmanager
def socket_to(
    cluster: Cluster, name: str, more: str = "", *, ip: str = ""
) -> Iterator[ClientConnection]:
    """A WebSocket through nginx, or through one node, for as long as the block lasts."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    # In TLS 1.3 tickets are read while the handshake is sent: Python's TLS isn't safe for that.
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    front = f"ws://{ip}:{ports.REPLICATION_MANAGER}" if ip else f"wss://{BASE_IP}"
    url = f"{front}/openvidu?sessionId={name}{more}"

    def open_socket() -> ClientConnection:
        return connect(url, ssl=None if ip else trusting).__enter__()

    socket = cluster.world.do(open_socket)
    try:
        yield socket
    finally:
        socket.close()


@contextmanager
def joined(cluster: Cluster, name: str, *, ip: str = "") -> Iterator[ClientConnection]:
    """A user who is in a session for as long as the block lasts, and leaves then."""
    with socket_to(cluster, name, ip=ip) as socket:
        join(socket, name, invite(cluster, name))
        yield socket
        with suppress(ConnectionClosed):
            ask(socket, "leaveRoom")


def join(socket: ClientConnection, name: str, token: str) -> dict[str, Any]:
    """Use up a token; what the user is told."""
    answer = ask(socket, "joinRoom", session=name, token=token, platform="a test", metadata="")
    welcome: dict[str, Any] = answer["result"]
    return welcome


def ask(socket: ClientConnection, method: str, **params: object) -> dict[str, Any]:
    """Make a JSON-RPC request; its answer. What comes before it is passed over."""
    number = next(_NUMBERS)
    socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
    while True:
        answer: dict[str, Any] = json.loads(socket.recv(timeout=30))
        if answer.get("id") == number:
            return answer


def wait_for_end(socket: ClientConnection) -> list[dict[str, Any]]:
    """Wait until the other side closes it; what it said until then."""
    said: list[dict[str, Any]] = []
    with suppress(ConnectionClosed):
        while True:
            said.append(json.loads(socket.recv(timeout=30)))
    return said


def names(cluster: Cluster, *, ip: str = "") -> list[str]:
    """The cluster's sessions, asked through the load balancer or one node."""
    found = cluster.call("GET", api.SESSIONS, ip=ip).json()["content"]
    return sorted(session["id"] for session in found)


def sessions_on(cluster: Cluster, ip: str) -> list[str]:
    """The sessions of one node, as its media node object shows them."""
    node = cluster.media_node(ip)
    assert node is not None
    sessions = node["sessions"]
    assert isinstance(sessions, list)
    return sorted(session["id"] for session in sessions)
