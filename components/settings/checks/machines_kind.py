"""What machines on AWS need, and machines that exist. Pure."""

from __future__ import annotations

from components.settings.checks.ssh_login import OTHER_HALF
from components.settings.choices import AWS, EXISTING, HA, HA_MANAGED, SINGLE_MASTER
from components.settings.mistakes import Mistake, set_command, set_member_command
from components.settings.table import Settings, keys
from components.settings.values import is_key_of_ec2


def find_mistakes(settings: Settings) -> list[Mistake]:
    """What one kind needs, or has of the other."""
    if settings.machines == EXISTING:
        return _of_existing(settings)
    mistakes = _taken_over(settings) if settings.hosts else []
    public = settings.ssh_public_key
    if public is None:
        mistakes.append(Mistake("sshPublicKey", "is missing", _makes_public_key(settings)))
    elif not is_key_of_ec2(public):
        problem = "must be a key that EC2 imports: ed25519, or RSA of 1024 to 4096 bits"
        command = set_command("sshPublicKey", keys()["sshPublicKey"].example)
        mistakes.append(Mistake("sshPublicKey", problem, command))
    return mistakes


def _taken_over(settings: Settings) -> list[Mistake]:
    """Instances that were made by hand, beside those that AWS makes."""
    is_of_aws = any(one.instance or one.interface for one in settings.hosts)
    if settings.shape != HA or not is_of_aws:
        problem = "is for existing machines; machines is aws"
        command = set_command("machines", EXISTING)
        if settings.shape == HA_MANAGED:
            problem, command = "is for existing machines", "pulumi config rm hosts"
        return [Mistake("hosts", problem, command)]
    mistakes = [*_same_addresses(settings), *_without_host_key(settings)]
    for key, example in (
        ("instance", "i-0123456789abcdef0"),
        ("interface", "eni-0123456789abcdef0"),
    ):
        without = [place for place, one in enumerate(settings.hosts) if not getattr(one, key)]
        if without:
            problem = f"{key} is missing in hosts[{without[0]}]: AWS's id of it, as {example}"
            mistakes.append(Mistake("hosts", problem, "docs/adopting.md, 'On AWS'"))
    if not settings.subnet_ids:
        problem = "is missing: machines of hosts are in a network that exists"
        command = set_command("subnetIds", '["subnet-0123456789abcdef0"]')
        mistakes.append(Mistake("subnetIds", problem, command))
    if settings.ssh_via:
        problem = (
            "is for machines that AWS makes; hosts names others: set sshPort and sshJump there"
        )
        mistakes.append(Mistake("sshVia", problem, "pulumi config rm sshVia"))
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
    if any(one.instance or one.interface or one.address for one in settings.hosts):
        problem = "names instance, interface or address of AWS; machines is existing"
        mistakes.append(Mistake("hosts", problem, set_command("machines", AWS)))
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
