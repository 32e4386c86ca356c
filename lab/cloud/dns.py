"""A server of names for machines with an `/etc/hosts` of their own.

It answers from the lab's hosts file, A and AAAA, and asks nobody. Source: RFC 1035, 4.1; RFC 3596.
"""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import cast

_HOSTS = Path("/etc/hosts")
_HEADER = 12
_ANSWERS, _UNKNOWN = 0x8180, 0x8183
"""Flags: an answer, recursion available; with NXDOMAIN."""
_IN = 1
_TYPES = {4: 1, 6: 28}
"""A and AAAA by the version of an address."""


def answer(query: bytes, hosts: str) -> bytes:
    """The answer to a query for one name.

    Args:
        query: as it came.
        hosts: text of a hosts file.
    """
    end = query.index(b"\0", _HEADER)
    labels, place = [], _HEADER
    while place < end:
        length = query[place]
        labels.append(query[place + 1 : place + 1 + length].decode("ascii", "replace"))
        place += 1 + length
    kind = int.from_bytes(query[end + 1 : end + 3])
    name = ".".join(labels).lower()
    lines = [line.partition("#")[0].split() for line in hosts.splitlines()]
    found = [ip_address(words[0]) for words in lines if name in words[1:]]
    records = [
        # The name is that of the question.
        b"\xc0\x0c"
        + b"".join(number.to_bytes(2) for number in (kind, _IN))
        + (0).to_bytes(4)
        + len(one.packed).to_bytes(2)
        + one.packed
        for one in found
        if _TYPES[one.version] == kind
    ]
    counts = (_ANSWERS if found else _UNKNOWN, 1, len(records), 0, 0)
    head = query[:2] + b"".join(number.to_bytes(2) for number in counts)
    return head + query[_HEADER : end + 5] + b"".join(records)


class _Server(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(answer(data, _HOSTS.read_text()), addr)


async def _serve(address: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(_Server, local_addr=(address, port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[2], int(sys.argv[3])))
