"""Containers that only need to be there: something that listens.

`listener.py tcp:443 udp:443 ...` accepts TCP connections and closes them after the first word
from the other side. A datagram comes back as it was sent. Runs without the site packages, so that
it costs little: every node has three of these.
"""

import selectors
import socket
import sys


def _open(address: str) -> socket.socket:
    kind, _, port = address.partition(":")
    opened = socket.socket(
        socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    )
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("0.0.0.0", int(port)))  # noqa: S104 - the host's firewall decides
    if kind == "tcp":
        opened.listen(64)
    return opened


def main(addresses: list[str]) -> None:
    """Listen until killed."""
    selector = selectors.DefaultSelector()
    for address in addresses:
        kind = "listening" if address.startswith("tcp:") else "datagrams"
        selector.register(_open(address), selectors.EVENT_READ, kind)
    sys.stdout.write(f"listening on {' '.join(addresses)}\n")
    sys.stdout.flush()
    while True:
        for key, _ in selector.select():
            ready = key.fileobj
            if not isinstance(ready, socket.socket):
                continue
            if key.data == "listening":
                selector.register(ready.accept()[0], selectors.EVENT_READ, "connection")
            elif key.data == "datagrams":
                data, sender = ready.recvfrom(2048)
                ready.sendto(data, sender)
            else:
                selector.unregister(ready)
                ready.close()


if __name__ == "__main__":
    main(sys.argv[1:])
