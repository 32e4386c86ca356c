"""What names resolve to inside a lab: one hosts file, mounted in every namespace.

There is no DNS server, because nothing in a lab may ask one outside. The file is written in
place, because a bind mount holds on to the file, not to its name.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from lab.cloud.facts import (
    ACME_ADDRESS,
    ACME_NAMES,
    AWS_ADDRESS,
    AWS_NAMES,
    MIRROR_ADDRESS,
    MIRROR_NAMES,
    TURN_ADDRESS,
    TURN_NAMES,
)

BASE = "base"
"""A name that is set to this stands for the public address of the host with tag role=base, or
role=master."""

NO_SERVERS = "# A lab's names are all in /etc/hosts.\n"
"""The text of resolv.conf."""

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_FIXED = {
    **dict.fromkeys(MIRROR_NAMES, MIRROR_ADDRESS),
    **dict.fromkeys(ACME_NAMES, ACME_ADDRESS),
    **dict.fromkeys(TURN_NAMES, TURN_ADDRESS),
    **dict.fromkeys(AWS_NAMES, AWS_ADDRESS),
}
_LOOPBACK = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"


def render(addresses: Mapping[str, str]) -> str:
    """The text of a hosts file."""
    lines = [f"{address} {name}\n" for name, address in sorted(addresses.items())]
    return _LOOPBACK + "".join(lines)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class Names:
    """The names of one lab."""

    def __init__(self, file: Path) -> None:
        """Make the file.

        Args:
            file: the hosts file, which is to be mounted on `/etc/hosts`.
        """
        self._file = file
        self._lock = threading.Lock()
        self._set: dict[str, str] = {}
        self._records: Mapping[str, str] = {}
        self._hosts: Mapping[str, str] = {}
        self._base: str | None = None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render(_FIXED))

    def set(self, name: str, address: str | None) -> None:
        """Let a name resolve to an address, or to `base`; None forgets the name.

        Raises:
            ValueError: the name or the address can't be in a hosts file.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"name {name!r}: takes a DNS name, such as openvidu.example.io")
        if address is not None and address != BASE and not _is_address(address):
            raise ValueError(f"{name}: address {address!r}: takes an IP address, or {BASE!r}")
        with self._lock:
            if address is None:
                self._set.pop(name, None)
            else:
                self._set[name] = address
            self._write()

    def sync(self, hosts: Mapping[str, str], base: str | None, records: Mapping[str, str]) -> None:
        """Take over what the fake AWS holds.

        Args:
            hosts: private addresses by private DNS name.
            base: public address of the base, where it has one.
            records: addresses by name, from Route 53.
        """
        with self._lock:
            if (hosts, base, records) == (self._hosts, self._base, self._records):
                return
            self._hosts, self._base, self._records = dict(hosts), base, dict(records)
            self._write()

    def chosen(self) -> dict[str, str]:
        """What was set, by name."""
        with self._lock:
            return dict(self._set)

    def _write(self) -> None:
        chosen = {
            name: self._base if address == BASE else address for name, address in self._set.items()
        }
        known = {name: address for name, address in chosen.items() if address}
        text = render({**self._hosts, **_FIXED, **self._records, **known}).encode()
        with self._file.open("r+b") as stream:
            old = os.fstat(stream.fileno()).st_size
            # Whole at any moment: a reader sees the new lines and empty ones, never half a name.
            os.pwrite(stream.fileno(), text.ljust(old, b"\n"), 0)
            stream.truncate(len(text))
