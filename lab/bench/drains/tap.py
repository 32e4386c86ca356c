"""Counts HTTP requests that leave this machine, on the wire: `python3 - SECONDS < tap.py`.

Counts those of the membership program: by its user agent, and without what a proxy adds when it
passes them on. Needs nothing but Python, and runs as root. Source: packet(7).
"""

from __future__ import annotations

import socket
import sys
import time

_EVERYTHING = 3
"""ETH_P_ALL. Source: linux/if_ether.h."""
_OUTGOING = 4
"""PACKET_OUTGOING: on the loopback device every packet is seen on its way in, too."""
_METHODS = (b"GET /", b"PATCH /", b"POST /", b"DELETE /", b"PUT /")


def is_own_request(packet: bytes) -> bool:
    """Whether an IP packet begins a request of the membership program."""
    starts = [at for method in _METHODS if (at := packet.find(method)) >= 0]
    head = packet[min(starts) :].lower() if starts else b""
    return b"user-agent: python-httpx" in head and b"x-forwarded-for" not in head


def main(seconds: float) -> None:
    """Count for so long, and print the number."""
    over = time.monotonic() + seconds
    found = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERYTHING)) as tap:
        while (left := over - time.monotonic()) > 0:
            tap.settimeout(left)
            try:
                packet, address = tap.recvfrom(65536)
            except TimeoutError:
                break
            found += address[2] == _OUTGOING and is_own_request(packet)
    sys.stdout.write(str(found))


if __name__ == "__main__":
    main(float(sys.argv[1]))
