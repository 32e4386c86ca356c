"""Where a name leads the world: DNS is asked, not this computer's files.

/etc/hosts leads a machine's own name to itself on Debian, and holds what an operator has written
there for a trial. systemd-resolved answers from that file too, unless it's told not to. Where no
server of names is known, as in a lab, files are all there is.
Source: resolvectl(1), getent(1), resolved.conf(5) on ReadEtcHosts; as `machine/start-services.sh`.
"""

from __future__ import annotations

import ipaddress
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

RESOLV_CONF = Path("/etc/resolv.conf")
RESOLVED = Path("/run/systemd/resolve/resolv.conf")
"""Is there while systemd-resolved runs."""
_SECONDS = 15.0
_RECORDS = ("A", "AAAA")


def addresses(name: str) -> set[str]:
    """All addresses of a name, of both kinds; none where there are none, or nobody says."""
    commands = _commands(name)
    if not commands:
        return taken_here(name)
    return {address for command in commands for address in _found(command)}


def taken_here(name: str) -> set[str]:
    """The addresses that programs on this computer take for a name: its files come first."""
    try:
        return {str(one[4][0]) for one in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return set()


def is_asked(name: str) -> bool:
    """Whether it's servers that say where a name leads, and not this computer's files."""
    return bool(_commands(name))


def _commands(name: str) -> Sequence[Sequence[str]]:
    """What asks the servers of names; nothing where there are none, or nothing can ask them."""
    if not _has_servers():
        return []
    if RESOLVED.exists() and shutil.which("resolvectl"):
        query = ["resolvectl", "query", "--legend=no", "--cache=no", "--synthesize=no"]
        return [[*query, f"--type={record}", "--", name] for record in _RECORDS]
    if shutil.which("getent"):
        return [["getent", "--no-addrconfig", "--service=dns", "ahosts", "--", name]]
    if shutil.which("dig"):
        return [["dig", "+short", "-q", name, "-t", record] for record in _RECORDS]
    return []


def _has_servers() -> bool:
    try:
        return re.search(r"^nameserver", RESOLV_CONF.read_text(), re.MULTILINE) is not None
    except OSError:
        return False


def _found(command: Sequence[str]) -> Iterator[str]:
    """The addresses in what a command prints."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return
    for word in done.stdout.split():
        try:
            yield str(ipaddress.ip_address(word))
        except ValueError:
            continue
