"""A server of names for machines with an `/etc/hosts` of their own.

It answers from the lab's hosts file, A and AAAA, and asks nobody.
"""

from __future__ import annotations

import socketserver
import sys
from ipaddress import ip_address
from pathlib import Path

from dns import message, rcode, rdatatype, rrset

_HOSTS = Path("/etc/hosts")
_TYPES = {4: rdatatype.A, 6: rdatatype.AAAA}
"""By the version of an address."""


def answer(query: bytes, hosts: str) -> bytes:
    """The answer to a query for one name.

    Args:
        query: as it came.
        hosts: text of a hosts file.
    """
    asked = message.from_wire(query)
    (question,) = asked.question
    name = question.name.to_text(omit_final_dot=True).lower()
    lines = [line.partition("#")[0].split() for line in hosts.splitlines()]
    found = [words[0] for words in lines if name in words[1:]]
    addresses = [one for one in found if _TYPES[ip_address(one).version] == question.rdtype]
    reply = message.make_response(asked, recursion_available=True)
    if not found:
        reply.set_rcode(rcode.NXDOMAIN)
    if addresses:
        kind = rdatatype.to_text(question.rdtype)
        reply.answer.append(rrset.from_text_list(question.name, 0, "IN", kind, addresses))
    return reply.to_wire()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        query, socket = self.request
        socket.sendto(answer(query, _HOSTS.read_text()), self.client_address)


if __name__ == "__main__":
    socketserver.UDPServer((sys.argv[2], int(sys.argv[3])), _Handler).serve_forever()
