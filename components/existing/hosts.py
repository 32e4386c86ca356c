"""A host that exists already, as the configuration names it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import json
from dataclasses import dataclass

from components.mistakes import MemberError
from components.values import may_be_a_machine

_KEYS = {"publicIp", "privateIp", "hostKey"}
_KEY_TYPES = (
    "ssh-ed25519",
    *(f"ecdsa-sha2-nistp{size}" for size in (256, 384, 521)),
)
"""Not ssh-rsa: pulumi-command offers newer signatures only, and so never takes such a key."""


@dataclass(frozen=True)
class Host:
    """A host.

    Attributes:
        public_ip: address on the internet, where SSH answers.
        private_ip: address in the network of the hosts.
        host_key: public SSH host key, `ssh-ed25519 AAAA…`; None when it isn't known yet.
    """

    public_ip: str
    private_ip: str
    host_key: str | None


def host(text: str) -> Host:
    """One of `hosts`: an object with `publicIp`, `privateIp` and `hostKey`.

    Raises:
        ValueError: with what is taken.
    """
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise MemberError(".publicIp", None, "an object with publicIp and privateIp")
    for needed in ("publicIp", "privateIp"):
        if needed not in found:
            raise MemberError(f".{needed}", None, "an object with publicIp and privateIp")
    if unknown := sorted(found.keys() - _KEYS):
        takes = f"an object with publicIp, privateIp and hostKey; there is no {unknown[0]}"
        raise MemberError(f".{unknown[0]}", found[unknown[0]], takes)
    key = found.get("hostKey")
    return Host(
        _address(found["publicIp"], "publicIp"),
        _address(found["privateIp"], "privateIp"),
        _host_key(key) if key else None,
    )


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a public key, as OpenSSH shows it."""
    digest = hashlib.sha256(base64.b64decode(host_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _address(found: object, key: str) -> str:
    try:
        address = ipaddress.IPv4Address(found if isinstance(found, str) else "")
    except ValueError:
        raise MemberError(f".{key}", found, f"an object with an IPv4 address as {key}") from None
    if not may_be_a_machine(address):
        raise MemberError(f".{key}", found, f"an address of a machine as {key}")
    return str(address)


def _host_key(found: object) -> str:
    parts = found.split() if isinstance(found, str) else []
    try:
        fits = len(parts) >= 2 and parts[0] in _KEY_TYPES and base64.b64decode(parts[1], None, True)
    except binascii.Error:
        fits = False
    if not fits:
        takes = f"an object with a public SSH host key as hostKey ({', '.join(_KEY_TYPES)})"
        raise MemberError(".hostKey", found, takes)
    return " ".join(parts[:2])
