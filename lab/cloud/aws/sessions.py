"""Session Manager: connections to machines by an agent on them, which moto hasn't.

Source: Systems Manager API, StartSession; AWS Systems Manager guide, "Allow and control permissions
for SSH connections through Session Manager". AWS leads a session's two ends together; here that is
a port of the fake AWS, on which whoever has the token gets the machine's own port.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ssm.responses import SimpleSystemManagerResponse

from lab.cloud import namespaces
from lab.cloud.facts import API_ADDRESS
from lab.cloud.namespaces import Namespace

OPENS: Final = "ssmmessages:OpenDataChannel"
"""What an agent has to be allowed, or no session gets to it."""
_DOCUMENT = "AWS-StartSSHSession"
_COME_SECONDS = 30.0
"""How long a session waits for who has started it."""
_BYTES = 65536


class RefusedError(ServiceException):
    """Session Manager starts no session."""


def install(agent: Callable[[str], int | None]) -> None:
    """Let sessions be started.

    Args:
        agent: process 1 of the machine whose agent is connected, by the instance's id.
    """

    def start_session(self: Any) -> ActionResult:
        target, document = self._get_param("Target"), self._get_param("DocumentName")
        if document != _DOCUMENT:
            raise RefusedError("InvalidDocument", f"Document with name {document} does not exist.")
        pid = agent(target)
        if pid is None:
            raise RefusedError("TargetNotConnected", f"{target} is not connected.")
        (port,) = self._get_param("Parameters")["portNumber"]
        token = secrets.token_urlsafe(24)
        at = _await(pid, int(port), token)
        name = f"lab-{secrets.token_hex(8)}"
        stream = f"ws://{API_ADDRESS}:{at}/v1/data-channel/{name}"
        return ActionResult({"SessionId": name, "TokenValue": token, "StreamUrl": stream})

    def terminate_session(self: Any) -> ActionResult:
        return ActionResult({"SessionId": self._get_param("SessionId")})

    # moto answers to what its class has.
    for method in (start_session, terminate_session):
        setattr(SimpleSystemManagerResponse, method.__name__, method)


def _await(pid: int, port: int, token: str) -> int:
    """Wait, in a thread, for who has the token; returns the port where that is."""
    listening = socket.create_server((API_ADDRESS, 0))
    listening.settimeout(_COME_SECONDS)
    threading.Thread(
        target=_lead, args=(listening, pid, port, token), name="session", daemon=True
    ).start()
    return int(listening.getsockname()[1])


def _lead(listening: socket.socket, pid: int, port: int, token: str) -> None:
    with listening, contextlib.suppress(OSError):
        came, _ = listening.accept()
        with came, came.makefile("rb", buffering=0) as said:
            if said.readline().decode().strip() != token:
                return
            with _on_machine(pid, port) as there:
                back = threading.Thread(target=pass_on, args=(there, came), daemon=True)
                back.start()
                pass_on(came, there)
                back.join()


def _on_machine(pid: int, port: int) -> socket.socket:
    """Connect to a port as the machine itself does: no firewall is in between.

    The thread stays in the machine's network.
    """
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        namespaces.enter(network, Namespace.NETWORK)
    finally:
        os.close(network)
    return socket.create_connection(("127.0.0.1", port))


def pass_on(given: socket.socket, to: socket.socket) -> None:
    """Pass on what comes, and its end."""
    with contextlib.suppress(OSError):
        while more := given.recv(_BYTES):
            to.sendall(more)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)
