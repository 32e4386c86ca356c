"""Writes a stack for a cluster that was made by hand, as OpenVidu's page says.

uv run openvidu-enterprise adopt-cluster --stack office base=203.0.113.5 203.0.113.6 203.0.113.7
uv run openvidu-enterprise adopt-cluster --ssh-key KEY base=203.0.113.5 203.0.113.6:2222
uv run openvidu-enterprise adopt-cluster --ssh-key KEY --ssh-cidr CIDR base=ID tag:role=node

It reads over SSH, and changes nothing there: the next `pulumi up` takes the cluster over.
What a killed update left in AWS is for `adopt`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.certificates import ssh_public_key
from components.settings.mistakes import member
from components.settings.table import keys
from components.ssh_way import PORT, SshWay
from scripts import aws_session, host_keys
from scripts.adopting import reading, refusals
from scripts.adopting.env_to_config import Login, OnAws, StackConfig, config_of
from scripts.adopting.found_cluster import FoundCluster
from scripts.adopting.found_machine import Place
from scripts.adopting.on_aws import are_of_aws, find
from scripts.expected_errors import expected_errors
from scripts.init_stack import PROJECT
from scripts.pulumi_cli import PulumiCli, PulumiError

_NAMED = "base=203.0.113.5 203.0.113.6 203.0.113.7"
_OWN = ("hosts", *(name for name, one in keys().items() if one.made or one.default is MISSING))
"""Keys that a stack of its own has."""
_ENGINES = ("pulumi:pulumi:Stack", "pulumi:providers:")
_SHOWN = 100


def main(
    machines: Annotated[
        list[str],
        typer.Argument(
            metavar="base=HOST NODE…",
            help="Addresses, HOST or HOST:PORT. Or EC2 instances, by id or as tag:KEY=VALUE.",
        ),
    ],
    *,
    stack: Annotated[str | None, typer.Option(help="Stack; the selected one by default.")] = None,
    ssh_user: Annotated[str, typer.Option(help="Logs in everywhere, with sudo.")] = "ubuntu",
    ssh_key: Annotated[
        Path | None,
        typer.Option(help="Its private key; without it, your SSH agent. Required on AWS."),
    ] = None,
    ssh_cidr: Annotated[
        list[str] | None,
        typer.Option(help="On AWS: a network from which you log in to the nodes that it makes."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Write the stack without asking.")
    ] = False,
) -> None:
    """Write a stack for a cluster that was made by hand. Nothing is changed on its machines.

    The nodes get their numbers in the order in which they are named. Of EC2 instances, the next
    pulumi up imports instance, interface and Elastic IP, and further nodes are made by AWS.

    Examples:
      uv run openvidu-enterprise adopt-cluster --stack office base=203.0.113.5 203.0.113.6
      uv run openvidu-enterprise adopt-cluster --ssh-key KEY base=203.0.113.5 203.0.113.6:2222
      uv run openvidu-enterprise adopt-cluster --ssh-key KEY --ssh-cidr CIDR base=ID tag:role=node
    """
    console = Console(highlight=False, soft_wrap=True)
    with expected_errors(BotoCoreError, ClientError):
        pulumi = PulumiCli(stack)
        require_new(pulumi)
        login = _login(ssh_user, ssh_key)
        aws = _on_aws(pulumi, machines, ssh_cidr or (), login) if are_of_aws(machines) else None
        named = places_of(_addresses(aws) if aws else machines)
        places = [
            Place(name, address, host_keys.compared(name, address, way, console), way)
            for name, (address, way) in named.items()
        ]
        cluster = _read(places, login, pulumi.stack_name())
        config = config_of(cluster, login, aws)
        if config.refused:
            raise PulumiError(refused(config.refused))
        console.print(told(cluster, config), markup=False)
        if not yes:
            typer.confirm("Write this stack?", abort=True)
        _write(pulumi, config)
        console.print("Nothing was changed on the machines. Next: pulumi preview, then: pulumi up")


def _on_aws(pulumi: PulumiCli, words: Sequence[str], cidrs: Sequence[str], login: Login) -> OnAws:
    """The instances that words name.

    Raises:
        PulumiError: they can't be taken over, or what the nodes beside them need is missing.
        BotoCoreError, ClientError: AWS can't be asked.
    """
    missing = [
        *(["--ssh-cidr 198.51.100.0/24, your network"] if not cidrs else []),
        *(["--ssh-key FILE"] if not login.private_key else []),
    ]
    if missing:
        raise PulumiError(
            "Nodes that AWS makes beside these instances need an SSH key, and networks from which "
            f"it's used.\n  Next: the same command, with {' and '.join(missing)}"
        )
    return OnAws(find(aws_session.of_stack(pulumi).client("ec2"), words), cidrs)


def _addresses(aws: OnAws) -> list[str]:
    base, *nodes = aws.instances
    return [f"base={base.public_ip}", *(one.public_ip for one in nodes)]


def places_of(words: Sequence[str]) -> Mapping[str, tuple[str, SshWay]]:
    """Addresses and ways by the machines' names, from `base=HOST[:PORT] HOST[:PORT] …`.

    Raises:
        PulumiError: there's no base, or no node, or a port is none.
    """
    bases = [word.removeprefix("base=") for word in words if word.startswith("base=")]
    nodes = [word for word in words if not word.startswith("base=")]
    if len(bases) != 1 or not nodes or any("=" in word for word in nodes):
        raise PulumiError(
            f"Expected one base and its nodes, got {' '.join(words)!r}.\n"
            f"  Next: uv run openvidu-enterprise adopt-cluster {_NAMED}"
        )
    names = ["base", *(f"node-{place}" for place in range(1, len(nodes) + 1))]
    found = {}
    for name, word in zip(names, [*bases, *nodes], strict=True):
        address, colon, port = word.partition(":")
        if colon and not port.isdecimal():
            raise PulumiError(f"{name}: must be an address and maybe a port, got {word!r}.")
        found[name] = (address, SshWay(int(port) if colon else PORT))
    return found


def refused(problems: Sequence[str]) -> str:
    """Why nothing was written."""
    lines = "\n".join(f"  {one}" for one in problems)
    return (
        "This cluster can't be taken over as it is. Nothing was changed or written.\n"
        f"{lines}\n  More: docs/adopting.md"
    )


def told(cluster: FoundCluster, config: StackConfig) -> str:
    """What was read, and what the stack says of it; no secret is in it."""
    lines = [f"OpenVidu Enterprise {cluster.base.version}, {cluster.answers.status}:"]
    for one in cluster.machines:
        ip = cluster.base_ip if one is cluster.base else one.private_ip
        where = f"{one.place.name}: {one.place.address}, {ip}"
        lines.append(f"  {where}: {one.running} containers run")
    lines.append("The stack's configuration:")
    lines += [
        f"  {key}: {_shown(text, key in config.secrets)}" for key, text in config.texts.items()
    ]
    lines.append("It says what base and nodes run with: nothing is restarted for it.")
    if config.kept:
        lines += ["What it doesn't say:", *(f"  {one}" for one in config.kept)]
    return "\n".join(lines)


def _shown(text: str, is_secret: bool) -> str:
    if is_secret:
        return "(a secret)"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _login(user: str, key: Path | None) -> Login:
    if key is None:
        return Login(user)
    try:
        private = key.read_text()
        public = ssh_public_key(private)
    except (OSError, ValueError, TypeError) as error:
        raise PulumiError(
            f"{key} must be an OpenSSH private key without a passphrase: {error}.\n"
            "  Next: name another one, or leave --ssh-key out, for your SSH agent: ssh-add -l"
        ) from None
    return Login(user, f"{public} {PROJECT}", private)


def require_new(pulumi: PulumiCli) -> None:
    """Refuse a stack that says or has something already.

    Raises:
        PulumiError: it does.
    """
    config = pulumi.config()
    there = [
        key
        for key in _OWN
        if (one := config.get(f"{PROJECT}:{key}", {})).get("secret")
        or one.get("value") not in (None, "", "[]")
    ]
    resources = pulumi.export_state()["deployment"].get("resources") or ()
    # An update that was refused leaves the stack itself, and what the engine keeps beside it.
    if not there and all(one["type"].startswith(_ENGINES) for one in resources):
        return
    has = f"has {', '.join(there)} in its configuration" if there else "has resources"
    raise PulumiError(
        f"The stack {pulumi.stack_name()} {has}; what is there isn't overwritten.\n"
        "  Next: pulumi stack init ANOTHER, and --stack ANOTHER"
    )


def _read(places: Sequence[Place], login: Login, stack: str) -> FoundCluster:
    """The cluster, where nothing of it is refused.

    Raises:
        PulumiError: with everything that is.
    """
    looked = reading.machines(places, login, stack)
    problems = [f"{name}: {why}" for name, why in looked.silent.items()]
    problems += refusals.of_machines(looked.machines)
    if problems:
        raise PulumiError(refused(problems))
    base, *nodes = looked.machines
    cluster = FoundCluster(base, nodes, reading.answers(base, login))
    if problems := refusals.of_cluster(cluster):
        raise PulumiError(refused(problems))
    return cluster


def _write(pulumi: PulumiCli, config: StackConfig) -> None:
    """Store the configuration, in a file that only its owner reads."""
    file = Path(f"Pulumi.{pulumi.stack_name().rpartition('/')[2]}.yaml")
    file.touch(mode=0o600)
    file.chmod(0o600)
    for key, text in config.texts.items():
        # The engine takes no text for a list or an object.
        if keys()[key].kind not in ("array", "object"):
            pulumi.set_config(key, text, secret=key in config.secrets)
            continue
        for place, value in parts_of(key, text):
            pulumi.set_path(place, value, secret=key in config.secrets)
    # An engine that writes a new file in its place gives it the usual mode.
    file.chmod(0o600)


def parts_of(key: str, text: str) -> list[tuple[str, str]]:
    """Paths and texts of what a key holds, such as `hosts[1].publicIp`."""
    found = json.loads(text)
    if isinstance(found, dict):
        return [(key + member(name), _as_text(value)) for name, value in found.items()]
    return [
        part
        for place, one in enumerate(found)
        for part in (
            [(f"{key}[{place}].{name}", _as_text(value)) for name, value in one.items()]
            if isinstance(one, dict)
            else [(f"{key}[{place}]", _as_text(one))]
        )
    ]


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    typer.run(main)
