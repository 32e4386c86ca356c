"""The network of a container: names that it finds others by, and ports that it publishes.

Containers share their machine's addresses here. So a name leads to the loopback address, in a file
that takes the place of `/etc/hosts`; as in Docker, only while the container of that name runs.
Source: Compose documentation, "Networking in Compose"; Docker Engine 27.5, its messages.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.openvidu.docker.errors import PortTakenError

_HOSTS = Path("/etc/hosts")
_MARK = "# container"
_BIND = '/usr/bin/mount --bind "$0" /etc/hosts && exec "$@"'


def with_names(hosts: Path, command: Sequence[str]) -> list[str]:
    """A command that sees a file as `/etc/hosts`, in a mount namespace of its own."""
    own = ["unshare", "--mount", "--propagation", "unchanged"]
    return [*own, "/bin/sh", "-c", _BIND, str(hosts), *command]


def write_names(hosts: Path, found: Iterable[Sequence[str]]) -> None:
    """Write the file with the names that are found, in place: it may be mounted."""
    # Within a container it's this file that takes that place.
    lines = [line for line in _HOSTS.read_text().splitlines() if not line.endswith(_MARK)]
    lines += [f"127.0.0.1 {' '.join(names)} {_MARK}" for names in found]
    text = "".join(f"{line}\n" for line in lines).encode()
    descriptor = os.open(hosts, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        # Never empty in between: a reader would miss every name.
        os.pwrite(descriptor, text, 0)
        os.ftruncate(descriptor, len(text))
    finally:
        os.close(descriptor)


def require_free(
    name: str, identity: str, ports: Sequence[str], others: Sequence[tuple[str, Sequence[str]]]
) -> None:
    """Have a container's ports be free.

    Args:
        name: of the container.
        identity: its id.
        ports: what it publishes, such as `443/tcp`.
        others: what containers that run publish.

    Raises:
        PortTakenError: another container has one, or a process of the machine.
    """
    for port in ports:
        number, _, protocol = port.partition("/")
        if any(port in published for _, published in others):
            reason = f"Bind for 0.0.0.0:{number} failed: port is already allocated"
            raise PortTakenError(name, identity, reason)
        if not _is_free(int(number), protocol):
            reason = (
                f"Error starting userland proxy: listen {protocol}4 0.0.0.0:{number}: "
                "bind: address already in use"
            )
            raise PortTakenError(name, identity, reason)


def _is_free(port: int, protocol: str) -> bool:
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("0.0.0.0", port))  # noqa: S104 - Docker publishes there
        except OSError:
            return False
    return True
