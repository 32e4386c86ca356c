"""What machines on AWS need, and machines that exist. Pure."""

from __future__ import annotations

from components.settings.checks.ssh_login import OTHER_HALF
from components.settings.choices import EXISTING, HA_MANAGED, SINGLE_MASTER
from components.settings.mistakes import Mistake, set_command, set_member_command
from components.settings.table import Settings, keys
from components.settings.values import is_key_of_ec2


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What one kind needs, or has of the other."""
    if settings.machines == EXISTING:
        return _of_existing(settings)
    mistakes = []
    if settings.hosts:
        problem = "is for existing machines; machines is aws"
        command = set_command("machines", EXISTING)
        if settings.shape == HA_MANAGED:
            problem, command = "is for existing machines", "pulumi config rm hosts"
        mistakes.append(Mistake("hosts", problem, command))
    public = settings.ssh_public_key
    if public is None:
        mistakes.append(Mistake("sshPublicKey", "is missing", _makes_public_key(settings)))
    elif not is_key_of_ec2(public):
        problem = "must be a key that EC2 imports: ed25519, or RSA of 1024 to 4096 bits"
        command = set_command("sshPublicKey", keys()["sshPublicKey"].example)
        mistakes.append(Mistake("sshPublicKey", problem, command))
    return mistakes


def _makes_public_key(settings: Settings) -> str:
    """The command of who has the private half, or else `init_stack`."""
    if settings.ssh_agent:
        return set_command("sshPublicKey", '"$(ssh-add -L | head -n 1)"')
    if settings.ssh_private_key:
        return OTHER_HALF["sshPublicKey"]
    return "uv run openvidu-enterprise init-stack"


def _of_existing(settings: Settings) -> list[Mistake]:
    mistakes = [*_too_few(settings), *_same_addresses(settings), *_without_host_key(settings)]
    if settings.ssh_via:
        problem = "is for machines on AWS; for existing machines, set sshPort and sshJump in hosts"
        mistakes.append(Mistake("sshVia", problem, "pulumi config rm sshVia"))
    return mistakes


def _too_few(settings: Settings) -> list[Mistake]:
    """As many as the shape needs."""
    is_alone = settings.shape == SINGLE_MASTER
    least, takes = (1, "the master") if is_alone else (2, "the base and one node")
    hosts = settings.hosts
    if len(hosts) >= least:
        return []
    command = set_member_command(
        "hosts",
        f"[{len(hosts)}].publicIp",
        keys()["hosts"].example,
        taken={one.public_ip for one in hosts},
    )
    problem = f"must list at least {takes}, got {len(hosts)}"
    return [Mistake("hosts", problem, f"{command}, and so on: docs/existing.md")]


def _same_addresses(settings: Settings) -> list[Mistake]:
    """Each is a machine of its own."""
    mistakes = []
    # The last comes first, as those after one that is removed move up.
    for place, one in reversed([*enumerate(settings.hosts)]):
        addresses = (one.public_ip, one.private_ip)
        for other, first in enumerate(settings.hosts[:place]):
            same = next((ip for ip in addresses if ip in (first.public_ip, first.private_ip)), None)
            if same:
                problem = f"{same} is the address of hosts[{other}] and hosts[{place}]"
                command = f"pulumi config rm --path 'hosts[{place}]'"
                mistakes.append(Mistake("hosts", problem, command))
                break
    return mistakes


def _without_host_key(settings: Settings) -> list[Mistake]:
    """What tells that it is the owner's machine."""
    hosts = settings.hosts
    unknown = [f"hosts[{place}]" for place, one in enumerate(hosts) if one.host_key is None]
    unknown += [
        f"hosts[{place}].sshJump"
        for place, one in enumerate(hosts)
        if one.way.jump and one.way.jump.host_key is None
    ]
    if not unknown:
        return []
    problem = f"hostKey is missing in {', '.join(unknown)}: it proves that the machine is yours"
    return [Mistake("hosts", problem, "uv run openvidu-enterprise host-keys")]
