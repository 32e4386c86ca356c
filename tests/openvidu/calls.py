"""Calls, as a client makes them through the load balancer."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import ClientConnection, connect

from lab.openvidu.testing.cluster import BASE_IP, Cluster
from openvidu import api, ports


def open_session(cluster: Cluster, name: str, *, ip: str = "", **more: object) -> None:
    """Make a session through the load balancer, or through one node."""
    answer = cluster.call("POST", api.SESSIONS, {"customSessionId": name, **more}, ip=ip)
    assert answer.status_code == 200, answer.text


@contextmanager
def joined(cluster: Cluster, name: str, *, ip: str = "") -> Iterator[ClientConnection]:
    """A user's WebSocket through nginx, or through one node, for as long as the block lasts."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    invitation = cluster.call("POST", f"{api.SESSIONS}/{name}/connection", {}).json()
    token = invitation["token"].rpartition("token=")[2]
    front = f"ws://{ip}:{ports.REPLICATION_MANAGER}" if ip else f"wss://{BASE_IP}"
    url = f"{front}/openvidu?sessionId={name}&token={token}"

    def open_socket() -> ClientConnection:
        return connect(url, ssl=None if ip else trusting).__enter__()

    socket = cluster.world.do(open_socket)
    try:
        yield socket
    finally:
        socket.close()


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
