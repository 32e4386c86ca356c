"""Containers that only need to be there: something that listens.

`listener.py tcp:443 udp:443 ...` accepts TCP connections and closes them after the first word
from the other side. A STUN request gets the address that it came from, as from coturn; any other
datagram comes back as it was sent. Runs without the site packages, so
that it costs little: every node has four of these.
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


def _answer(data: bytes, sender: tuple[str, int]) -> bytes:
    """What a datagram gets. Source: RFC 8489, sections 5, 6.3 and 14.2."""
    cookie = data[4:8]
    if len(data) < 20 or data[:2] != b"\x00\x01" or cookie != b"\x21\x12\xa4\x42":
        return data
    host, port = sender
    hidden = bytes(a ^ b for a, b in zip(socket.inet_aton(host), cookie, strict=True))
    shown = b"\x00\x01" + (port ^ 0x2112).to_bytes(2, "big") + hidden
    return b"\x01\x01" + b"\x00\x0c" + data[4:20] + b"\x00\x20\x00\x08" + shown


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
                ready.sendto(_answer(data, sender), sender)
            else:
                selector.unregister(ready)
                ready.close()


if __name__ == "__main__":
    main(sys.argv[1:])
