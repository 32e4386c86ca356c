"""Who may use SSH, and with which keys. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from components import certificates
from components.settings.choices import EXISTING
from components.settings.mistakes import Mistake, set_command
from components.settings.table import Settings

_WIDEST = {4: 8, 6: 16}
"""Prefixes of networks that one operator may have; wider ones are parts of the internet."""
OTHER_HALF = {
    "sshPublicKey": set_command(
        "sshPublicKey", '"$(pulumi config get sshPrivateKey | ssh-keygen -y -f /dev/stdin)"'
    ),
    "sshPrivateKey": f"{set_command('sshPrivateKey', '', secret=True)} < FILE",
}
"""What sets one half of the SSH key where the other is there."""


def from_where(settings: Settings) -> list[Mistake]:
    """A network for SSH, or another way; the whole internet only when that is said twice."""
    cidrs = settings.ssh_cidrs
    if settings.machines == EXISTING:
        return []
    if not cidrs:
        if settings.ssh_via:
            return []
        command = set_command("sshCidrs", '["203.0.113.0/24"]')
        return [
            Mistake("sshCidrs", "is empty; it must list the networks that may use SSH", command)
        ]
    anywhere = _wide(cidrs)
    if anywhere and not settings.allow_ssh_from_anywhere:
        much = "a large part of" if anywhere.prefixlen else "the whole"
        problem = f"{anywhere} opens SSH to {much} internet; confirm it or name networks"
        return [Mistake("sshCidrs", problem, "pulumi config set allowSshFromAnywhere true")]
    return []


def _wide(cidrs: Sequence[str]) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The widest network that these make together, where it's too wide for one operator."""
    networks = [ipaddress.ip_network(one) for one in cidrs]
    v4 = ipaddress.collapse_addresses(one for one in networks if one.version == 4)
    v6 = ipaddress.collapse_addresses(one for one in networks if one.version == 6)
    whole: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = [*v4, *v6]
    wide = [one for one in whole if one.prefixlen < _WIDEST[one.version]]
    return min(wide, key=lambda one: one.prefixlen, default=None)


def as_whom(settings: Settings) -> list[Mistake]:
    """A user whom the machines that AWS makes know from their first boot.

    Source: Canonical, "Ubuntu on AWS", default user; cloud-init puts the key pair's key there.
    """
    user = settings.ssh_user
    if user == Settings.ssh_user or settings.image_id or not settings.instance_types:
        return []
    if settings.machines == EXISTING:
        return []
    problem = (
        f"is {user}, but machines start from Ubuntu's image, which lets in {Settings.ssh_user} "
        f"alone; for {user} set imageId to an image of yours"
    )
    command = "pulumi config rm sshUser\n      or: pulumi config set imageId ami-…"
    return [Mistake("sshUser", problem, command)]


def with_what(settings: Settings) -> list[Mistake]:
    """A private key or an agent, and a jump host's key where there is a jump host."""
    agent, private = settings.ssh_agent, settings.ssh_private_key
    jump = settings.ssh_jump_private_key
    mistakes = []
    if not agent and not private:
        command = "uv run openvidu-enterprise init-stack"
        if settings.ssh_public_key:
            another = f"pulumi config rm sshPublicKey && {command}"
            command = f"{OTHER_HALF['sshPrivateKey']}\n      or, for another pair: {another}"
        mistakes.append(Mistake("sshPrivateKey", "is missing", command))
    has_jump = any(one.way.jump for one in settings.hosts)
    for key, found in (("sshPrivateKey", private), ("sshJumpPrivateKey", jump)):
        if agent and found:
            problem = "is set, but sshAgent says to use your SSH agent: set only one of the two"
        elif found and found is jump and not has_jump:
            problem = "is for jump hosts, but no host has an sshJump"
        else:
            continue
        mistakes.append(Mistake(key, problem, f"pulumi config rm {key}"))
    return mistakes


def key_pair(settings: Settings) -> list[Mistake]:
    """The two halves of the SSH key belong together."""
    public, private = settings.ssh_public_key, settings.ssh_private_key
    if public and private and not certificates.is_ssh_pair(public, private):
        command = f"{OTHER_HALF['sshPublicKey']}\n      or: {OTHER_HALF['sshPrivateKey']}"
        return [Mistake("sshPublicKey", "doesn't belong to sshPrivateKey", command)]
    return []
