"""A host that exists already, as the configuration names it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.settings import aws_values, values
from components.settings.mistakes import MemberError, member
from components.ssh_way import PORT, STRAIGHT, Jump, SshWay

_OF_AWS = {"instance": "i", "interface": "eni", "address": "eipalloc"}
"""What a host on AWS has there, and how its id begins."""
_MEMBERS = ("publicIp", "privateIp", "hostKey", "sshPort", "sshJump", "adopted", *_OF_AWS)
_JUMP_MEMBERS = ("host", "port", "user", "hostKey")
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
        way: how SSH gets there.
        adopted: whether OpenVidu was installed there by the machine's owner, and stays the owner's;
            False where it was, and is the stack's from now on; None where nothing is said.
        instance, interface, address: ids of the EC2 instance, of its network interface and of its
            Elastic IP, where `machines` is aws; empty otherwise, or where it has none.
    """

    public_ip: str
    private_ip: str
    host_key: str | None
    way: SshWay = STRAIGHT
    # The state doesn't tell it: another value doesn't make it another machine.
    adopted: bool | None = field(default=None, compare=False)
    instance: str = field(default="", compare=False)
    interface: str = field(default="", compare=False)
    address: str = field(default="", compare=False)

    @property
    def identity(self) -> str:
        """Which machine it is: no other has this host key at this address.

        Whatever state of a stack names it: one that was restored knows it as the same machine.
        """
        return f"{self.private_ip} {fingerprint(self.host_key)}" if self.host_key else ""

    def is_same_machine(self, other: Host) -> bool:
        """Whether it's one machine that another way leads to, or that got another host key.

        Or another public address: who has the private one and the host key is no other.
        """
        has_key = self.host_key is not None and self.host_key == other.host_key
        known = self.public_ip == other.public_ip or has_key
        return known and self.private_ip == other.private_ip


def host(text: str) -> Host:
    """One of `hosts`: `publicIp`, `privateIp`, `hostKey`, and where need be the way there.

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
    _refuse_unknown(found, _MEMBERS)
    key = found.get("hostKey")
    return Host(
        _address(found["publicIp"], "publicIp"),
        _address(found["privateIp"], "privateIp"),
        _host_key(key) if key else None,
        SshWay(_port(found, "sshPort"), _jump(found["sshJump"]) if "sshJump" in found else None),
        _member(found, "adopted", values.boolean) if "adopted" in found else None,
        **{one: _aws_id(found, one, prefix) for one, prefix in _OF_AWS.items()},
    )


def fingerprint(host_key: str) -> str:
    """`SHA256:…` of a public key, as OpenSSH shows it."""
    digest = hashlib.sha256(base64.b64decode(host_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _jump(found: object) -> Jump:
    takes = "an object with host, and where need be port, user and hostKey"
    if not isinstance(found, dict):
        raise MemberError(".sshJump", found, takes)
    try:
        if "host" not in found:
            raise MemberError(".host", None, takes)
        _refuse_unknown(found, _JUMP_MEMBERS)
        key = found.get("hostKey")
        return Jump(
            _member(found, "host", values.ssh_host),
            _port(found, "port"),
            _member(found, "user", values.unix_user) if found.get("user") else "",
            _host_key(key) if key else None,
        )
    except MemberError as error:
        raise error.within(".sshJump") from None


def _refuse_unknown(found: Mapping[str, object], members: Collection[str]) -> None:
    if unknown := sorted(found.keys() - set(members)):
        takes = f"left out, as there are only {', '.join(members)}"
        raise MemberError(member(unknown[0]), found[unknown[0]], takes)


def _port(found: Mapping[str, object], key: str) -> int:
    return int(_member(found, key, values.port)) if key in found else PORT


def _member(found: Mapping[str, object], key: str, parse: Callable[[str], Any]) -> Any:
    value = found[key]
    try:
        # A boolean is an int to Python.
        return parse(value if isinstance(value, str) else json.dumps(value))
    except ValueError as error:
        raise MemberError(f".{key}", value, str(error)) from None


def _aws_id(found: Mapping[str, object], key: str, prefix: str) -> str:
    value = found.get(key) or ""
    if value and not aws_values.is_id(prefix, str(value)):
        raise MemberError(f".{key}", value, f"an id of AWS's, as {prefix}-0123456789abcdef0")
    return str(value)


def _address(found: object, key: str) -> str:
    try:
        address = ipaddress.IPv4Address(found if isinstance(found, str) else "")
    except ValueError:
        raise MemberError(f".{key}", found, "an IPv4 address") from None
    if not values.may_be_a_machine(address):
        raise MemberError(f".{key}", found, "the address of a machine")
    return str(address)


def _host_key(found: object) -> str:
    parts = found.split() if isinstance(found, str) else []
    try:
        fits = len(parts) >= 2 and parts[0] in _KEY_TYPES and base64.b64decode(parts[1], None, True)
    except binascii.Error:
        fits = False
    if not fits:
        takes = f"a public SSH host key ({', '.join(_KEY_TYPES)})"
        raise MemberError(".hostKey", found, takes)
    return " ".join(parts[:2])
